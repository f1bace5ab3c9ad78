"""The columnar body of `POST trackhelm/metrics`: points of many runs, in blocks of columns. Pure: no I/O.

docs/protocol.md describes it. No object is made for a point: the columns of a block become the columns of an
entry by views and copies of whole arrays. What a block says of its run, keys and labels is read once in the
life of the process, because a training loop sends the same again and again.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray
from pydantic import ValidationError

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.validation import check_run_id
from trackhelm_core.wire.arguments import invalid_value, shown
from trackhelm_ingest.metrics.reading import labels_of
from trackhelm_ingest.metrics.schemas import Metric
from trackhelm_ingest.metrics.series import Layout, SeriesKey, SeriesPoints, check_metric_name

CONTENT_TYPE: Final = "application/vnd.trackhelm.metrics"

PROTOCOL: Final = 1
"""The version of the body that is read."""

MOST_BLOCKS: Final = 5_000
"""The most blocks of a body: some kilobytes can decompress to a million, which take seconds to read."""

MOST_REFUSED: Final = 1_000
"""The most blocks and rows that an answer names; with more, the body as a whole is refused."""

COMPRESSIONS: Final = ("none", "zstd")
"""How the blocks may be compressed, each by its number in the head."""

_MAGIC: Final = b"TRKM"
_HEAD: Final = Struct("<4sBBHQI")
_BLOCK: Final = Struct("<II")
_WIDTH: Final = 8
_FIXED_LABELS: Final = ("model_id", "dataset_name", "dataset_digest")


class Definition(NamedTuple):
    """What all points of a block have in common: their run, and the series of each column of values."""

    run: str
    series: tuple[SeriesKey, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of a definition. `number` is the block's place in the body, from 0."""

    number: int
    definition: Definition
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    """The values of all rows for the first key, then for the second, and so on."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A block, or one of its rows, that is not stored, and why."""

    block: int
    error: ApiError
    row: int | None = None


