"""The form of a stream's entry: the points of one request, by series. Pure.

Version 1: the byte 0x01, then MessagePack of `[run, [[key, labels, count], …], steps, timestamps, values]`.
The columns are little-endian 64-bit integers and doubles, all series' points one after another. Plain columns
and not chunks: an entry lives for milliseconds, and packing 1,000 points takes 10 µs instead of 140.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np

from trackhelm_core.chunks.points import Points
from trackhelm_ingest.series import Labels, Layout, SeriesKey, SeriesPoints

_VERSION: Final = b"\x01"
_WIDTH: Final = 8


class EntryFormatError(ValueError):
    """The bytes are not an entry, or one of a later version."""


class Entry(NamedTuple):
    """The points that one request writes to a run, named by its public id."""

    run: str
    points: SeriesPoints


class _Series(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    key: str
    labels: Labels
    count: int


class _Message(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    run: str
    series: msgspec.Raw
    steps: bytes
    timestamps: bytes
    values: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Message)
_series_decoder = msgspec.msgpack.Decoder(list[_Series])


def pack_entry(run: str, points: Mapping[SeriesKey, Points]) -> bytes:
    """Return the entry of a request, which has at least one point."""
    packed = SeriesPoints.of(points)
    named = [(*name, count) for name, count in zip(*packed.layout, strict=True)]
    columns = packed.columns
    message = _Message(
        run,
        msgspec.Raw(_encoder.encode(named)),
        columns.steps.astype("<i8", copy=False).tobytes(),
        columns.timestamps.astype("<i8", copy=False).tobytes(),
        columns.values.astype("<f8", copy=False).tobytes(),
    )
    return _VERSION + _encoder.encode(message)


def unpack_entry(data: bytes) -> Entry:
    """Read an entry; raises `EntryFormatError`."""
    if data[:1] != _VERSION:
        raise EntryFormatError(f"an entry of an unknown version: it begins with 0x{data[:1].hex()}")
    try:
        message = _decoder.decode(memoryview(data)[1:])
        layout = _layout(bytes(message.series))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error, EntryFormatError):
            raise
        raise EntryFormatError(f"an entry that cannot be read: {error}") from error
    number = sum(layout.counts)
    for column in (message.steps, message.timestamps, message.values):
        if len(column) != number * _WIDTH:
            raise EntryFormatError(f"an entry of {number} points with a column of {len(column)} bytes")
    columns = Points(
        np.frombuffer(message.steps, "<i8").astype(np.int64, copy=False),
        np.frombuffer(message.timestamps, "<i8").astype(np.int64, copy=False),
        np.frombuffer(message.values, "<f8").astype(np.float64, copy=False),
    )
    return Entry(message.run, SeriesPoints(layout, columns))


# A run sends the same series again and again. Some 400 kB each at the most, a thousand long keys.
@lru_cache(maxsize=128)
def _layout(series: bytes) -> Layout:
    """Read the series of an entry."""
    read = _series_decoder.decode(series)
    counts = tuple(one.count for one in read)
    if min(counts, default=0) < 1:
        raise EntryFormatError("an entry without points, or with a series without")
    names = tuple(SeriesKey(one.key, one.labels) for one in read)
    if len(set(names)) < len(names):
        twice = next(name.key for position, name in enumerate(names) if name in names[:position])
        raise EntryFormatError(f"an entry that has the series {twice!r} twice")
    return Layout(names, counts)
