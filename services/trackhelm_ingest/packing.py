"""From the metrics of a request to columns by series, keys checked. Pure.

A request is packed as a whole: a list a column, a NumPy array a list. Whoever logs steps of the same
metrics, as training loops do, names them in turn, again and again: their order needs no sorting.
"""

from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from trackhelm_core.chunks.points import Points
from trackhelm_core.validation import check_key
from trackhelm_ingest.schemas.batches import AnyMetric
from trackhelm_ingest.series import MODEL_LABEL, Labels, Layout, SeriesKey, SeriesPoints, plain_series

_Name = TypeVar("_Name", bound=Hashable)


class _Point(Protocol):
    key: str
    value: float
    timestamp: int
    step: int


def pack_plain(points: Sequence[_Point]) -> SeriesPoints:
    """Return the points of each series, of points that have no labels."""
    names, counts, columns = _by_name([point.key for point in points], points)
    return SeriesPoints(Layout(tuple(map(plain_series, names)), counts), columns)


def pack(metrics: Sequence[AnyMetric]) -> SeriesPoints:
    """Return the points of each series."""
    names, counts, columns = _by_name(
        [SeriesKey(metric.key, labels_of(metric)) for metric in metrics], metrics
    )
    for name in names:
        check_key(name.key, "Metric name")
    return SeriesPoints(Layout(tuple(names), counts), columns)


def labels_of(metric: AnyMetric) -> Labels:
    """Return the labels that a metric is given, and those that MLflow 3's attributes of it make."""
    named = (
        ("dataset_digest", metric.dataset_digest),
        ("dataset_name", metric.dataset_name),
        (MODEL_LABEL, metric.model_id),
    )
    fixed = tuple((name, value) for name, value in named if value)
    return tuple(sorted((*fixed, *metric.labels.items()))) if metric.labels else fixed


def _by_name(
    names: list[_Name], points: Sequence[_Point | AnyMetric]
) -> tuple[list[_Name], tuple[int, ...], Points]:
    """Return each name once, how many points it has, and the points, one name's after another's."""
    distinct = list(dict.fromkeys(names))
    number, width = len(names), len(distinct)
    columns = Points(
        np.fromiter([point.step for point in points], np.int64, number),
        np.fromiter([point.timestamp for point in points], np.int64, number),
        np.fromiter([point.value for point in points], np.float64, number),
    )
    if number == width:
        return distinct, (1,) * width, columns
    rounds, rest = divmod(number, width)
    if not rest and names == distinct * rounds:
        order = np.arange(number).reshape(rounds, width).T.reshape(-1)
        counts = (rounds,) * width
    else:
        index = {name: position for position, name in enumerate(distinct)}
        codes = np.fromiter(map(index.__getitem__, names), np.intp, number)
        order = np.argsort(codes, kind="stable")
        counts = tuple(np.bincount(codes, minlength=width).tolist())
    ordered = Points(columns.steps[order], columns.timestamps[order], columns.values[order])
    return distinct, counts, ordered
