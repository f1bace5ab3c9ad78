"""Integer columns: predict each integer from those before it, store how far off the prediction was.

Owns the choice of predictor and its inverse. Must not know if the integers are steps, times or float bits.

All arithmetic is modulo 2^64, so differences of any two int64 survive. Layout, for a count the reader knows:

    1 byte    order: how often the column is differenced, 0, 1 or 2; less than the count
    varints   (zigzag) the first integer of the column and of its first difference: `order` of them
    varint    (zigzag) base
    planes    zigzag(d - base) for each of the `count - order` integers d of the order-th difference

Order 0 serves noise around a level, 1 a steady pace (the base is the pace: the residuals of a regular column
are 0 and cost nothing), 2 a smooth curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trackhelm_core.chunks.planes import append_planes, read_planes
from trackhelm_core.chunks.wire import ChunkFormatError, Reader, append_signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    """Append a column of one pace, such as steps: as what is below would, in a tenth of the time."""
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
    """Choose the order whose residuals have the fewest bits, judged on integers from all over the column.

    From one stretch of it, trends look like noise: choosing so cost up to 11% more on noisy metrics.
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
    # The bits of a float from the exponent on, 8 of the mantissa among them, are its logarithm well enough.
    logarithms = distances.view(np.int64) >> 44
    return int(logarithms.sum(axis=1).argmin())


def _median(column: NDArray[np.int64]) -> int:
    """Return the median of an even sample: a base that a few outliers do not move."""
    sample = column[:: len(column) // _BASE_SAMPLE + 1]
    middle = len(sample) // 2
    return int(np.partition(sample, middle)[middle])


def _zigzag(unsigned: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Map small magnitudes to small integers, as `wire.zigzag` does for one."""
    return (unsigned << _ONE) ^ (unsigned.view(np.int64) >> 63).view(np.uint64)


def _unzigzag(unsigned: NDArray[np.uint64]) -> None:
    """Undo `_zigzag` in place."""
    sign = unsigned & _ONE
    np.negative(sign, out=sign)
    unsigned >>= _ONE
    unsigned ^= sign
