"""The form of an entry: the points of one request, by series. Pure.

Version 1: the byte 0x01, then MessagePack of `[run, [[key, labels, count], …], steps, timestamps, values]`.
The columns are little-endian 64-bit integers and doubles, with the points of all series one after another.
They are plain columns and not chunks, because an entry lives for milliseconds, and packing 1,000 points takes
10 µs instead of 140.

Version 2, for entries with many points: the same, but steps and timestamps are each `[least, offsets]`,
unsigned integers of 1, 2, 4 or 8 bytes that are added to the least. Only half as many bytes are copied five
times on the way, and synced to the disk. Packing takes 10 µs more, which is as much as a single point takes
in all.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks.points import Points
from trackhelm_ingest.metrics.series import Labels, Layout, SeriesKey, SeriesPoints

_WIDE: Final = b"\x01"
_NARROW: Final = b"\x02"
_WIDTH: Final = 8

NARROW_POINTS: Final = 256
"""An entry with at least so many points is of version 2."""

_WIDTHS: Final = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_WRAP: Final = 2**64 - 1


class EntryFormatError(ValueError):
    """The bytes are not an entry, or are an entry of a later version."""


class Entry(NamedTuple):
    """The points that one request writes to a run; `run` is its public id."""

    run: str
    points: SeriesPoints


class _Series(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    key: str
    labels: Labels
    count: int


class _Wide(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    run: str
    series: msgspec.Raw
    steps: bytes
    timestamps: bytes
    values: bytes


class _Offsets(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    least: int
    offsets: bytes


class _Narrow(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    run: str
    series: msgspec.Raw
    steps: _Offsets
    timestamps: _Offsets
    values: bytes


_encoder = msgspec.msgpack.Encoder()
_DECODERS: Final[Mapping[bytes, msgspec.msgpack.Decoder[_Wide] | msgspec.msgpack.Decoder[_Narrow]]] = {
    _WIDE: msgspec.msgpack.Decoder(_Wide),
    _NARROW: msgspec.msgpack.Decoder(_Narrow),
}
_series_decoder = msgspec.msgpack.Decoder(list[_Series])


def pack_entry(run: str, points: Mapping[SeriesKey, Points]) -> bytes:
    """Return the entry of a request. It must have at least one point."""
    packed = SeriesPoints.of(points)
    named = [(*name, count) for name, count in zip(*packed.layout, strict=True)]
    series = msgspec.Raw(_encoder.encode(named))
    columns = packed.columns
    values = columns.values.astype("<f8", copy=False).tobytes()
    if len(columns) < NARROW_POINTS:
        steps = columns.steps.astype("<i8", copy=False).tobytes()
        timestamps = columns.timestamps.astype("<i8", copy=False).tobytes()
        return _WIDE + _encoder.encode(_Wide(run, series, steps, timestamps, values))
    narrow = _Narrow(run, series, _narrowed(columns.steps), _narrowed(columns.timestamps), values)
    return _NARROW + _encoder.encode(narrow)


def _narrowed(column: NDArray[np.int64]) -> _Offsets:
    least, most = int(column.min()), int(column.max())
    width = next(width for width in _WIDTHS if most - least < 1 << (8 * width))
    # Unsigned numbers wrap around, so the difference is right even if it has 64 bits.
    offsets = column.view(np.uint64) - np.uint64(least & _WRAP)
    return _Offsets(least, offsets.astype(_WIDTHS[width]).tobytes())


def unpack_entry(data: bytes) -> Entry:
    """Read an entry; raises `EntryFormatError`."""
    decoder = _DECODERS.get(data[:1])
    if decoder is None:
        raise EntryFormatError(f"an entry of an unknown version: it begins with 0x{data[:1].hex()}")
    try:
        message = decoder.decode(memoryview(data)[1:])
        layout = _layout(bytes(message.series))
        number = sum(layout.counts)
        columns = Points(
            _integers(message.steps, number),
            _integers(message.timestamps, number),
            np.frombuffer(_checked(message.values, number), "<f8").astype(np.float64, copy=False),
        )
    except EntryFormatError:
        raise
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise EntryFormatError(f"an entry that cannot be read: {error}") from error
    return Entry(message.run, SeriesPoints(layout, columns))


def _integers(column: bytes | _Offsets, number: int) -> NDArray[np.int64]:
    if isinstance(column, bytes):
        return np.frombuffer(_checked(column, number), "<i8").astype(np.int64, copy=False)
    width = len(column.offsets) // number
    if width not in _WIDTHS:
        raise EntryFormatError(f"an entry of {number} points with a column of {len(column.offsets)} bytes")
    read = np.frombuffer(_checked(column.offsets, number, width), _WIDTHS[width]).astype(np.uint64)
    read += np.uint64(column.least & _WRAP)
    return read.view(np.int64)


def _checked(column: bytes, number: int, width: int = _WIDTH) -> bytes:
    if len(column) != number * width:
        raise EntryFormatError(f"an entry of {number} points with a column of {len(column)} bytes")
    return column


# A run sends the same series again and again. A layout takes at most about 400 kB, with a thousand long keys.
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
