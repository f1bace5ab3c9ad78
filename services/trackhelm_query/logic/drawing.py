"""Drawing one line: its points in the window, exactly or as buckets of a grid of the line's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks import Points
from trackhelm_core.chunks.buckets import Buckets, level_of
from trackhelm_core.limits import CHART_POINTS
from trackhelm_query.logic.asked_charts import AskedChart, Axis
from trackhelm_query.logic.lines import Line
from trackhelm_query.logic.pieces import PIECE_POINTS, EncodedChunk, pieces_of

Columns = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Places on the axis, ascending, and values."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line: its points in the window, each a bucket of its own when `exact`; `level` is its grid's."""

    line: Line
    exact: bool
    level: int
    buckets: Buckets

    @property
    def points(self) -> int:
        """How many points the window holds."""
        return int(self.buckets.count.sum())

    def on_level(self, level: int) -> "DrawnLine":
        """Return the line on a grid at least as coarse as its own; an exact one is on every grid."""
        if self.exact:
            return self
        return replace(self, level=level, buckets=self.buckets.coarsen(level - self.level))


class _Part(NamedTuple):
    level: int
    buckets: Buckets


def draw_line(asked: AskedChart, line: Line, chunks: Sequence[EncodedChunk]) -> DrawnLine | None:
    """Return a line on a grid of its own, or None without points in the window.

    The grid is at least as fine as that of any window around the line.
    """
    # Of a run that was made without a start the first point is sought in all of the line.
    parts = None if _has_no_origin(asked, line) else _parts(asked, line, chunks, PIECE_POINTS)
    if parts is None:
        parts = _parts(asked, line, chunks, CHART_POINTS) or []
    if not parts:
        return None
    if sum(int(part.buckets.count.sum()) for part in parts) <= asked.buckets:
        return DrawnLine(line, exact=True, level=0, buckets=Buckets.join([part.buckets for part in parts]))
    level = level_of(int(parts[0].buckets.x_first[0]), int(parts[-1].buckets.x_last[-1]), asked.buckets)
    coarse = [part.buckets.coarsen(level - part.level) for part in parts]
    return DrawnLine(line, exact=False, level=level, buckets=Buckets.join(coarse).coarsen(0))


def _parts(asked: AskedChart, line: Line, chunks: Sequence[EncodedChunk], size: int) -> list[_Part] | None:
    """Return what is in the window, piece by piece; None when a piece begins before the end of another."""
    parts: list[_Part] = []
    for points in pieces_of(chunks, size):
        x, values = _in_window(asked, *_columns(asked.axis, line, points))
        if not len(x):
            continue
        if parts and x[0] < parts[-1].buckets.x_last[-1]:
            return None
        parts.append(_part(x, values, asked.buckets))
    return parts


def _part(x: NDArray[np.int64], values: NDArray[np.float64], limit: int) -> _Part:
    if len(x) <= limit:
        # Copied: a view of some points would keep all of the piece's in memory.
        return _Part(0, Buckets.of_points(x.copy(), values.copy()))
    level = level_of(int(x[0]), int(x[-1]), limit)
    return _Part(level, Buckets.of_points(x, values).coarsen(level))


def _has_no_origin(asked: AskedChart, line: Line) -> bool:
    return asked.axis is Axis.RELATIVE and not line.start_time


def _columns(axis: Axis, line: Line, points: Points) -> Columns:
    """Return points by their place on the axis; those of one place by time or step, then by value."""
    if axis is Axis.STEP:
        return points.steps, points.values
    times, values = points.timestamps, points.values
    if (times[1:] < times[:-1]).any():
        order = np.lexsort((values, points.steps, times))
        times, values = times[order], values[order]
    if axis is Axis.TIME or not len(times):
        return times, values
    # A run that was made without a start begins with the first point of the line.
    return times - (line.start_time or times[0]), values


def _in_window(asked: AskedChart, x: NDArray[np.int64], values: NDArray[np.float64]) -> Columns:
    begin = 0 if asked.start is None else int(np.searchsorted(x, asked.start, side="left"))
    end = len(x) if asked.end is None else int(np.searchsorted(x, asked.end, side="right"))
    return x[begin:end], values[begin:end]
