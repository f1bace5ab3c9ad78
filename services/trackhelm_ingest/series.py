"""What names a series within a run, and packing metrics into columns by series. Pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from trackhelm_core.chunks.points import Points
from trackhelm_core.validation import check_key
from trackhelm_ingest.schemas.batches import AnyMetric

Labels = tuple[tuple[str, str], ...]
"""Labels of a point as (name, value) pairs, sorted by name; empty for a plain point."""

NO_LABELS: Labels = ()

MODEL_LABEL: Final = "model_id"
"""The label that names a logged model."""


class SeriesKey(NamedTuple):
    """The name of a series within its run."""

    key: str
    labels: Labels = NO_LABELS


def labels_of(metric: AnyMetric) -> Labels:
    """Return the labels that a metric is given, and those that MLflow 3's attributes of it make."""
    named = (
        ("dataset_digest", metric.dataset_digest),
        ("dataset_name", metric.dataset_name),
        (MODEL_LABEL, metric.model_id),
    )
    fixed = tuple((name, value) for name, value in named if value)
    return tuple(sorted((*fixed, *metric.labels.items()))) if metric.labels else fixed


def pack(metrics: Iterable[AnyMetric]) -> dict[SeriesKey, Points]:
    """Return the points of each series as columns, keys checked."""
    columns: dict[SeriesKey, tuple[list[int], list[int], list[float]]] = {}
    for metric in metrics:
        series = SeriesKey(metric.key, labels_of(metric))
        column = columns.get(series)
        if column is None:
            check_key(metric.key, "Metric name")
            column = columns[series] = ([], [], [])
        steps, timestamps, values = column
        steps.append(metric.step)
        timestamps.append(metric.timestamp)
        values.append(metric.value)
    return {series: Points.of(*column) for series, column in columns.items()}
