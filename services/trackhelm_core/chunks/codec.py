"""The frame of a chunk: version, layout, count and checksum around the points.

Owns the choice of layout, the limits and the errors of the whole. Must not know how a column is predicted or compressed.

A chunk keeps the order and the multiplicity of the points it is given, and every bit of every step, timestamp and
value; `points.merge` makes sets. Version 1, little-endian throughout:

    1 byte    0x10: rows, or 0x11: columns. The high four bits are the version
    varint    count: how many points, at most MAX_POINTS (rows: MAX_ROWS). Unsigned, 7 bits a byte, least significant
              first, the eighth bit set on all but the last byte
    rows      the points one after another, see `rows`; or
    columns   steps, timestamps (see `columns`), values (see `values`), each with the planes described in `planes`
    4 bytes   CRC-32 (of zlib, gzip and PNG) of everything before it

Nothing may follow the last column, and a count of 0 is written as rows.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from trackhelm_core.chunks.columns import append_column, read_column
from trackhelm_core.chunks.points import Points
from trackhelm_core.chunks.rows import append_rows, read_rows
from trackhelm_core.chunks.values import append_values, read_values
from trackhelm_core.chunks.wire import ChunkFormatError, Reader, append_varint

__all__ = ["MAX_POINTS", "MAX_ROWS", "ChunkFormatError", "decode", "encode"]

# A few hostile bytes can declare a constant column of any length: this bounds what they make the reader allocate to
# some 60 MB, and a chunk of noise to 25 MB.
MAX_POINTS: Final = 1 << 20
MAX_ROWS: Final = 255

_ROWS: Final = 0x10
_COLUMNS: Final = 0x11
_CHECKSUM_SIZE: Final = 4
_WRITE_ROWS_UP_TO: Final = 12


def encode(points: Points) -> bytes:
    """Encode points as one chunk.

    Raises:
        ValueError: There are more than MAX_POINTS.
    """
    count = len(points)
    if count > MAX_POINTS:
        raise ValueError(f"a chunk holds at most {MAX_POINTS} points, not {count}")
    out = bytearray()
    if count <= _WRITE_ROWS_UP_TO:
        out.append(_ROWS)
        append_varint(out, count)
        append_rows(out, points)
    else:
        out.append(_COLUMNS)
        append_varint(out, count)
        append_column(out, np.ascontiguousarray(points.steps))
        append_column(out, np.ascontiguousarray(points.timestamps))
        append_values(out, np.ascontiguousarray(points.values))
    out += zlib.crc32(out).to_bytes(_CHECKSUM_SIZE, "little")
    return bytes(out)


def decode(data: bytes) -> Points:
    """Decode one chunk.

    Raises:
        ChunkFormatError: The bytes are not a chunk that `encode` can have written.
    """
    if len(data) < _CHECKSUM_SIZE:
        raise ChunkFormatError("too short for a chunk")
    content, checksum = memoryview(data)[:-_CHECKSUM_SIZE], data[-_CHECKSUM_SIZE:]
    if zlib.crc32(content) != int.from_bytes(checksum, "little"):
        raise ChunkFormatError("the checksum does not match: the chunk is corrupted or truncated")
    reader = Reader(content)
    layout = reader.byte()
    if layout not in (_ROWS, _COLUMNS):
        raise ChunkFormatError(f"an unknown chunk version or layout 0x{layout:02x}")
    count = reader.varint()
    limit = MAX_ROWS if layout == _ROWS else MAX_POINTS
    if count > limit:
        raise ChunkFormatError(f"a chunk of {count} points, the limit is {limit}")
    if layout == _ROWS:
        points = read_rows(reader, count)
    else:
        points = Points(read_column(reader, count), read_column(reader, count), read_values(reader, count))
    reader.expect_end()
    return points
