"""Rules for tables of runs: their columns, the values in them, and groups of runs."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from trackhelm_core.db.statements import PlainRows
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import GROUPED_METRICS, GROUPS_PAGE, TABLE_COLUMNS, TABLE_PAGE
from trackhelm_core.validation import check_page_size, parse_experiment_id
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.access.checks import permitted_experiments
from trackhelm_domain.runs.messages import run_data
from trackhelm_domain.runs.schemas import RunData
from trackhelm_query.keys.store import KeyKind
from trackhelm_query.runs import logic as runs_logic
from trackhelm_query.searches import SearchRequest
from trackhelm_query.table import store
from trackhelm_query.table.store import Counts, FoundGroups, Grouping


class ValueType(StrEnum):
    """The type of the values of a column."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: one value for each row, None where the run has none."""

    name: str
    type: ValueType
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class RunTable:
    """A page of runs by columns. The first column is always `run_id`."""

    columns: Sequence[Column]
    rows: int
    next_token: str

    @property
    def run_ids(self) -> Sequence[Value]:
        """The public ids of the runs."""
        return self.columns[0].values


# The names of columns: attributes by themselves or with their prefix, keys with that of a filter.


class _Attribute(NamedTuple):
    type: ValueType
    value: Callable[[Sequence[Any]], Value]
    """Returns the value of a row of `trackhelm_domain.runs.reading`."""


def _duration(row: Sequence[Any]) -> int | None:
    start, end = row[6], row[7]
    return None if end is None else end - start


_ATTRIBUTES: Final[Mapping[str, _Attribute]] = {
    "run_id": _Attribute(ValueType.TEXT, lambda row: row[1]),
    "run_name": _Attribute(ValueType.TEXT, lambda row: row[2]),
    "experiment_id": _Attribute(ValueType.TEXT, lambda row: str(row[3])),
    "user_id": _Attribute(ValueType.TEXT, lambda row: row[4]),
    "status": _Attribute(ValueType.TEXT, lambda row: row[5]),
    "start_time": _Attribute(ValueType.INTEGER, lambda row: row[6]),
    "end_time": _Attribute(ValueType.INTEGER, lambda row: row[7]),
    "duration": _Attribute(ValueType.INTEGER, _duration),
    "artifact_uri": _Attribute(ValueType.TEXT, lambda row: row[8]),
    "lifecycle_stage": _Attribute(ValueType.TEXT, lambda row: row[9]),
}

_SHOWN_ATTRIBUTES: Final = (
    *("run_id", "run_name", "experiment_id", "user_id", "status", "start_time", "end_time"),
    "lifecycle_stage",
)
"""Those of a table whose columns nobody chose."""

_TIMES: Final = frozenset({"start_time", "end_time"})
_ATTRIBUTE_PREFIX: Final = "attributes."
_KEYED: Final = {"metrics": KeyKind.METRIC, "params": KeyKind.PARAM, "tags": KeyKind.TAG}


class ColumnName(NamedTuple):
    """A column that was asked for: of an attribute if there is no kind."""

    text: str
    kind: KeyKind | None
    key: str


def parse_columns(names: Sequence[str]) -> list[ColumnName]:
    """Return the columns that a request names, each once.

    Raises:
        InvalidParameterError: There are too many, or one can be no column.
    """
    _check_number(names, "columns", TABLE_COLUMNS)
    return [_parse_column(name) for name in dict.fromkeys(names)]


def _check_number(names: Sequence[str], parameter: str, most: int) -> None:
    if len(names) > most:
        raise InvalidParameterError(
            f"Invalid value for parameter '{parameter}' supplied: {len(names)} are named. "
            f"Allowed: at most {most}"
        )


def _parse_column(text: str) -> ColumnName:
    attribute = text.removeprefix(_ATTRIBUTE_PREFIX)
    if attribute in _ATTRIBUTES:
        return ColumnName(text, None, attribute)
    prefix, _, key = text.partition(".")
    if prefix not in _KEYED or not key:
        allowed = ", ".join([*_ATTRIBUTES, *(f"{each}.<key>" for each in _KEYED)])
        raise invalid_value(text, "columns", f"it must be one of {allowed}")
    return ColumnName(text, _KEYED[prefix], key)


def parse_grouping(text: str) -> ColumnName:
    """Return the param or tag by which runs are grouped."""
    prefix, _, key = text.partition(".")
    if prefix not in {"params", "tags"} or not key:
        raise invalid_value(text, "group_by", "it must be params.<key> or tags.<key>")
    return ColumnName(text, _KEYED[prefix], key)


# Pages.


def read_table(
    session: Session,
    experiment_ids: Sequence[str],
    asked: SearchRequest,
    names: Sequence[str] = (),
    longest_text: int | None = None,
) -> RunTable:
    """Return a page of runs with some columns (none: the usual attributes, and every key that one has).

    Texts of more than `longest_text` characters are cut, and end with an ellipsis.
    """
    columns = parse_columns(names)
    check_page_size(asked.max_results, TABLE_PAGE)
    if columns and all(column.kind is None for column in columns):
        rows, next_token = runs_logic.find_runs(session, experiment_ids, asked)
        data: Sequence[RunData] = ()
    else:
        found, next_token = runs_logic.search_runs(session, experiment_ids, asked)
        rows = found.runs if found else ()
        data = run_data(found) if found else ()
    if not columns:
        made = [*_attributes(rows, _SHOWN_ATTRIBUTES), *_all_keys(data)]
    else:
        made = [_attribute(rows, "run_id", "run_id"), *_chosen(rows, data, columns)]
    if longest_text is not None:
        made = [_cut(column, longest_text) for column in made]
    return RunTable(made, len(rows), next_token)