@dataclass(slots=True)
class Body:
    """What a request has: who sent it, under which number, its blocks by run, and what of it is refused."""

    writer: str
    sequence: int
    runs: dict[str, list[Block]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


def read_columns(data: bytes) -> Body:
    """Read a body.

    Raises:
        InvalidParameterError: It is not of this form, or of a version that this server does not know. What is
            wrong with a block alone is among what is refused.
        ApiError: It has too many blocks, or too many that are refused (413).
    """
    if len(data) < _HEAD.size or not data.startswith(_MAGIC):
        raise _malformed("it does not begin as a columnar body does")
    _, version, compression, name_length, sequence, number = _HEAD.unpack_from(data)
    if version != PROTOCOL:
        raise _malformed(f"its version is {version}, and this server reads version {PROTOCOL}")
    name = data[_HEAD.size : _HEAD.size + name_length]
    try:
        body = Body(name.decode(), sequence)
    except UnicodeDecodeError:
        raise _malformed("the writer's name is not UTF-8") from None
    _read_blocks(body, _plain(data, _HEAD.size + name_length, compression), number)
    return body


def _plain(data: bytes, begin: int, compression: int) -> memoryview:
    if compression >= len(COMPRESSIONS):
        raise _malformed(f"its compression is {compression}, and this server knows 0 (none) and 1 (zstd)")
    rest = memoryview(data)[begin:]
    if not compression:
        return rest
    try:
        size = zstandard.get_frame_parameters(rest).content_size
        if size > JSON_BODY_BYTES:
            raise _malformed(f"its blocks must say their size, and have at most {JSON_BODY_BYTES} bytes")
        return memoryview(zstandard.ZstdDecompressor().decompress(rest, allow_extra_data=False))
    except zstandard.ZstdError as error:
        raise _malformed(f"its blocks do not decompress: {error}") from error


def _read_blocks(body: Body, data: memoryview, number: int) -> None:
    if number > MOST_BLOCKS:
        raise _too_much(f"it has {number} blocks, and {MOST_BLOCKS} are allowed")
    position, size = 0, len(data)
    runs: defaultdict[str, list[Block]] = defaultdict(list)
    for index in range(number):
        if position + _BLOCK.size > size:
            raise _malformed(f"it ends before block {index} of {number}")
        length, rows = _BLOCK.unpack_from(data, position)
        position += _BLOCK.size
        if not rows or not length or position + length > size:
            raise _malformed(f"block {index} has {rows} rows and a definition of {length} bytes")
        text = bytes(data[position : position + length])
        position += length
        width = _width(text, index)
        columns = rows * _WIDTH
        end = position + (2 + width) * columns
        if end > size:
            raise _malformed(f"block {index} of {rows} rows and {width} keys is cut short")
        try:
            definition = _definition(text)
        except InvalidParameterError as error:
            _check_number_of_refused(len(body.refused) + 1)
            body.refused.append(Refused(index, error))
        else:
            steps = np.frombuffer(data, "<i8", rows, position)
            timestamps = np.frombuffer(data, "<i8", rows, position + columns)
            values = np.frombuffer(data, "<f8", rows * width, position + 2 * columns)
            block = Block(index, definition, steps, timestamps, values)
            if (kept := _checked(block, body.refused)) is not None:
                runs[definition.run].append(kept)
        position = end
    if position != size:
        raise _malformed(f"{size - position} bytes follow its last block")
    body.runs = dict(runs)


def _checked(block: Block, refused: list[Refused]) -> Block | None:
    """Return a block without the rows that are refused, None if none is left."""
    if int(block.timestamps.min()) >= 0:
        return block
    bad = block.timestamps < 0
    _check_number_of_refused(len(refused) + int(bad.sum()))
    for row in np.flatnonzero(bad).tolist():
        reason = "a time is a number of milliseconds since the epoch, and not negative"
        error = invalid_value(int(block.timestamps[row]), "timestamp", reason)
        refused.append(Refused(block.number, error, row))
    good = ~bad
    if not good.any():
        return None
    values = block.values.reshape(len(block.definition.series), -1)[:, good].reshape(-1)
    return Block(block.number, block.definition, block.steps[good], block.timestamps[good], values)


class _Keys(NamedTuple):
    run: str
    keys: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


_REMEMBERED_BYTES: Final = 16_384
"""The longest definition that is remembered, so that no caller can fill the memory with them."""


def _keys(text: bytes) -> _Keys | None:
    """Return what a definition says, unchecked; None if it is none."""
    return (_known_keys if len(text) <= _REMEMBERED_BYTES else _known_keys.__wrapped__)(text)


@lru_cache(maxsize=2_048)
def _known_keys(text: bytes) -> _Keys | None:
    try:
        run, keys, labels = json.loads(text)
        found = _Keys(run, tuple(keys), tuple((name, value) for name, value in labels))
    except (ValueError, TypeError, RecursionError):
        return None
    texts = [found.run, *found.keys, *(part for label in found.labels for part in label)]
    return found if found.keys and all(isinstance(text, str) for text in texts) else None


def _width(text: bytes, index: int) -> int:
    found = _keys(text)
    if found is None:
        raise _malformed(f"the definition of block {index} is not [run, [key, …], [[label, value], …]]")
    return len(found.keys)


def _definition(text: bytes) -> Definition:
    return (_known_definition if len(text) <= _REMEMBERED_BYTES else _known_definition.__wrapped__)(text)


@lru_cache(maxsize=2_048)
def _known_definition(text: bytes) -> Definition:
    found = _keys(text)
    assert found is not None, "its width was read before"
    names = [name for name, _ in found.labels]
    for twice in (names, found.keys):
        if len(set(twice)) < len(twice):
            raise InvalidParameterError(f"A block names a key or a label twice: {shown(list(twice))}.")
    given = dict(found.labels)
    fixed = {name: given.pop(name) for name in _FIXED_LABELS if name in given}
    try:
        metric = Metric.model_validate({**fixed, "labels": given, "key": "k", "value": 0.0, "timestamp": 0})
    except ValidationError as error:
        reason = error.errors(include_url=False, include_context=False)[0]["msg"]
        raise invalid_value(dict(found.labels), "labels", reason) from error
    labels = labels_of(metric)
    series = tuple(SeriesKey(check_metric_name(key), labels) for key in found.keys)
    return Definition(check_run_id(found.run), series)


def points_of(blocks: Sequence[Block]) -> SeriesPoints:
    """Return the points of the blocks of one run, by series. Blocks may have series in common."""
    if len(blocks) == 1:
        [block] = blocks
        series = block.definition.series
        width, rows = len(series), len(block.steps)
        columns = Points(np.tile(block.steps, width), np.tile(block.timestamps, width), block.values)
        return SeriesPoints(Layout(series, (rows,) * width), columns)
    parts: defaultdict[SeriesKey, list[Points]] = defaultdict(list)
    for block in blocks:
        rows = len(block.steps)
        for place, name in enumerate(block.definition.series):
            values = block.values[place * rows : (place + 1) * rows]
            parts[name].append(Points(block.steps, block.timestamps, values))
    counts = tuple(sum(map(len, found)) for found in parts.values())
    every = [part for found in parts.values() for part in found]
    return SeriesPoints(
        Layout(tuple(parts), counts),
        Points(
            np.concatenate([part.steps for part in every]),
            np.concatenate([part.timestamps for part in every]),
            np.concatenate([part.values for part in every]),
        ),
    )


def _check_number_of_refused(number: int) -> None:
    if number > MOST_REFUSED:
        raise _too_much(
            f"more than {MOST_REFUSED} of its blocks and rows are refused, and an answer names no more"
        )


def _too_much(reason: str) -> ApiError:
    return ApiError(
        ErrorCode.INVALID_PARAMETER_VALUE,
        f"The columnar body is too large: {reason}. Send it in parts.",
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )


def _malformed(reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"The columnar body cannot be read: {reason}.")
