"""Byte planes: a column of unsigned integers as one byte string for each byte position.

Owns the layout of planes and all use of zstd. Must not know what the integers mean.

A noisy column has planes of pure noise beside planes of almost no information. Compressed together they share
one Huffman table and the noise hides the rest, so each plane is compressed on its own or stored as it is.

Layout, for a count of integers that the reader already knows:

    1 byte    width: planes stored, 0 to 8; the bytes above are 0
    1 byte    absent when width is 0. Bit i: plane i (i = 0 is the least significant byte) is compressed
    planes    from the least significant: `count` bytes, or a varint length and that many bytes of one zstd
              frame without its 4 magic bytes, whose header must declare a content size of exactly `count`
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from trackhelm_core.chunks.wire import ChunkFormatError, Reader, append_varint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAGIC: Final = zstandard.FRAME_HEADER
_MAX_WIDTH: Final = 8
# On 1,000 noisy losses level 3 saves nothing (7.33 bytes a point against 7.32) and level 6 costs 25% more
# time; the negative levels lose the entropy coding that all of the gain comes from (7.96).
_LEVEL: Final = 1
# A frame has 5 bytes of its own: below 32 points no plane of a noisy metric shrank.
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
            if len(compressed) + 2 < count:  # 2: the length before it
                out[mask_at] |= 1 << index
                append_varint(out, len(compressed))
                raw = compressed
        out += raw


def read_planes(reader: Reader, count: int) -> NDArray[np.uint64]:
    """Read a column of `count` integers; allocates 8 bytes for each, whatever the input says."""
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
        # The library allocates what the frame declares, so that is checked before.
        declared = zstandard.get_frame_parameters(frame).content_size
        if declared != count:
            raise ChunkFormatError(f"a plane of {declared} bytes in a column of {count}")
        return _contexts.decompressor.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ChunkFormatError(f"a plane does not decompress: {error}") from error
