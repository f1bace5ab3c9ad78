"""From the bytes of a metrics request to columns and key-value pairs, checked. Pure: no I/O.

There are two readers. Compiled code, if it was built, reads what training loops send by far the most.
Everything else is read by the pydantic models in `schemas`, which are as lenient as protobuf and explain
violations. What the compiled code accepts, the models accept, too, with the same result: tests compare both
bit by bit. See docs/decisions/0021 and 0030.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks.points import Points
from trackhelm_core.validation import check_run_id
from trackhelm_core.wire.arguments import as_message, read_body, read_message
from trackhelm_core.wire.requests import decode_json
from trackhelm_ingest.metrics.schemas import LogBatch, LogMetric, Metric
from trackhelm_ingest.metrics.series import (
    MODEL_LABEL,
    NO_LABELS,
    Labels,
    Layout,
    MetricNameError,
    SeriesKey,
    SeriesPoints,
    check_metric_name,
    plain_series,
)
from trackhelm_ingest.runs.logic import check_batch_size, clean_params, clean_tags

# Batches of points in the order of the stock client's fields, read by compiled code if it was built.
#
# No object is made for a point, its key or its numbers. What follows the numbers of a point (its model, its
# dataset, its labels) is the same in many points: compiled code returns its text once for each series, and
# the model reads it here.

_Columns = tuple[str, tuple[str, ...], tuple[str, ...], tuple[int, ...], bytes, bytes, bytes]

_read: Callable[[bytes], _Columns | None] | None
try:
    from trackhelm_ingest.metrics._plain_batch import read as _read
except ImportError:  # installed without a compiler
    _read = None

IS_COMPILED: Final = _read is not None


def read_compiled(body: bytes) -> tuple[str, SeriesPoints] | None:
    """Return a run's id, unchecked, and its points; None if the model must read them.

    Raises:
        InvalidParameterError: A key cannot be the name of a metric.
    """
    columns = _read(body) if _read else None
    if columns is None:
        return None
    run, keys, rests, counts, steps, timestamps, values = columns
    if rests:
        series = _series(keys, rests)
        if series is None:
            return None
    else:
        series = tuple(map(plain_series, keys))
    points = Points(
        np.frombuffer(steps, np.int64),
        np.frombuffer(timestamps, np.int64),
        np.frombuffer(values, np.float64),
    )
    return run, SeriesPoints(Layout(series, counts), points)


def _series(keys: Sequence[str], rests: Sequence[str]) -> tuple[SeriesKey, ...] | None:
    """Return the series of keys and of the rest of their points; None if the model must read the batch."""
    if max(map(len, rests)) > _LONGEST_REST:
        return None
    labels = [_labels_in(rest) for rest in rests]
    series: dict[SeriesKey, None] = {}
    for key, found in zip(keys, labels, strict=True):
        if found is None:
            return None
        series[SeriesKey(key, found)] = None
    if len(series) < len(keys):
        return None  # The same labels are written in two ways.
    for key in keys:
        plain_series(key)
    return tuple(series)


_LABEL_FIELDS: Final = frozenset({"model_id", "dataset_name", "dataset_digest", "labels"})

_LONGEST_REST: Final = 1_024
"""The most characters of a text that is remembered, so that no caller can fill the memory with them."""


@lru_cache(maxsize=4_096)
def _labels_in(rest: str) -> Labels | None:
    """Return the labels in the last fields of a point, as text; None if they are not labels alone.

    Cached, because every request of a rank has the same.
    """
    if not rest:
        return NO_LABELS
    try:
        fields = decode_json(f"{{{rest}}}")
        if not fields.keys() <= _LABEL_FIELDS:
            return None
        return labels_of(Metric.model_validate({**fields, "key": "k", "value": 0.0, "timestamp": 0}))
    except ValueError:  # no JSON, or a violation, which is explained when the whole batch is read
        return None


# From the metrics of a request to columns by series, with keys checked.
#
# A request is packed as a whole: one list for each column, one NumPy array for each list. A training loop
# logs the same metrics in the same order at each step, so their points need no sorting.

_Number = TypeVar("_Number", np.int64, np.float64)


def pack(metrics: Sequence[Metric]) -> SeriesPoints:
    """Return the points by series."""
    names, counts, columns = _by_name(
        [SeriesKey(metric.key, labels_of(metric)) for metric in metrics], metrics
    )
    for name in names:
        check_metric_name(name.key)
    return SeriesPoints(Layout(tuple(names), counts), columns)


def labels_of(metric: Metric) -> Labels:
    """Return the labels of a metric: those given, and those made from MLflow 3's fields of it."""
    if not (metric.labels or metric.model_id or metric.dataset_name or metric.dataset_digest):
        return NO_LABELS
    named = (
        ("dataset_digest", metric.dataset_digest),
        ("dataset_name", metric.dataset_name),
        (MODEL_LABEL, metric.model_id),
    )
    fixed = tuple((name, value) for name, value in named if value)
    return tuple(sorted((*fixed, *metric.labels.items()))) if metric.labels else fixed


