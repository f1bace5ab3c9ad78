"""The forms of a chunk besides compressed columns, offsets and rows, and the map from floats to integers.

Owns these layouts and that map, which is exact. Must not compress.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from trackhelm_core.chunks.columns import (
    ChunkFormatError,
    Reader,
    append_column,
    append_signed,
    read_column,
    unzigzag,
    zigzag,
)
from trackhelm_core.chunks.points import Points

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Offsets: the form of a chunk of about a dozen points, which drains write when many series have a few points
# each.
#
# The columns are plain, in as few bytes as can hold them. Nothing here looks for a pattern or compresses,
# because this form avoids the fixed cost of doing so (20 points: 11 us here, 73 us as columns).
#
# Layout of steps, then of timestamps, little-endian; the reader knows how many there are:
#
#     1 byte    0, 1, 2, 4 or 8: the bytes of one offset
#     varint    zigzag of the smallest integer of the column
#     bytes     for each integer its offset, the difference to the smallest, as an unsigned integer
#
# Layout of the values:
#
#     1 byte    4 or 8: float32, if every value equals a float32, or float64
#     bytes     the values


_OFFSETS: Final = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_VALUES: Final = {4: "<f4", 8: "<f8"}
# The width of an offset, by the length in bytes of the largest one.
_WIDTHS: Final = (0, 1, 2, 4, 4, 8, 8, 8, 8)
_UINT64: Final = 1 << 64


def append_offsets(out: bytearray, points: Points) -> None:
    """Append every point, at least one."""
    _append_integers(out, points.steps)
    _append_integers(out, points.timestamps)
    _append_values(out, points.values)


def read_offsets(reader: Reader, count: int) -> Points:
    """Read `count` points."""
    return Points(_read_integers(reader, count), _read_integers(reader, count), _read_values(reader, count))


def _append_integers(out: bytearray, column: NDArray[np.int64]) -> None:
    # As a list, because Python finds the smallest and the largest of so few integers sooner than NumPy.
    numbers = column.tolist()
    least = min(numbers)
    width = _WIDTHS[((max(numbers) - least).bit_length() + 7) // 8]
    out.append(width)
    append_signed(out, least)
    if width:
        offsets = column.view(np.uint64) - np.uint64(least % _UINT64)
        out += offsets.astype(_OFFSETS[width]).tobytes()


def _read_integers(reader: Reader, count: int) -> NDArray[np.int64]:
    width, least = reader.byte(), reader.signed()
    if width == 0:
        return np.full(count, least, np.int64)
    if width not in _OFFSETS:
        raise ChunkFormatError(f"offsets of {width} bytes")
    offsets = np.frombuffer(reader.take(width * count), _OFFSETS[width]).astype(np.uint64)
    return (offsets + np.uint64(least % _UINT64)).view(np.int64)


def _append_values(out: bytearray, column: NDArray[np.float64]) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = column.astype(_VALUES[4])
        # Compared by their bits, so that the payload of a NaN and the sign of zero are kept.
        is_exact = (narrow.astype(np.float64).view(np.int64) == column.view(np.int64)).all()
    out.append(4 if is_exact else 8)
    out += (narrow if is_exact else column.astype(_VALUES[8])).tobytes()


def _read_values(reader: Reader, count: int) -> NDArray[np.float64]:
    width = reader.byte()
    if width not in _VALUES:
        raise ChunkFormatError(f"values of {width} bytes")
    return np.frombuffer(reader.take(width * count), _VALUES[width]).astype(np.float64)


# Float columns: an exact, reversible map from float64 to integers, which `columns` then stores.
#
# Layout: 1 byte that names the map, then an integer column. The first map that is exact for every value is
# taken:
#
#     0 .. 12   decimal: value = integer / 10^map, both as float64. For rounded metrics and counts: 0.9131 is
#               9131 with map 4. The division rounds correctly, so it yields the float64 of the decimal.
#     32        float32: the ordered bit pattern of the float32 equal to the value. For float32 metrics.
#     64        float64: the ordered bit pattern of the value. Always exact, including the payload of a NaN.
#
# An ordered bit pattern is the bit pattern read as a signed integer, with all bits except the sign flipped if
# it is negative. Floats that are close to each other then have integers that are close, also across zero.


_FLOAT32: Final = 32
_FLOAT64: Final = 64
_MAX_PLACES: Final = 12
_POWERS: NDArray[np.float64] = np.array([float(10**places) for places in range(_MAX_PLACES + 1)])
_SAMPLE: Final = 16
_EXACT_INTEGERS: Final = 2.0**53


def append_values(out: bytearray, values: NDArray[np.float64]) -> None:
    """Append a column of at least one value."""
    # A map that overflows or yields NaN is not exact, and the comparison below finds that.
    with np.errstate(over="ignore", invalid="ignore"):
        decimal = _as_decimals(values)
        narrow = values.astype(np.float32) if decimal is None else None
        if narrow is not None and not _same_bits(narrow.astype(np.float64), values).all():
            narrow = None
    if decimal is not None:
        places, integers = decimal
        out.append(places)
        append_column(out, integers)
    elif narrow is not None:
        out.append(_FLOAT32)
        append_column(out, _ordered32(narrow.view(np.int32)).astype(np.int64))
    else:
        out.append(_FLOAT64)
        append_column(out, _ordered64(values.view(np.int64)))


def read_values(reader: Reader, count: int) -> NDArray[np.float64]:
    """Read a column of `count` values."""
    form = reader.byte()
    integers = read_column(reader, count)
    if form <= _MAX_PLACES:
        decimals: NDArray[np.float64] = integers / _POWERS[form]
        return decimals
    if form == _FLOAT32:
        narrow = integers.astype(np.int32)
        if not np.array_equal(narrow, integers):
            raise ChunkFormatError("a float32 column holds an integer of more than 32 bits")
        # A signalling NaN would raise a warning; the encoder never writes one here, but other bytes may hold
        # it.
        with np.errstate(invalid="ignore"):
            return _ordered32(narrow).view(np.float32).astype(np.float64)
    if form == _FLOAT64:
        return _ordered64(integers).view(np.float64)
    raise ChunkFormatError(f"values in an unknown map {form}")


def _as_decimals(values: NDArray[np.float64]) -> tuple[int, NDArray[np.int64]] | None:
    """Return the fewest decimal places that are exact for all values and the scaled integers, or None.

    A few values are tried first and rule out most numbers of places, so that noise costs only a small array.
    """
    places = 0
    sample = values[:: len(values) // _SAMPLE + 1]
    while True:
        _, exact = _scale(sample, _POWERS[places:, np.newaxis])
        fitting = np.flatnonzero(exact.all(axis=1))
        if not fitting.size:
            return None
        places += int(fitting[0])
        scaled, exact = _scale(values, _POWERS[places])
        if exact.all():
            return places, scaled.astype(np.int64)
        places += 1
        sample = values[~exact][:_SAMPLE]


def _scale(
    values: NDArray[np.float64], powers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values scaled to whole numbers, and for each whether the division gives the value back."""
    scaled: NDArray[np.float64] = np.rint(values * powers)
    exact = (np.abs(scaled) <= _EXACT_INTEGERS) & _same_bits(scaled.astype(np.int64) / powers, values)
    return scaled, exact