def _attributes(rows: PlainRows, names: Iterable[str]) -> Iterator[Column]:
    return (_attribute(rows, name, name) for name in names)


def _attribute(rows: PlainRows, name: str, text: str) -> Column:
    attribute = _ATTRIBUTES[name]
    return Column(text, attribute.type, [attribute.value(row) for row in rows])


def _all_keys(data: Sequence[RunData]) -> list[Column]:
    return [
        *_by_key("metrics", data, None),
        *_by_key("params", data, None),
        *_by_key("tags", data, None),
    ]


def _chosen(rows: PlainRows, data: Sequence[RunData], columns: Sequence[ColumnName]) -> list[Column]:
    made: dict[str, Column] = {}
    for prefix, kind in _KEYED.items():
        wanted = {column.key for column in columns if column.kind is kind}
        made.update((column.name, column) for column in _by_key(prefix, data, wanted) if wanted)
    return [
        _attribute(rows, column.key, column.text) if column.kind is None else made[column.text]
        for column in columns
        if column.text != "run_id"
    ]


def _by_key(prefix: str, data: Sequence[RunData], wanted: set[str] | None) -> list[Column]:
    """Return the columns of one kind: of all keys in their order, or of the wanted ones."""
    rows = len(data)
    columns: dict[str, list[Value]] = {key: [None] * rows for key in sorted(wanted or ())}
    is_metric = prefix == "metrics"
    for row, own in enumerate(data):
        for pair in getattr(own, prefix):
            column = columns.get(pair.key)
            if column is None:
                if wanted is not None:
                    continue
                column = columns[pair.key] = [None] * rows
            column[row] = float(pair.value) if is_metric else pair.value
    kind = ValueType.NUMBER if is_metric else ValueType.TEXT
    return [Column(f"{prefix}.{key}", kind, columns[key]) for key in sorted(columns)]


def _cut(column: Column, longest: int) -> Column:
    if column.type is not ValueType.TEXT:
        return column
    values = [
        f"{value[:longest]}…" if isinstance(value, str) and len(value) > longest else value
        for value in column.values
    ]
    return replace(column, values=values)


# Files of comma-separated values (RFC 4180).

# A spreadsheet takes what begins with one of these for a formula, unless it is a number.
_FORMULA: Final = tuple("=+-@\t\r")
_QUOTED: Final = frozenset('",\n\r')


def csv_text(value: Value, *, is_time: bool = False) -> str:
    """Return a value as a field. What a spreadsheet would take for a formula begins with an apostrophe.

    A time, in milliseconds since the epoch, is written in ISO 8601.
    """
    if value is None:
        return ""
    if is_time and isinstance(value, int):
        return _iso(value)
    if not isinstance(value, str):
        return repr(value)
    if value.startswith(_FORMULA) and not _is_number(value):
        value = f"'{value}"
    if _QUOTED.isdisjoint(value):
        return value
    escaped = value.replace('"', '""')
    return f'"{escaped}"'


def _iso(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)  # A year that calendars do not have.


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def csv_lines(table: RunTable) -> str:
    """Return the rows of a page as lines."""
    columns = [
        [
            csv_text(value, is_time=column.name.removeprefix(_ATTRIBUTE_PREFIX) in _TIMES)
            for value in column.values
        ]
        for column in table.columns
    ]
    return "".join(f"{','.join(row)}\r\n" for row in zip(*columns, strict=True))


def csv_head(table: RunTable) -> str:
    """Return the first line: the names of the columns, as they were asked for."""
    return ",".join(csv_text(column.name) for column in table.columns) + "\r\n"


# How many runs there are, and groups.


def count_runs(session: Session, experiment_ids: Sequence[str], asked: SearchRequest) -> Counts:
    """Return how many runs match a search, and how many of them are running or have a parent."""
    searched = sorted({parse_experiment_id(experiment_id) for experiment_id in experiment_ids})
    search = asked.parse(["count", searched], largest_page=1)
    permitted = sorted(permitted_experiments(session, searched))
    return store.count(session, permitted, search) if permitted else Counts(0, 0, 0)


def group_runs(
    session: Session,
    experiment_ids: Sequence[str],
    asked: SearchRequest,
    group_by: str,
    metrics: Sequence[str],
) -> FoundGroups:
    """Return the runs that match a search by their value of a param or tag, the largest groups first.

    Runs without it are a group, too. Aggregates are over the last values that are finite.
    """
    grouping = parse_grouping(group_by)
    _check_number(metrics, "metrics", GROUPED_METRICS)
    searched = sorted({parse_experiment_id(experiment_id) for experiment_id in experiment_ids})
    search = asked.parse(["groups", searched], largest_page=GROUPS_PAGE)
    permitted = sorted(permitted_experiments(session, searched))
    if not permitted:
        return FoundGroups([], 0)
    assert grouping.kind is not None
    return store.groups(
        session, permitted, search, Grouping(grouping.kind, grouping.key, sorted(set(metrics)))
    )
