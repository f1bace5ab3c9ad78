"""The frame of a chunk: version, layout, count and checksum around the points.

Owns the choice of the layout, the limits and the checksum. Must not know how a column is predicted or
compressed.

A chunk keeps its points in their order, duplicates included, and every bit of every step, timestamp and
value; `points.merge` removes duplicates. Version 1, little-endian throughout:

    1 byte    0x10: rows, 0x11: columns, or 0x12: offsets. The high four bits are the version
    varint    count: how many points, at most MAX_POINTS (rows and offsets: MAX_FEW). A varint is an
              unsigned integer below 2^64, 7 bits a byte, least significant first, the eighth bit set on all
              but the last
    rows      the points one after another, see `layouts`; or
    offsets   plain columns, see `layouts`; or
    columns   steps, timestamps (see `columns`), values (see `layouts`), each ending in planes (`columns`)
    4 bytes   CRC-32 (of zlib, gzip and PNG) of everything before it

Zigzag stores a signed 64-bit integer n as an unsigned one: 2n, or -2n - 1 when n is negative. Nothing may
stand between the last point and the checksum. A count of 0 is written as rows.

Measured on one core (timestamps 250 +- 15 ms apart); docs/decisions/0002-chunk-format.md has the whole table:

    points     encode    decode    bytes a point: noisy loss, the same from float32, rounded to 4 places
    1            2 us      5 us    21.0    17.0    21.0
    20          11 us      9 us    11.8     7.8    11.8
    20, tight   73 us     42 us     9.8     5.8     4.3
    1,000      141 us     66 us     7.3     3.7     2.1
    100,000    6.0 ms    5.4 ms     7.2     3.6     2.0
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from trackhelm_core.chunks.columns import ChunkFormatError, Reader, append_column, append_varint, read_column
from trackhelm_core.chunks.layouts import (
    append_offsets,
    append_rows,
    append_values,
    read_offsets,
    read_rows,
    read_values,
)
from trackhelm_core.chunks.points import Points

__all__ = ["MAX_FEW", "MAX_POINTS", "ChunkFormatError", "decode", "encode"]

# A few hostile bytes can declare constant columns of any length, so only this limit bounds the memory that a
# reader takes: 42 MB at the peak, measured.
MAX_POINTS: Final = 1 << 20
MAX_FEW: Final = 255

_ROWS: Final = 0x10
_COLUMNS: Final = 0x11
_OFFSETS: Final = 0x12
_CHECKSUM_SIZE: Final = 4
# For 8 points of noise, rows are as small as columns (105 bytes either way) and take a tenth of the time.
# Readers accept up to MAX_FEW, so these limits can change without a new version of the format.
_WRITE_ROWS_UP_TO: Final = 8
_WRITE_OFFSETS_UP_TO: Final = 128


def encode(points: Points, *, tight: bool = False) -> bytes:
    """Encode points as one chunk.

    `tight` spends 80 us to make a chunk of about a dozen points a third smaller. Compaction can afford that
    time; a drain that writes a thousand such chunks cannot.

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
        is_quick = count <= _WRITE_OFFSETS_UP_TO and not tight
        out.append(_OFFSETS if is_quick else _COLUMNS)
        append_varint(out, count)
        steps = np.ascontiguousarray(points.steps)
        timestamps = np.ascontiguousarray(points.timestamps)
        values = np.ascontiguousarray(points.values)
        if is_quick:
            append_offsets(out, Points(steps, timestamps, values))
        else:
            append_column(out, steps)
            append_column(out, timestamps)
            append_values(out, values)
    out += zlib.crc32(out).to_bytes(_CHECKSUM_SIZE, "little")
    return bytes(out)


def decode(data: bytes) -> Points:
    """Decode one chunk.

    Raises:
        ChunkFormatError: The bytes are not a chunk, or not one of this version.
    """
    if len(data) < _CHECKSUM_SIZE:
        raise ChunkFormatError("too short for a chunk")
    content, checksum = memoryview(data)[:-_CHECKSUM_SIZE], data[-_CHECKSUM_SIZE:]
    if zlib.crc32(content) != int.from_bytes(checksum, "little"):
        raise ChunkFormatError("the checksum does not match: the chunk is corrupted or truncated")
    reader = Reader(content)
    layout = reader.byte()
    if layout not in (_ROWS, _COLUMNS, _OFFSETS):
        raise ChunkFormatError(f"an unknown chunk version or layout 0x{layout:02x}")
    count = reader.varint()
    limit = MAX_POINTS if layout == _COLUMNS else MAX_FEW
    if count > limit:
        raise ChunkFormatError(f"a chunk of {count} points, the limit is {limit}")
    if layout == _ROWS:
        points = read_rows(reader, count)
    elif layout == _OFFSETS:
        points = read_offsets(reader, count)
    else:
        points = Points(read_column(reader, count), read_column(reader, count), read_values(reader, count))
    reader.expect_end()
    return points
