"""From the bytes of a metrics request to columns and key-value pairs, checked. Pure: no I/O.

See `schemas.batches` for why there are several readings of one body.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from trackhelm_core.limits import DATASET_DIGEST_LENGTH
from trackhelm_core.validation import check_run_id
from trackhelm_core.wire.messages import read_message
from trackhelm_ingest.logic.labels import labels_fault
from trackhelm_ingest.logic.values import check_batch_size, clean_params, clean_tags
from trackhelm_ingest.packing import pack, pack_plain
from trackhelm_ingest.plain_batch import read_plain_batch
from trackhelm_ingest.schemas.batches import (
    BatchMessage,
    KeyValuePair,
    LogBatch,
    LogMetric,
    MetricMessage,
    MetricPoint,
    Param,
    PlainBatch,
)
from trackhelm_ingest.schemas.tags import Tag
from trackhelm_ingest.series import MetricNameError, SeriesPoints, check_metric_name

Struct = TypeVar("Struct", bound=msgspec.Struct)


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
        # Keys are checked once a series. Which point it is of is looked up only here.
        for index, metric in enumerate(read_message(LogBatch, body).metrics):
            check_metric_name(metric.key, f"metrics[{index}].name")
        raise


def _decode_batch(body: bytes) -> Batch:
    if compiled := read_plain_batch(body):
        run, points = compiled
        return Batch(check_run_id(run), points)
    # By far the most are plain. One that is not shows it at its first point, nearly always.
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


def _strictly(decode: Callable[[bytes], Struct], body: bytes) -> Struct | None:
    try:
        return decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _is_plain_batch(message: BatchMessage) -> bool:
    """Return whether a batch needs no closer look: its keys are checked later, once a series."""
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
        and (not point.labels or not labels_fault(point.labels))
    )


def _is_plain_label(value: str) -> bool:
    # The digest's limit is the lowest of the three; a longer label is measured by its own.
    return len(value) <= DATASET_DIGEST_LENGTH and "\0" not in value


def _are_plain_pairs(pairs: Sequence[KeyValuePair]) -> bool:
    return all(pair.key and "\0" not in pair.value for pair in pairs)
