"""Rules of charts: lines over a window of an axis, each as its exact points or as buckets of one grid."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy.orm import Session

from trackhelm_core.chunks.buckets import level_of
from trackhelm_query.logic.asked_charts import AskedChart, Axis, check, check_cells
from trackhelm_query.logic.drawing import DrawnLine, draw_line
from trackhelm_query.logic.lines import find_lines, read_chunks


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
    with closing(read_chunks(session, lines, _steps(asked))) as found:
        for at, chunks in found:
            if line := draw_line(asked, lines[at], chunks):
                drawn[at] = line
    return _on_one_grid(asked, [drawn[at] for at in sorted(drawn)])


def _on_one_grid(asked: AskedChart, drawn: Sequence[DrawnLine]) -> Chart:
    if not drawn:
        return Chart(asked.axis, [], asked.start, asked.end)
    start = min(int(each.buckets.x_first[0]) for each in drawn) if asked.start is None else asked.start
    end = max(int(each.buckets.x_last[-1]) for each in drawn) if asked.end is None else asked.end
    level = level_of(start, end, asked.buckets)
    return Chart(asked.axis, [each.on_level(level) for each in drawn], start, end, level)


def _steps(asked: AskedChart) -> tuple[int | None, int | None]:
    return (asked.start, asked.end) if asked.axis is Axis.STEP else (None, None)
