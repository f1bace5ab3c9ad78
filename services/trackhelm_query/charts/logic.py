"""Rules for charts: lines over a window of an axis, each as its exact points or as buckets of one grid."""

import json
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks.buckets import Buckets, level_of, rounded
from trackhelm_core.chunks.pieces import PIECE_POINTS, BoundedChunk, Order, columns, pieces
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import (
    CHART_CELLS,
    CHART_KEYS,
    CHART_POINTS,
    CHART_RUNS,
    CHART_SERIES,
    LABEL_FILTER_VALUES,
    LABELS,
)
from trackhelm_domain.access.checks import readable_runs
from trackhelm_query.metrics import store

# The lines of a chart, their series and their chunks. A line has the points of a key of a run, or a part of
# them.

LabelFilter = Mapping[str, Sequence[str]]
"""For each label name the values that match; any of them is enough."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: the points of one or more series of a key, as one set."""

    run_id: str
    key: str
    labels: Mapping[str, str]
    start_time: int
    series_ids: list[int] = field(default_factory=list)


def find_lines(
    session: Session,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    labels: LabelFilter,
    group_by: Sequence[str],
) -> list[Line]:
    """Return the existing lines of keys in runs, in the order in which these are given, then by labels.

    Only series whose labels match the filter are included. Series with equal values of the labels in
    `group_by` are one line; a series without such a label is in a line without it.
    """
    readable = readable_runs(session, run_ids)
    ids = store.key_ids(session, keys)
    wanted = {ids[key]: key for key in keys if key in ids}
    if not wanted:
        return []
    rows = store.series_of_keys(session, readable, list(wanted), CHART_SERIES + 1)
    if len(rows) > CHART_SERIES:
        raise InvalidParameterError(
            f"The chart would read more than {CHART_SERIES} series, counting each set of labels: "
            "name fewer runs or keys."
        )
    lines: dict[tuple[str, str, tuple[tuple[str, str], ...]], Line] = {}
    for series_id, run_id, start_time, key_id, text in rows:
        given: dict[str, str] = json.loads(text)
        if not all(given.get(name) in values for name, values in labels.items()):
            continue
        grouped = {name: given[name] for name in group_by if name in given}
        name = (run_id, wanted[key_id], tuple(grouped.items()))
        if name not in lines:
            lines[name] = Line(run_id, wanted[key_id], grouped, start_time)
        lines[name].series_ids.append(series_id)
    run_at = {run_id: position for position, run_id in enumerate(run_ids)}
    key_at = {key: position for position, key in enumerate(keys)}
    return sorted(
        lines.values(),
        key=lambda line: (run_at[line.run_id], key_at[line.key], _label_order(line.labels)),
    )


def read_chunks(
    session: Session, lines: Sequence[Line], steps: store.StepRange
) -> Generator[tuple[int, list[BoundedChunk]]]:
    """Yield the position of each line with its chunks, in any order; lines without chunks are left out.

    It is one statement for any number of lines. The chunks may include points outside the range of steps.
    Only lines of which some series are not read yet are in memory.
    """
    line_of = {series_id: at for at, line in enumerate(lines) for series_id in line.series_ids}
    last_of = [max(line.series_ids) for line in lines]
    pending: defaultdict[int, list[BoundedChunk]] = defaultdict(list)
    total = 0
    with closing(store.chunks_of_series(session, sorted(line_of), steps)) as found:
        for series_id, rows in groupby(found, key=itemgetter(0)):
            at = line_of[series_id]
            for _, points, chunk in rows:
                total += points
                if total > CHART_POINTS:
                    raise InvalidParameterError(
                        f"The chart would read more than {CHART_POINTS} points: name fewer runs or keys, "
                        "or a window of steps."
                    )
                pending[at].append(chunk)
            if series_id == last_of[at]:
                yield at, pending.pop(at)
    yield from pending.items()


def _label_order(labels: Mapping[str, str]) -> list[tuple[str, int, str]]:
    # By length first, so that rank 9 is before rank 10.
    return [(name, len(value), value) for name, value in labels.items()]


# The request of a chart: its axis, its window, and its limits.


class Axis(StrEnum):
    """The x-axis of a chart. `RELATIVE` is the milliseconds since the run's start."""

    STEP = "step"
    TIME = "time"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """A chart as a caller requests it.

    `start` and `end` are inclusive; None means the first or last point.
    """

    run_ids: Sequence[str]
    keys: Sequence[str]
    axis: Axis
    buckets: int
    start: int | None
    end: int | None
    labels: LabelFilter
    group_by: Sequence[str]
    rounded: bool = False
    """Whether values of buckets need no more digits than a drawing shows. Those of exact lines stay."""


def check(asked: ChartRequest) -> None:
    """Refuse a chart that is too large or whose window is empty."""
    _check_number("run_ids", len(asked.run_ids), CHART_RUNS)
    _check_number("keys", len(asked.keys), CHART_KEYS)
    check_cells("runs x keys", len(set(asked.run_ids)) * len(set(asked.keys)), asked.buckets)
    if asked.start is not None and asked.end is not None and asked.start > asked.end:
        raise InvalidParameterError(
            f"Invalid value {asked.end} for parameter 'end' supplied: the window starts at {asked.start}; "
            "'end' must not be before 'start'."
        )
    _check_number("labels", len(asked.labels), LABELS, least=0)
    _check_number("group_by", len(asked.group_by), LABELS, least=0)
    for name, values in asked.labels.items():
        _check_number(f"labels.{name}", len(values), LABEL_FILTER_VALUES)


def _check_number(name: str, given: int, limit: int, least: int = 1) -> None:
    if not least <= given <= limit:
        raise InvalidParameterError(
            f"Invalid value for parameter '{name}' supplied: {given} are named; "
            f"it must be {least} to {limit}."
        )


