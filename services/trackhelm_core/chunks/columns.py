"""Integer columns: each integer is predicted from those before it, and the differences stored as byte planes.

Owns the choice of the predictor and its inverse, the layout of planes, all use of zstd, and what every module
of the format reads and writes with: the error, bounded reading, variable-length integers. Must not know
whether the integers are steps, times or the bits of floats.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VARINT_BYTES = 10  # the length of the longest 64-bit integer at 7 bits a byte
_UINT64 = (1 << 64) - 1


class ChunkFormatError(ValueError):
    """The bytes are not a chunk: truncated, corrupted, or of a version this code does not read."""


class Reader:
    """A position in a sequence of bytes. Reading beyond the end raises `ChunkFormatError`."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> memoryview:
        """Return the next `size` bytes."""
        end = self._position + size
        if end > len(self._data):
            raise ChunkFormatError(f"the chunk ends {end - len(self._data)} bytes too early")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def varint(self) -> int:
        """Return the next unsigned 64-bit integer, 7 bits a byte, least significant first."""
        result = 0
        for index in range(_VARINT_BYTES):
            byte = self.byte()
            result |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:  # noqa: PLR2004 - the continuation bit
                if result > _UINT64:
                    break
                return result
        raise ChunkFormatError("an integer is longer than 64 bits")

    def signed(self) -> int:
        """Return the next signed 64-bit integer: a zigzag varint."""
        return unzigzag(self.varint())

    def expect_end(self) -> None:
        """Raise `ChunkFormatError` if there are bytes that have not been read."""
        rest = len(self._data) - self._position
        if rest:
            raise ChunkFormatError(f"{rest} bytes follow the last column")


def append_varint(out: bytearray, number: int) -> None:
    """Append an unsigned integer in the form that `Reader.varint` reads."""
    while number > 0x7F:  # noqa: PLR2004 - the largest integer of 7 bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def append_signed(out: bytearray, number: int) -> None:
    """Append a signed integer in the form that `Reader.signed` reads."""
    append_varint(out, zigzag(number))


def zigzag(number: int) -> int:
    """Map a signed 64-bit integer to an unsigned one, so that 0, -1, 1, -2 become 0, 1, 2, 3."""
    return number << 1 ^ number >> 63


def unzigzag(number: int) -> int:
    """Undo `zigzag`."""
    return number >> 1 ^ -(number & 1)


# Byte planes: a column of unsigned integers is stored as one byte string for each byte position.
#
# A noisy column has planes of pure noise and planes with almost no information. If they were compressed
# together, they would share one Huffman table and the noise would spoil it for the rest. So each plane is
# compressed on its own, or stored as it is.
#
# Layout, for a count of integers that the reader already knows:
#
#     1 byte    width: how many planes are stored, 0 to 8; the higher bytes are 0
#     1 byte    absent when width is 0. Bit i: plane i (i = 0 is the least significant byte) is compressed
#     planes    from the least significant: `count` bytes, or a varint length and that many bytes of one zstd
#               frame without its 4 magic bytes, whose header must declare a content size of exactly `count`

_MAGIC: Final = zstandard.FRAME_HEADER
_MAX_WIDTH: Final = 8
# On 1,000 noisy losses level 3 saves nothing (7.33 bytes a point against 7.32) and level 6 costs 25% more
# time; the negative levels lose the entropy coding that all of the gain comes from (7.96).
_LEVEL: Final = 1
# A frame has an overhead of 5 bytes: below 32 points no plane of a noisy metric became smaller.
_MIN_COMPRESSED: Final = 32


