"""From the metrics of a request to columns by series, keys checked. Pure.

A request is packed as a whole: a list a column, a NumPy array a list. Whoever logs steps of the same
metrics, as training loops do, names them in turn, again and again: their order needs no sorting.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks.points import Points
from trackhelm_ingest.schemas.batches import AnyMetric
from trackhelm_ingest.series import (
    MODEL_LABEL,
    Labels,
    Layout,
    SeriesKey,
    SeriesPoints,
    check_metric_name,
    plain_series,
)

_Name = TypeVar("_Name", bound=Hashable)
_Number = TypeVar("_Number", np.int64, np.float64)


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
        check_metric_name(name.key)
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
    number = len(names)
    columns = Points(
        _column("q", np.int64, [point.step for point in points]),
        _column("q", np.int64, [point.timestamp for point in points]),
        _column("d", np.float64, [point.value for point in points]),
    )
    distinct = names[: _period(names)]
    width = len(distinct)
    rounds, rest = divmod(number, width or 1)
    if not rest and len(set(distinct)) == width and names == distinct * rounds:
        if rounds == 1:
            return distinct, (1,) * width, columns
        order = np.arange(number).reshape(rounds, width).T.reshape(-1)
        counts = (rounds,) * width
    else:
        index: dict[_Name, int] = {}
        codes = np.fromiter([index.setdefault(name, len(index)) for name in names], np.intp, number)
        distinct = list(index)
        order = np.argsort(codes, kind="stable")
        counts = tuple(np.bincount(codes, minlength=len(distinct)).tolist())
    ordered = Points(columns.steps[order], columns.timestamps[order], columns.values[order])
    return distinct, counts, ordered


def _period(names: list[_Name]) -> int:
    """Return after how many names the first one comes again: when they come in turn, how many there are."""
    try:
        return names.index(names[0], 1)
    except (ValueError, IndexError):
        return len(names)


def _column(kind: str, dtype: type[_Number], numbers: Sequence[float]) -> NDArray[_Number]:
    # Half again as fast as `numpy.fromiter` over a thousand numbers. Read-only, as columns are.
    return np.frombuffer(_packer(kind, len(numbers)).pack(*numbers), dtype)


@lru_cache(maxsize=1_024)
def _packer(kind: str, number: int) -> Struct:
    return Struct(f"={number}{kind}")
