"""What a caller may ask of a chart: its axis, its window, and how large it may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import CHART_CELLS, CHART_KEYS, CHART_RUNS, LABEL_FILTER_VALUES, LABELS
from trackhelm_query.logic.lines import LabelFilter


class Axis(StrEnum):
    """What a chart is drawn over. `RELATIVE` is milliseconds since the run's start."""

    STEP = "step"
    TIME = "time"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedChart:
    """A chart as a caller asks for it.

    `start` and `end` are inclusive; None is where the points begin or end.
    """

    run_ids: Sequence[str]
    keys: Sequence[str]
    axis: Axis
    buckets: int
    start: int | None
    end: int | None
    labels: LabelFilter
    group_by: Sequence[str]


def check(asked: AskedChart) -> None:
    """Refuse a chart that is too large or has no window."""
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
    """Refuse more cells than an answer may hold."""
    if lines * buckets > CHART_CELLS:
        raise InvalidParameterError(
            f"The chart is too large: {what} x buckets are {lines} x {buckets} = {lines * buckets}; "
            f"it must be at most {CHART_CELLS}."
        )
