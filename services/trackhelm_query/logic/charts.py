"""Rules of charts: lines over a window of an axis, each as its exact points or as buckets of one grid."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks import Points
from trackhelm_core.chunks.buckets import Buckets, level_of
from trackhelm_query.logic.asked_charts import AskedChart, Axis, check, check_cells
from trackhelm_query.logic.lines import Line, find_lines, read_points

Columns = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Places on the axis, ascending, and values."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line: its points in the window, each a bucket of its own when `exact`."""

    line: Line
    exact: bool
    buckets: Buckets

    @property
    def points(self) -> int:
        """How many points the window holds."""
        return int(self.buckets.count.sum())


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines that have a point in the window, whose bounds are known when there are any."""

    axis: Axis
    lines: Sequence[DrawnLine]
    start: int | None
    end: int | None
    level: int = 0

    @property
    def first_bucket(self) -> int:
        """The index of the bucket that holds the start."""
        return (self.start or 0) >> self.level


def draw(session: Session, asked: AskedChart) -> Chart:
    """Return a chart. What does not exist, or has no point in the window, is left out."""
    check(asked)
    run_ids, keys = list(dict.fromkeys(asked.run_ids)), list(dict.fromkeys(asked.keys))
    lines = find_lines(session, run_ids, keys, labels=asked.labels, group_by=asked.group_by)
    check_cells("lines", len(lines), asked.buckets)
    drawn: dict[int, DrawnLine] = {}
    with closing(read_points(session, lines, _steps(asked))) as found:
        for at, points in found:
            x, values = _in_window(asked, *_columns(asked.axis, lines[at], points))
            if len(x):
                drawn[at] = _draw_line(lines[at], x, values, asked.buckets)
    return _on_one_grid(asked, [drawn[at] for at in sorted(drawn)])


def _draw_line(line: Line, x: NDArray[np.int64], values: NDArray[np.float64], limit: int) -> DrawnLine:
    if len(x) <= limit:
        # Copied: a view of some points would keep all of the line's in memory.
        return DrawnLine(line, exact=True, buckets=Buckets.of_points(x.copy(), values.copy()))
    # The chart's window is only known when all lines are read, so each gets a grid of its own at first,
    # which is at least as fine.
    level = level_of(int(x[0]), int(x[-1]), limit)
    return DrawnLine(line, exact=False, buckets=Buckets.of_points(x, values).coarsen(level))


def _on_one_grid(asked: AskedChart, drawn: Sequence[DrawnLine]) -> Chart:
    if not drawn:
        return Chart(asked.axis, [], asked.start, asked.end)
    start = min(int(each.buckets.x_first[0]) for each in drawn) if asked.start is None else asked.start
    end = max(int(each.buckets.x_last[-1]) for each in drawn) if asked.end is None else asked.end
    level = level_of(start, end, asked.buckets)
    lines = [each if each.exact else _coarsened(each, asked.buckets, level) for each in drawn]
    return Chart(asked.axis, lines, start, end, level)


def _coarsened(drawn: DrawnLine, limit: int, level: int) -> DrawnLine:
    own = level_of(int(drawn.buckets.x_first[0]), int(drawn.buckets.x_last[-1]), limit)
    return DrawnLine(drawn.line, exact=False, buckets=drawn.buckets.coarsen(level - own))


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


def _steps(asked: AskedChart) -> tuple[int | None, int | None]:
    return (asked.start, asked.end) if asked.axis is Axis.STEP else (None, None)