def _same_bits(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Compare bit for bit, so that -0.0 differs from 0.0 and a NaN equals itself."""
    return np.equal(left.view(np.int64), right.view(np.int64))


def _ordered32(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return ordered bit patterns for float32 bit patterns. The function is its own inverse."""
    return bits ^ ((bits >> 31) & np.int32(0x7FFF_FFFF))


def _ordered64(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ordered bit patterns for float64 bit patterns. The function is its own inverse."""
    return bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))


# Rows: the form of a chunk of few points, such as the one point of a single log_metric call.
#
# The points are stored one after another. Nothing here uses NumPy arithmetic or zstd, because this form
# avoids their fixed cost (two points: 3 us here, 60 us as columns).
#
# Layout of each point, little-endian; the reader knows how many there are:
#
#     1 byte    bits 0-2: size code of the step, bits 3-5: of the timestamp. The codes 0 to 7 mean 0, 1, 2, 3,
#               4, 5, 6, 8 bytes. Bit 6: the value is stored as a float32 equal to it. Bit 7: 0
#     bytes     step, then timestamp: zigzag of the difference, modulo 2^64, to the point before (first: to 0)
#     4 or 8    value: float32 or float64


_SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 8)
_CODES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 7)
_FLOAT32_BIT: Final = 0x40
_UNUSED_BIT: Final = 0x80
_PACKED_FLOAT32: Final = struct.Struct("<f")
_PACKED_FLOAT64: Final = struct.Struct("<d")
_FLOAT32_MAX: Final = 3.4028234663852886e38


def append_rows(out: bytearray, points: Points) -> None:
    """Append every point."""
    step = timestamp = 0
    rows = zip(points.steps.tolist(), points.timestamps.tolist(), points.values.tolist(), strict=True)
    for next_step, next_timestamp, value in rows:
        step_code, step_bytes = _pack_difference(next_step - step)
        timestamp_code, timestamp_bytes = _pack_difference(next_timestamp - timestamp)
        step, timestamp = next_step, next_timestamp
        tag = step_code | timestamp_code << 3
        value_bytes = _pack_float32(value)
        if value_bytes is None:
            value_bytes = _PACKED_FLOAT64.pack(value)
        else:
            tag |= _FLOAT32_BIT
        out.append(tag)
        out += step_bytes
        out += timestamp_bytes
        out += value_bytes


def read_rows(reader: Reader, count: int) -> Points:
    """Read `count` points."""
    steps, timestamps, values = [], [], []
    step = timestamp = 0
    for _ in range(count):
        tag = reader.byte()
        if tag & _UNUSED_BIT:
            raise ChunkFormatError("a row sets an unused bit")
        step = _wrap(step + _read_difference(reader, tag & 7))
        timestamp = _wrap(timestamp + _read_difference(reader, tag >> 3 & 7))
        value = _PACKED_FLOAT32 if tag & _FLOAT32_BIT else _PACKED_FLOAT64
        steps.append(step)
        timestamps.append(timestamp)
        values.append(value.unpack(reader.take(value.size))[0])
    return Points.of(steps, timestamps, values)


def _pack_difference(difference: int) -> tuple[int, bytes]:
    number = zigzag(_wrap(difference))
    code = _CODES[(number.bit_length() + 7) // 8]
    return code, number.to_bytes(_SIZES[code], "little")


def _read_difference(reader: Reader, code: int) -> int:
    return unzigzag(int.from_bytes(reader.take(_SIZES[code]), "little"))


def _wrap(number: int) -> int:
    """Bring a sum or difference of two int64 back into int64, modulo 2^64."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _pack_float32(value: float) -> bytes | None:
    """Return the value as a float32 if that is exact, else None. NaN is not, as its payload may be lost."""
    if not abs(value) <= _FLOAT32_MAX and not math.isinf(value):
        return None  # struct refuses a finite float that is too large
    packed = _PACKED_FLOAT32.pack(value)
    return packed if _PACKED_FLOAT32.unpack(packed)[0] == value else None
