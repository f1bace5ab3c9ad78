"""Float columns: an exact, reversible map from float64 to integers, which `columns` then stores.

Owns the maps and the choice among them. Must not compress.

Layout: 1 byte naming the map, then an integer column. The first map that is exact for every value is taken:

    0 .. 12   decimal: value = integer / 10^map, both as float64. Rounded metrics and counts: 0.9131 is 9131
              with map 4. The division rounds correctly, hence yields the float64 that the decimal denotes.
    32        float32: the ordered bit pattern of the float32 equal to the value. What a float32 loop logs.
    64        float64: the ordered bit pattern of the value. Always exact, every NaN payload included.

An ordered bit pattern is the pattern read as a signed integer, with all bits but the sign flipped when
negative: close floats then have close integers, across zero too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trackhelm_core.chunks.columns import append_column, read_column
from trackhelm_core.chunks.wire import ChunkFormatError, Reader

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOAT32: Final = 32
_FLOAT64: Final = 64
_MAX_PLACES: Final = 12
_POWERS: NDArray[np.float64] = np.array([float(10**places) for places in range(_MAX_PLACES + 1)])
_SAMPLE: Final = 16
_EXACT_INTEGERS: Final = 2.0**53


def append_values(out: bytearray, values: NDArray[np.float64]) -> None:
    """Append a column of at least one value."""
    # A map that overflows or meets NaN on the way is not exact, which the comparison finds.
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
        # A signalling NaN, which the encoder never writes here, would warn.
        with np.errstate(invalid="ignore"):
            return _ordered32(narrow).view(np.float32).astype(np.float64)
    if form == _FLOAT64:
        return _ordered64(integers).view(np.float64)
    raise ChunkFormatError(f"values in an unknown map {form}")


def _as_decimals(values: NDArray[np.float64]) -> tuple[int, NDArray[np.int64]] | None:
    """Return the fewest decimal places that are exact for all values and the scaled integers, or None.

    A few values rule places out before all of them are tried, so noise costs one small array.
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
    """Return values scaled to whole numbers, and whether dividing each gives back the value."""
    scaled: NDArray[np.float64] = np.rint(values * powers)
    exact = (np.abs(scaled) <= _EXACT_INTEGERS) & _same_bits(scaled.astype(np.int64) / powers, values)
    return scaled, exact


def _same_bits(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Compare bit for bit: tells -0.0 from 0.0 and finds NaN equal to itself."""
    return np.equal(left.view(np.int64), right.view(np.int64))


def _ordered32(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """Order float32 bit patterns; its own inverse."""
    return bits ^ ((bits >> 31) & np.int32(0x7FFF_FFFF))


def _ordered64(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order float64 bit patterns; its own inverse."""
    return bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))