def _by_name(
    names: list[SeriesKey], points: Sequence[Metric]
) -> tuple[list[SeriesKey], tuple[int, ...], Points]:
    """Return each name once, the number of its points, and the points, one name after another."""
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
        index: dict[SeriesKey, int] = {}
        codes = np.fromiter([index.setdefault(name, len(index)) for name in names], np.intp, number)
        distinct = list(index)
        order = np.argsort(codes, kind="stable")
        counts = tuple(np.bincount(codes, minlength=len(distinct)).tolist())
    ordered = Points(columns.steps[order], columns.timestamps[order], columns.values[order])
    return distinct, counts, ordered


def _period(names: list[SeriesKey]) -> int:
    """Return after how many names the first one occurs again: their number, if they repeat in order."""
    try:
        return names.index(names[0], 1)
    except (ValueError, IndexError):
        return len(names)


def _column(kind: str, dtype: type[_Number], numbers: Sequence[float]) -> NDArray[_Number]:
    # One and a half times as fast as `numpy.fromiter` for a thousand numbers. Read-only, as columns are.
    return np.frombuffer(_packer(kind, len(numbers)).pack(*numbers), dtype)


@lru_cache(maxsize=1_024)
def _packer(kind: str, number: int) -> Struct:
    return Struct(f"={number}{kind}")


# From the bytes of a request to a batch.


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request writes to one run."""

    run: str
    points: SeriesPoints = field(default_factory=SeriesPoints.none)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def decode_batch(body: bytes) -> Batch:
    """Read the body of log-batch; raises `InvalidParameterError`."""
    try:
        if compiled := read_compiled(body):
            run, points = compiled
            return Batch(check_run_id(run), points)
        data = read_body(body)
        # First, because a body can hold a hundred times as many as it may, and to read them takes seconds.
        check_batch_size(*(_listed(data, name) for name in ("metrics", "params", "tags")))
        return _checked(as_message(LogBatch, data))
    except MetricNameError:
        # Keys are checked once for each series. The index of the point is looked up only here.
        for index, metric in enumerate(read_message(LogBatch, body).metrics):
            check_metric_name(metric.key, f"metrics[{index}].name")
        raise


def _listed(data: object, name: str) -> Sequence[object]:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, list) else ()


def _checked(message: LogBatch) -> Batch:
    points = pack(message.metrics)
    return Batch(
        check_run_id(message.run),
        points,
        clean_params(((param.key, param.value) for param in message.params), "params"),
        clean_tags(((tag.key, tag.value) for tag in message.tags), "tags"),
    )


def decode_metric(body: bytes) -> Batch:
    """Read the body of log-metric; raises `InvalidParameterError`."""
    message = read_message(LogMetric, body)
    return Batch(message.run, pack([message]))
