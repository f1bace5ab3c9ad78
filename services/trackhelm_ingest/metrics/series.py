"""The name of a series within its run, its labels, and the points of several series as columns. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple, Self

import numpy as np

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import LABEL_NAME_LENGTH, LABEL_VALUE_LENGTH, LABELS
from trackhelm_core.validation import check_key

Labels = tuple[tuple[str, str], ...]
"""The labels of a point as (name, value) pairs, sorted by name; empty for a point without labels."""

NO_LABELS: Labels = ()

MODEL_LABEL: Final = "model_id"
"""The label that names a logged model."""


class SeriesKey(NamedTuple):
    """The name of a series within its run."""

    key: str
    labels: Labels = NO_LABELS


class Layout(NamedTuple):
    """The series, and the number of points of each, in columns with one series after another."""

    series: tuple[SeriesKey, ...]
    counts: tuple[int, ...]


class SeriesPoints(Mapping[SeriesKey, Points]):
    """The points of several series. No series is empty, and none occurs twice."""

    __slots__ = ("columns", "layout")

    def __init__(self, layout: Layout, columns: Points) -> None:
        self.layout = layout
        self.columns = columns
        """The points of all series, one series after another."""

    @classmethod
    def of(cls, points: Mapping[SeriesKey, Points]) -> "SeriesPoints":
        """Return the points of a mapping as `SeriesPoints`; an instance is returned as it is."""
        if isinstance(points, SeriesPoints):
            return points
        parts = list(points.values())
        if not parts:
            return cls.none()
        columns = Points(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            np.concatenate([part.values for part in parts]),
        )
        return cls(Layout(tuple(points), tuple(map(len, parts))), columns)

    @classmethod
    def none(cls) -> Self:
        """Return the points of no series."""
        return cls(Layout((), ()), Points.empty())

    def __getitem__(self, series: SeriesKey) -> Points:
        try:
            index = self.layout.series.index(series)
        except ValueError:
            raise KeyError(series) from None
        begin = sum(self.layout.counts[:index])
        return self._part(begin, begin + self.layout.counts[index])

    def __iter__(self) -> Iterator[SeriesKey]:
        return iter(self.layout.series)

    def __len__(self) -> int:
        return len(self.layout.series)

    def parts(self) -> Iterator[tuple[SeriesKey, Points]]:
        """Yield every series with its points, as `items` does, in one pass."""
        ends = list(accumulate(self.layout.counts))
        for series, begin, end in zip(self.layout.series, [0, *ends], ends, strict=False):
            yield series, self._part(begin, end)

    def _part(self, begin: int, end: int) -> Points:
        columns = self.columns
        return Points(columns.steps[begin:end], columns.timestamps[begin:end], columns.values[begin:end])


@lru_cache(maxsize=16_384)
def plain_series(key: str) -> SeriesKey:
    """Return the series of a key without labels; raises `InvalidParameterError` if the key is not valid."""
    return SeriesKey(check_metric_name(key))


class MetricNameError(InvalidParameterError):
    """A key cannot be the name of a metric."""


def check_metric_name(key: str, parameter: str = "name") -> str:
    """Check a metric's key, which MLflow calls its name; raises `MetricNameError`."""
    try:
        return check_key(key, parameter, "Metric name")
    except InvalidParameterError as error:
        raise MetricNameError(error.message) from error


def subjects_of(run: str, series: Iterable[SeriesKey]) -> set[str]:
    """Return the subjects whose reads show these series: the run, and the logged models in the labels."""
    models = {value for _, labels in series if labels for name, value in labels if name == MODEL_LABEL}
    return {run, *models}


# Rules for the labels that a caller gives a metric point, such as rank and node.

RESERVED: Final = frozenset({"model_id", "dataset_name", "dataset_digest"})
"""Labels that are made from MLflow 3's own fields of a metric."""

_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_.\-]{{0,{LABEL_NAME_LENGTH - 1}}}")
# Control characters, and lone surrogates, which have no UTF-8 form.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def labels_violation(labels: Mapping[str, str]) -> str | None:
    """Return what is wrong with labels, or None."""
    if len(labels) > LABELS:
        return f"a point has at most {LABELS} labels, not {len(labels)}"
    return _violation(tuple(labels.items()))


@lru_cache(maxsize=4_096)
def _violation(labels: tuple[tuple[str, str], ...]) -> str | None:
    # Cached, because every point of a rank has the same labels as the one before.
    for name, value in labels:
        if not _NAME.fullmatch(name):
            return (
                f"a label's name is a letter or '_', then letters, digits, '_', '.' or '-', in all at most "
                f"{LABEL_NAME_LENGTH} characters of ASCII"
            )
        if name in RESERVED:
            return f"'{name}' is a field of the metric itself, beside 'labels'"
        if not 1 <= len(value) <= LABEL_VALUE_LENGTH:
            return f"the value of '{name}' has {len(value)} characters, must have 1 to {LABEL_VALUE_LENGTH}"
        if _UNFIT.search(value):
            return f"the value of '{name}' holds a control character or half of a surrogate pair"
    return None
