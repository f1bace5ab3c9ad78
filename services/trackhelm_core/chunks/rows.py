"""Rows: the form of a chunk of few points, such as the one point of a single log_metric call.

Owns the layout of points one after another. Must not use NumPy arithmetic or zstd: it is there to avoid their
fixed cost (two points: 3 us here, 60 us as columns).

Layout of each point, little-endian; the reader knows how many there are:

    1 byte    bits 0-2: size code of the step, bits 3-5: of the timestamp. The codes 0 to 7 mean 0, 1, 2, 3,
              4, 5, 6, 8 bytes. Bit 6: the value is stored as a float32 equal to it. Bit 7: 0
    bytes     step, then timestamp: zigzag of the difference, modulo 2^64, to the point before (first: to 0)
    4 or 8    value: float32 or float64
"""

from __future__ import annotations

import math
import struct
from typing import Final

from trackhelm_core.chunks.points import Points
from trackhelm_core.chunks.wire import ChunkFormatError, Reader, unzigzag, zigzag

_SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 8)
_CODES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 7)
_FLOAT32_BIT: Final = 0x40
_UNUSED_BIT: Final = 0x80
_FLOAT32: Final = struct.Struct("<f")
_FLOAT64: Final = struct.Struct("<d")
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
            value_bytes = _FLOAT64.pack(value)
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
        value = _FLOAT32 if tag & _FLOAT32_BIT else _FLOAT64
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
    """Return the value as a float32 if that is exact; NaN is not, as its payload may be lost."""
    if not abs(value) <= _FLOAT32_MAX and not math.isinf(value):
        return None  # struct refuses a finite float that is too large
    packed = _FLOAT32.pack(value)
    return packed if _FLOAT32.unpack(packed)[0] == value else None
