"""From the bytes of a metrics request to columns and key-value pairs, checked. Pure: no I/O.

`schemas` explains why there are several ways to read one body.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import Final, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks.points import Points
from trackhelm_core.limits import DATASET_DIGEST_LENGTH
from trackhelm_core.validation import check_run_id
from trackhelm_core.wire.arguments import read_message
from trackhelm_ingest.metrics.schemas import (
    AnyMetric,
    BatchMessage,
    KeyValuePair,
    LogBatch,
    LogMetric,
    MetricMessage,
    MetricPoint,
    Param,
    PlainBatch,
)
from trackhelm_ingest.metrics.series import (
    MODEL_LABEL,
    Labels,
    Layout,
    MetricNameError,
    SeriesKey,
    SeriesPoints,
    check_metric_name,
    labels_violation,
    plain_series,
)
from trackhelm_ingest.runs.logic import check_batch_size, clean_params, clean_tags
from trackhelm_ingest.runs.schemas import Tag

# Plain batches, read by compiled code if it was built.
#
# Reading 1,000 points takes 75 µs instead of 325, because no object is made for a point, its key or its
# numbers. The compiled code reads the form that training loops nearly always send, and leaves any other to
# `decode_batch`, which also explains violations. What the compiled code accepts, `decode_batch` accepts, too,
# with the same result. See docs/decisions/0021.

_Columns = tuple[str, tuple[str, ...], tuple[int, ...], bytes, bytes, bytes]

_read: Callable[[bytes], _Columns | None] | None
try:
    from trackhelm_ingest.metrics._plain_batch import read as _read
except ImportError:  # installed without a compiler
    _read = None

IS_COMPILED: Final = _read is not None


def read_plain_batch(body: bytes) -> tuple[str, SeriesPoints] | None:
    """Return a run's id, unchecked, and its points; None if the body is not plain or no code was compiled.

    Raises:
        InvalidParameterError: A key cannot be the name of a metric.
    """
    columns = _read(body) if _read else None
    if columns is None:
        return None
    run, names, counts, steps, timestamps, values = columns
    points = Points(
        np.frombuffer(steps, np.int64),
        np.frombuffer(timestamps, np.int64),
        np.frombuffer(values, np.float64),
    )
    return run, SeriesPoints(Layout(tuple(map(plain_series, names)), counts), points)


# From the metrics of a request to columns by series, with keys checked.
#
# A request is packed as a whole: one list for each column, one NumPy array for each list. A training loop
# logs the same metrics in the same order at each step, so their points need no sorting.

_Name = TypeVar("_Name", bound=Hashable)
_Number = TypeVar("_Number", np.int64, np.float64)


class _Point(Protocol):
    key: str
    value: float
    timestamp: int
    step: int


def pack_plain(points: Sequence[_Point]) -> SeriesPoints:
    """Return the points by series, for points without labels."""
    names, counts, columns = _by_name([point.key for point in points], points)
    return SeriesPoints(Layout(tuple(map(plain_series, names)), counts), columns)


def pack(metrics: Sequence[AnyMetric]) -> SeriesPoints:
    """Return the points by series."""
    names, counts, columns = _by_name(
        [SeriesKey(metric.key, labels_of(metric)) for metric in metrics], metrics
    )
    for name in names:
        check_metric_name(name.key)
    return SeriesPoints(Layout(tuple(names), counts), columns)


def labels_of(metric: AnyMetric) -> Labels:
    """Return the labels of a metric: those given, and those made from MLflow 3's fields of it."""
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
        index: dict[_Name, int] = {}
        codes = np.fromiter([index.setdefault(name, len(index)) for name in names], np.intp, number)
        distinct = list(index)
        order = np.argsort(codes, kind="stable")
        counts = tuple(np.bincount(codes, minlength=len(distinct)).tolist())
    ordered = Points(columns.steps[order], columns.timestamps[order], columns.values[order])
    return distinct, counts, ordered


def _period(names: list[_Name]) -> int:
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

Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request writes to one run."""

    run: str
    points: SeriesPoints = field(default_factory=SeriesPoints.none)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


_plain_batches = msgspec.json.Decoder(PlainBatch)
_batches = msgspec.json.Decoder(BatchMessage)
_metrics = msgspec.json.Decoder(MetricMessage)


def decode_batch(body: bytes) -> Batch:
    """Read the body of log-batch; raises `InvalidParameterError`."""
    try:
        return _decode_batch(body)
    except MetricNameError:
        # Keys are checked once for each series. The index of the point is looked up only here.
        for index, metric in enumerate(read_message(LogBatch, body).metrics):
            check_metric_name(metric.key, f"metrics[{index}].name")
        raise


def _decode_batch(body: bytes) -> Batch:
    if compiled := read_plain_batch(body):
        run, points = compiled
        return Batch(check_run_id(run), points)
    # Nearly all batches are plain, and one that is not nearly always shows it at its first point.
    plain = _strictly(_plain_batches.decode, body)
    if plain and plain.run_id and _are_plain_pairs(plain.params) and _are_plain_pairs(plain.tags):
        check_batch_size(plain.metrics, plain.params, plain.tags)
        return _batch(plain.run_id, pack_plain(plain.metrics), plain.params, plain.tags)
    strict = _strictly(_batches.decode, body)
    message = strict if strict and _is_plain_batch(strict) else read_message(LogBatch, body)
    check_batch_size(message.metrics, message.params, message.tags)
    return _batch(message.run, pack(message.metrics), message.params, message.tags)


def _batch(
    run: str,
    points: SeriesPoints,
    params: Sequence[KeyValuePair | Param],
    tags: Sequence[KeyValuePair | Tag],
) -> Batch:
    return Batch(
        check_run_id(run),
        points,
        clean_params(((param.key, param.value) for param in params), "params") if params else {},
        clean_tags(((tag.key, tag.value) for tag in tags), "tags") if tags else {},
    )


def decode_metric(body: bytes) -> Batch:
    """Read the body of log-metric; raises `InvalidParameterError`."""
    strict = _strictly(_metrics.decode, body)
    message = strict if strict and strict.run and _is_plain_point(strict) else read_message(LogMetric, body)
    return Batch(message.run, pack([message]))


def _strictly(decode: Callable[[bytes], Body], body: bytes) -> Body | None:
    try:
        return decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _is_plain_batch(message: BatchMessage) -> bool:
    """Return whether a batch needs no further check; its keys are checked later, once for each series."""
    return (
        bool(message.run)
        and all(map(_is_plain_point, message.metrics))
        and _are_plain_pairs(message.params)
        and _are_plain_pairs(message.tags)
    )


def _is_plain_point(point: MetricPoint | MetricMessage) -> bool:
    labels = (point.model_id, point.dataset_name, point.dataset_digest)
    return (
        bool(point.key)
        and all(label is None or _is_plain_label(label) for label in labels)
        and (not point.labels or not labels_violation(point.labels))
    )


def _is_plain_label(value: str) -> bool:
    # The digest's limit is the lowest of the three; a longer label is checked against its own limit.
    return len(value) <= DATASET_DIGEST_LENGTH and "\0" not in value


def _are_plain_pairs(pairs: Sequence[KeyValuePair]) -> bool:
    return all(pair.key and "\0" not in pair.value for pair in pairs)
