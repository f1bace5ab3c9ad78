"""From the bytes of a metrics request to columns and key-value pairs, checked. Pure: no I/O.

See `schemas.batches` for why there are two readings of one body.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from pydantic import ValidationError

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import DATASET_DIGEST_LENGTH
from trackhelm_core.validation import check_run_id
from trackhelm_core.wire.faults import request_fault
from trackhelm_core.wire.json import decode_json
from trackhelm_core.wire.requests import WireModel
from trackhelm_ingest.logic.labels import labels_fault
from trackhelm_ingest.logic.values import check_batch_size, clean_params, clean_tags
from trackhelm_ingest.schemas.batches import (
    BatchMessage,
    KeyValuePair,
    LogBatch,
    LogMetric,
    MetricMessage,
    MetricPoint,
)
from trackhelm_ingest.series import SeriesKey, pack

Message = TypeVar("Message", bound=WireModel)
Struct = TypeVar("Struct", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request writes to one run."""

    run: str
    points: Mapping[SeriesKey, Points] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


_batches = msgspec.json.Decoder(BatchMessage)
_metrics = msgspec.json.Decoder(MetricMessage)


def decode_batch(body: bytes) -> Batch:
    """Read the body of log-batch; raises `InvalidParameterError`."""
    strict = _strictly(_batches.decode, body)
    message = strict if strict and _is_plain_batch(strict) else _leniently(LogBatch, body)
    check_batch_size(message.metrics, message.params, message.tags)
    return Batch(
        check_run_id(message.run),
        pack(message.metrics),
        clean_params((param.key, param.value) for param in message.params),
        clean_tags((tag.key, tag.value) for tag in message.tags),
    )


def decode_metric(body: bytes) -> Batch:
    """Read the body of log-metric; raises `InvalidParameterError`."""
    strict = _strictly(_metrics.decode, body)
    message = strict if strict and strict.run and _is_plain_point(strict) else _leniently(LogMetric, body)
    return Batch(message.run, pack([message]))


def _strictly(decode: Callable[[bytes], Struct], body: bytes) -> Struct | None:
    try:
        return decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _leniently(model: type[Message], body: bytes) -> Message:
    try:
        data = decode_json(body)
        # Old clients encode the message twice.
        return model.model_validate(decode_json(data) if isinstance(data, str) else data)
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"The request body is not valid JSON: {error}.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise request_fault({**fault, "loc": ("body", *fault["loc"])}) from error


def _is_plain_batch(message: BatchMessage) -> bool:
    """Return whether a batch needs no closer look: its keys are checked later, once a series."""
    return (
        bool(message.run)
        and all(map(_is_plain_point, message.metrics))
        and all(map(_is_plain_pair, message.params))
        and all(map(_is_plain_pair, message.tags))
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


def _is_plain_pair(pair: KeyValuePair) -> bool:
    return bool(pair.key) and "\0" not in pair.value
