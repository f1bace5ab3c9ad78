"""Buckets of a series for a chart: a line of any length, summarised in a few hundred columns.

Owns the grid of buckets and the summary that a bucket holds. Must not know axes, runs, windows or the wire.

The width of a bucket is a power of two and its edges are multiples of its width. Appended points therefore
never move an edge (when the window outgrows the grid, each two neighbours are merged into one bucket), the
buckets of all series of a chart have the same edges, and a fine grid can be made coarser exactly, because
the summaries of two buckets can be merged. The index of a bucket is `x >> level`, which cannot overflow.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_BUCKETS: Final = 2
"""On every level an edge lies at 0, so a window across 0 never fits into one bucket."""

ROUNDED_BITS: Final = 20
"""The binary digits that rounded values keep at least: six decimal ones."""

# Sums of up to 2^40 doubles stay finite when each is first scaled by this. It is a power of two, so scaling
# is exact.
_SCALE: Final = 2.0**-40


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Non-empty buckets in order, as columns of one length.

    `first` and `last` are the values of the first and last point, finite or not. `min`, `max` and `mean` are
    taken over the finite values and are NaN if the bucket has none. `x_min` and `x_max` are those of the
    first point with that value, or of the bucket's first point if no value is finite. `nonfinite` is how many
    of the `count` points are NaN or infinite.
    """

    index: NDArray[np.int64]
    x_first: NDArray[np.int64]
    first: NDArray[np.float64]
    x_last: NDArray[np.int64]
    last: NDArray[np.float64]
    x_min: NDArray[np.int64]
    min: NDArray[np.float64]
    x_max: NDArray[np.int64]
    max: NDArray[np.float64]
    mean: NDArray[np.float64]
    count: NDArray[np.int64]
    nonfinite: NDArray[np.int64]

    @classmethod
    def of_points(cls, x: NDArray[np.int64], values: NDArray[np.float64]) -> Self:
        """Return each point as a bucket of its own, on level 0. `x` must be ascending; values may repeat."""
        finite = np.isfinite(values)
        numbers = values if finite.all() else np.where(finite, values, np.nan)
        ones = np.ones(len(x), np.int64)
        nonfinite = (~finite).astype(np.int64)
        return cls(x, x, values, x, values, x, numbers, x, numbers, numbers, ones, nonfinite)

    @classmethod
    def join(cls, parts: Sequence[Buckets]) -> Buckets:
        """Return the buckets of all parts. There is at least one part; all are on one level and in order.

        If one part ends and the next begins with the same index, both buckets stay; `coarsen(0)` merges them.
        """
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def __len__(self) -> int:
        return len(self.index)

    def coarsen(self, levels: int) -> Buckets:
        """Return buckets that are 2^levels times as wide. Buckets of equal index are always merged.

        Args:
            levels: 0 to 63.
        """
        index = self.index >> levels
        starts = np.flatnonzero(np.concatenate(([True], index[1:] != index[:-1]))[: len(index)])
        if len(starts) == len(index):
            return Buckets(index, *(getattr(self, field.name) for field in fields(self)[1:]))
        last = np.append(starts[1:], len(index)) - 1
        lowest = _lowest_at(self.min, starts, last)
        highest = _lowest_at(-self.max, starts, last)
        count = np.add.reduceat(self.count, starts)
        nonfinite = np.add.reduceat(self.nonfinite, starts)
        low, high = self.min[lowest], self.max[highest]
        return Buckets(
            index=index[starts],
            x_first=self.x_first[starts],
            first=self.first[starts],
            x_last=self.x_last[last],
            last=self.last[last],
            x_min=self._x_of(self.x_min, low, lowest, starts),
            min=low,
            x_max=self._x_of(self.x_max, high, highest, starts),
            max=high,
            mean=np.clip(_mean(self.mean, self.count - self.nonfinite, starts), low, high),
            count=count,
            nonfinite=nonfinite,
        )

    def _x_of(
        self,
        x: NDArray[np.int64],
        extreme: NDArray[np.float64],
        at: NDArray[np.int64],
        starts: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        return np.where(np.isnan(extreme), self.x_first[starts], x[at])


def level_of(first: int, last: int, limit: int) -> int:
    """Return the lowest level on which the window from `first` to `last` has at most `limit` buckets.

    A window inside another window never has a higher level.

    Raises:
        ValueError: `limit` is below MIN_BUCKETS, or the window ends before it begins.
    """
    if limit < MIN_BUCKETS:
        raise ValueError(f"a grid has at least {MIN_BUCKETS} buckets, not {limit}")
    if last < first:
        raise ValueError(f"the window ends at {last}, before it begins at {first}")
    return next(level for level in range(64) if (last >> level) - (first >> level) < limit)


def _lowest_at(
    values: NDArray[np.float64], starts: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the position of each bucket's first lowest value; NaN counts as greater than all values."""
    known = np.where(np.isnan(values), np.inf, values)
    lowest = np.minimum.reduceat(known, starts)
    found = np.flatnonzero(known == np.repeat(lowest, last - starts + 1))
    at: NDArray[np.int64] = found[np.searchsorted(found, starts)]
    return at


def _mean(
    means: NDArray[np.float64], weights: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean of each bucket's weighted means, NaN where all weights are 0."""
    total = np.add.reduceat(weights, starts)
    known = np.where(weights == 0, 0.0, means)
    with np.errstate(over="ignore", invalid="ignore"):
        mean: NDArray[np.float64] = np.add.reduceat(known * weights, starts) / total
        if not np.isfinite(mean[total > 0]).all():
            scaled = np.add.reduceat(known * _SCALE * weights, starts) / total / _SCALE
            mean = np.where(np.isfinite(mean), mean, scaled)
    return mean


# Rounding. The binary digits of a double after the first are 52 bits of its representation. Those not
# needed are set to zero, which any compression of bytes then makes short.

_FRACTION_BITS: Final = 52
_BIAS: Final = 1023
_SPECIAL: Final = 0x7FF
_NEAREST, _DOWN, _UP = range(3)


def rounded(lines: Sequence[Buckets]) -> list[Buckets]:
    """Return lines of buckets whose values have the digits that a drawing shows: a third of the bytes.

    Each value keeps `ROUNDED_BITS` binary digits of its own, those to the same part of its line's spread, and
    all before its binary point: so curves are right on linear and logarithmic axes, far from zero, and
    beside a spike. `min` is rounded down and `max` up, so that no band gets narrower, and the others to the
    nearest, which is never outside the band. Positions and counts stay as they are.
    """
    if not lines:
        return []
    smallest = np.repeat([_smallest_digit(line) for line in lines], [len(line) for line in lines])
    ends = np.cumsum([len(line) for line in lines])[:-1]

    def column(name: str, direction: int) -> list[NDArray[np.float64]]:
        return np.split(
            _round(np.concatenate([getattr(line, name) for line in lines]), smallest, direction), ends
        )

    names = ("first", "last", "mean", "min", "max")
    columns = zip(*map(column, names, (_NEAREST, _NEAREST, _NEAREST, _DOWN, _UP)), strict=True)
    return [
        replace(line, first=first, last=last, mean=mean, min=low, max=high)
        for line, (first, last, mean, low, high) in zip(lines, columns, strict=True)
    ]


def _smallest_digit(line: Buckets) -> int:
    """Return the exponent of 2 below which no digit of a line is needed, 0 at most.

    The spread is that of nine in ten buckets, since a spike must not make the rest coarse; if these are all
    alike, that of all.
    """
    low, high = _spread(line.last, len(line) // 20)
    if low == high:
        low, high = _spread(np.concatenate((line.min, line.max)), 0)
    return min(0, int(np.frexp(high / 2 - low / 2)[1]) - ROUNDED_BITS) if low < high else -_BIAS


def _spread(values: NDArray[np.float64], dropped: int) -> tuple[float, float]:
    """Return the least and greatest finite value, without so many at either end; zeros if none is left."""
    finite = values[np.isfinite(values)]
    if len(finite) <= 2 * dropped:
        return 0.0, 0.0
    ordered = np.partition(finite, (dropped, len(finite) - 1 - dropped))
    return float(ordered[dropped]), float(ordered[len(finite) - 1 - dropped])


def _round(values: NDArray[np.float64], smallest: NDArray[np.int64], direction: int) -> NDArray[np.float64]:
    """Return values without their digits below 2^smallest, but with `ROUNDED_BITS` of them at least."""
    bits = values.view(np.int64)
    exponents = (bits >> _FRACTION_BITS) & _SPECIAL
    kept = np.clip(exponents - _BIAS - smallest, ROUNDED_BITS, _FRACTION_BITS)
    # NaN and the infinities, zero and the numbers next to it have no first digit: they stay.
    kept[(exponents == _SPECIAL) | (exponents == 0)] = _FRACTION_BITS
    dropped = (np.int64(1) << (_FRACTION_BITS - kept)) - 1
    if direction == _NEAREST:
        added = dropped >> 1
    else:
        # To add them all moves away from zero, and carries into the exponent as it should.
        added = np.where((bits < 0) == (direction == _DOWN), dropped, 0)
    result = ((bits + added) & ~dropped).view(np.float64)
    # Above the largest double is none.
    return np.where(np.isinf(result), values, result)