class _Contexts(threading.local):
    """zstd contexts are costly to make and must not be shared by threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def append_planes(out: bytearray, integers: NDArray[np.uint64]) -> None:
    """Append a non-empty column."""
    count = len(integers)
    width = (int(integers.max()).bit_length() + 7) // 8
    out.append(width)
    if width == 0:
        return
    matrix = integers.astype("<u8", copy=False).view(np.uint8).reshape(count, _MAX_WIDTH)
    mask_at = len(out)
    out.append(0)
    for index, plane in enumerate(np.ascontiguousarray(matrix[:, :width].T)):
        raw = plane.tobytes()
        if count >= _MIN_COMPRESSED:
            compressed = _contexts.compressor.compress(raw)[len(_MAGIC) :]
            if len(compressed) + 2 < count:  # 2: the bytes of the length in front
                out[mask_at] |= 1 << index
                append_varint(out, len(compressed))
                raw = compressed
        out += raw


def read_planes(reader: Reader, count: int) -> NDArray[np.uint64]:
    """Read a column of `count` integers. It allocates 8 bytes for each, whatever the input declares."""
    width = reader.byte()
    if width > _MAX_WIDTH:
        raise ChunkFormatError(f"a column of {width} byte planes")
    matrix = np.zeros((count, _MAX_WIDTH), np.uint8)
    if width:
        mask = reader.byte()
        if mask >> width:
            raise ChunkFormatError("a plane that is not stored is marked as compressed")
        for index in range(width):
            plane = _decompress(reader, count) if mask >> index & 1 else reader.take(count)
            matrix[:, index] = np.frombuffer(plane, np.uint8)
    return matrix.reshape(-1).view("<u8").astype(np.uint64, copy=False)


def _decompress(reader: Reader, count: int) -> bytes:
    frame = _MAGIC + reader.take(reader.varint())
    try:
        # The library allocates as much as the frame declares, so the declared size is checked first.
        declared = zstandard.get_frame_parameters(frame).content_size
        if declared != count:
            raise ChunkFormatError(f"a plane of {declared} bytes in a column of {count}")
        return _contexts.decompressor.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ChunkFormatError(f"a plane does not decompress: {error}") from error


# Integer columns: the layout, for a count that the reader already knows. All arithmetic is modulo 2^64, so
# that the difference of any two int64 is exact.
#
#     1 byte    order: how many times the column is differenced, 0, 1 or 2; less than the count
#     varints   (zigzag) the first integer of the column and of its first difference: `order` of them
#     varint    (zigzag) base
#     planes    zigzag(d - base) for each of the `count - order` integers d of the order-th difference
#
# Order 0 suits noise around a constant, order 1 a constant difference (the base is that difference, so the
# residuals of a regular column are 0 and cost nothing), and order 2 a smooth curve.

_MAX_ORDER: Final = 2
_ORDER_SAMPLE: Final = 256
_BASE_SAMPLE: Final = 1024
_ONE: Final = np.uint64(1)
_NOTHING: Final = np.zeros(1, np.uint64)


def append_column(out: bytearray, column: NDArray[np.int64]) -> None:
    """Append a column of at least one integer."""
    if len(column) > _MAX_ORDER and _append_steady(out, column):
        return
    order = _choose_order(column)
    out.append(order)
    differences = column.view(np.uint64)
    for _ in range(order):
        append_signed(out, int(differences[0].view(np.int64)))
        differences = differences[1:] - differences[:-1]
    base = _median(differences.view(np.int64))
    append_signed(out, base)
    append_planes(out, _zigzag(differences - np.uint64(base & 0xFFFF_FFFF_FFFF_FFFF)))


def _append_steady(out: bytearray, column: NDArray[np.int64]) -> bool:
    """Append a column with a constant difference, such as steps, and return True; else return False.

    It writes the same bytes as the general way and takes a tenth of the time.
    """
    unsigned = column.view(np.uint64)
    differences = unsigned[1:] - unsigned[:-1]
    if not (differences == differences[0]).all():
        return False
    pace = int(differences[0].view(np.int64))
    out.append(1 if pace else 0)
    append_signed(out, int(column[0]))
    if pace:
        append_signed(out, pace)
    append_planes(out, _NOTHING)
    return True


def read_column(reader: Reader, count: int) -> NDArray[np.int64]:
    """Read a column of `count` integers."""
    order = reader.byte()
    if order > _MAX_ORDER or order >= count:
        raise ChunkFormatError(f"a column of {count} integers differenced {order} times")
    heads = [reader.signed() for _ in range(order)]
    base = reader.signed()
    column = np.empty(count, np.int64)
    unsigned = column.view(np.uint64)
    residuals = read_planes(reader, count - order)
    _unzigzag(residuals)
    np.add(residuals, np.uint64(base & 0xFFFF_FFFF_FFFF_FFFF), out=unsigned[order:])
    for index in reversed(range(order)):
        column[index] = heads[index]
        np.cumsum(unsigned[index:], out=unsigned[index:])
    return column


def _choose_order(column: NDArray[np.int64]) -> int:
    """Choose the order whose residuals have the fewest bits, measured on a sample from the whole column.

    In a sample from one place a trend looks like noise: choosing by it cost up to 11% more on noisy metrics.
    """
    if len(column) <= _MAX_ORDER:
        return 0
    unsigned = column.view(np.uint64)
    stride = len(column) // _ORDER_SAMPLE + 1
    level, before, earlier = unsigned[2::stride], unsigned[1:-1:stride], unsigned[:-2:stride]
    slope = level - before
    candidates = np.stack((level, slope, slope - (before - earlier)))
    middle = candidates.shape[1] // 2
    medians = np.partition(candidates.view(np.int64), middle)[:, middle : middle + 1]
    distances = np.abs((candidates.view(np.int64) - medians).astype(np.float64)) + 1.0
    # The exponent of a float with the first 8 bits of its mantissa is a good enough logarithm.
    logarithms = distances.view(np.int64) >> 44
    return int(logarithms.sum(axis=1).argmin())


def _median(column: NDArray[np.int64]) -> int:
    """Return the median of an evenly spaced sample: a base that a few outliers do not change."""
    sample = column[:: len(column) // _BASE_SAMPLE + 1]
    middle = len(sample) // 2
    return int(np.partition(sample, middle)[middle])


def _zigzag(unsigned: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Map small magnitudes to small integers, as `zigzag` does for one."""
    return (unsigned << _ONE) ^ (unsigned.view(np.int64) >> 63).view(np.uint64)


def _unzigzag(unsigned: NDArray[np.uint64]) -> None:
    """Undo `_zigzag` in place."""
    sign = unsigned & _ONE
    np.negative(sign, out=sign)
    unsigned >>= _ONE
    unsigned ^= sign
