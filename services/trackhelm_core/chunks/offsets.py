"""Offsets: the form of a chunk of some dozen points, as drains write when many series have a few each.

Owns the layout of plain columns in as few bytes as hold them. Must not look for a pattern, nor compress: it
is there to avoid the fixed cost of that (20 points: 11 us here, 73 us as columns).

Layout of steps, then of timestamps, little-endian; the reader knows how many there are:

    1 byte    0, 1, 2, 4 or 8: bytes an offset
    varint    zigzag of the least of them
    bytes     of each, what it is above that, an unsigned integer

Layout of the values:

    1 byte    4 or 8: float32, where all equal one, or float64
    bytes     the values
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trackhelm_core.chunks.points import Points
from trackhelm_core.chunks.wire import ChunkFormatError, Reader, append_signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OFFSETS: Final = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_VALUES: Final = {4: "<f4", 8: "<f8"}
# By the length in bytes of the largest offset.
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
    # As a list: of so few, Python finds the least and the largest sooner than NumPy.
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
        # By their bits: a NaN's payload and the sign of zero survive.
        is_exact = (narrow.astype(np.float64).view(np.int64) == column.view(np.int64)).all()
    out.append(4 if is_exact else 8)
    out += (narrow if is_exact else column.astype(_VALUES[8])).tobytes()


def _read_values(reader: Reader, count: int) -> NDArray[np.float64]:
    width = reader.byte()
    if width not in _VALUES:
        raise ChunkFormatError(f"values of {width} bytes")
    return np.frombuffer(reader.take(width * count), _VALUES[width]).astype(np.float64)