def check_cells(what: str, lines: int, buckets: int) -> None:
    """Refuse more cells than an answer may have."""
    if lines * buckets > CHART_CELLS:
        raise InvalidParameterError(
            f"The chart is too large: {what} x buckets are {lines} x {buckets} = {lines * buckets}; "
            f"it must be at most {CHART_CELLS}."
        )


# Drawing one line: its points in the window, exactly or as buckets of a grid for this line.

Columns = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Positions on the axis, ascending, and values."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A drawn line: its buckets in the window, one for each point if `exact`. `level` is that of its grid."""

    line: Line
    exact: bool
    level: int
    buckets: Buckets

    @property
    def points(self) -> int:
        """The number of the line's points in the window."""
        return int(self.buckets.count.sum())

    def on_level(self, level: int) -> "DrawnLine":
        """Return the line on a grid that is as coarse or coarser; an exact line fits every grid."""
        if self.exact:
            return self
        return replace(self, level=level, buckets=self.buckets.coarsen(level - self.level))


class _Part(NamedTuple):
    level: int
    buckets: Buckets


def draw_line(asked: ChartRequest, line: Line, chunks: Sequence[BoundedChunk]) -> DrawnLine | None:
    """Return a line on a grid of its own, or None if it has no point in the window.

    The grid is at least as fine as that of any window that contains the line. Of a long line one piece of its
    points is in memory at a time, besides its chunks as they are stored.
    """
    parts = list(_parts(asked, line, chunks))
    if not parts:
        return None
    if sum(int(part.buckets.count.sum()) for part in parts) <= asked.buckets:
        return DrawnLine(line, exact=True, level=0, buckets=Buckets.join([part.buckets for part in parts]))
    level = level_of(int(parts[0].buckets.x_first[0]), int(parts[-1].buckets.x_last[-1]), asked.buckets)
    coarse = [part.buckets.coarsen(level - part.level) for part in parts]
    return DrawnLine(line, exact=False, level=level, buckets=Buckets.join(coarse).coarsen(0))


def _parts(asked: ChartRequest, line: Line, chunks: Sequence[BoundedChunk]) -> Iterator[_Part]:
    """Yield the parts of a line in the window, in the order of the axis."""
    order = Order.STEP if asked.axis is Axis.STEP else Order.TIME
    origin: int | None = None
    for points in pieces(sorted(chunks, key=lambda chunk: chunk.begin(order)), order, PIECE_POINTS):
        x, _ = columns(points, order)
        if asked.axis is Axis.RELATIVE:
            # A run without a start time begins with the first point of the line.
            if origin is None:
                origin = line.start_time or int(x[0])
            x = x - origin
        x, values = _in_window(asked, x, points.values)
        if len(x):
            yield _part(x, values, asked.buckets)


def _part(x: NDArray[np.int64], values: NDArray[np.float64], limit: int) -> _Part:
    if len(x) <= limit:
        # Copied, because a view would keep all points of the piece in memory.
        return _Part(0, Buckets.of_points(x.copy(), values.copy()))
    level = level_of(int(x[0]), int(x[-1]), limit)
    return _Part(level, Buckets.of_points(x, values).coarsen(level))


def _in_window(asked: ChartRequest, x: NDArray[np.int64], values: NDArray[np.float64]) -> Columns:
    begin = 0 if asked.start is None else int(np.searchsorted(x, asked.start, side="left"))
    end = len(x) if asked.end is None else int(np.searchsorted(x, asked.end, side="right"))
    return x[begin:end], values[begin:end]


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines with a point in the window. The bounds of the window can be None only if there is no line."""

    axis: Axis
    lines: Sequence[DrawnLine]
    start: int | None
    end: int | None
    level: int = 0

    @property
    def first_bucket(self) -> int:
        """The index of the bucket with the start of the window."""
        return (self.start or 0) >> self.level


def draw(session: Session, asked: ChartRequest) -> Chart:
    """Return a chart. Lines that do not exist, or have no point in the window, are left out."""
    check(asked)
    run_ids, keys = list(dict.fromkeys(asked.run_ids)), list(dict.fromkeys(asked.keys))
    lines = find_lines(session, run_ids, keys, labels=asked.labels, group_by=asked.group_by)
    check_cells("lines", len(lines), asked.buckets)
    drawn: dict[int, DrawnLine] = {}
    with closing(read_chunks(session, lines, _steps(asked))) as found:
        for at, chunks in found:
            if line := draw_line(asked, lines[at], chunks):
                drawn[at] = line
    return _on_one_grid(asked, [drawn[at] for at in sorted(drawn)])


def _on_one_grid(asked: ChartRequest, drawn: Sequence[DrawnLine]) -> Chart:
    if not drawn:
        return Chart(asked.axis, [], asked.start, asked.end)
    start = min(int(each.buckets.x_first[0]) for each in drawn) if asked.start is None else asked.start
    end = max(int(each.buckets.x_last[-1]) for each in drawn) if asked.end is None else asked.end
    level = level_of(start, end, asked.buckets)
    lines = [each.on_level(level) for each in drawn]
    return Chart(asked.axis, _rounded(lines) if asked.rounded else lines, start, end, level)


def _rounded(lines: Sequence[DrawnLine]) -> list[DrawnLine]:
    made = iter(rounded([line.buckets for line in lines if not line.exact]))
    return [line if line.exact else replace(line, buckets=next(made)) for line in lines]


def _steps(asked: ChartRequest) -> tuple[int | None, int | None]:
    return (asked.start, asked.end) if asked.axis is Axis.STEP else (None, None)
