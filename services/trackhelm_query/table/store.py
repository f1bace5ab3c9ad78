"""Statements over all runs that match a search: how many there are, and groups of them with aggregates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    and_,
    case,
    func,
    join,
    literal_column,
    outerjoin,
    select,
)
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of, plain_rows, table_of
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Run, RunParam, RunTag, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_query.keys.store import KeyKind
from trackhelm_query.runs.fields import NO_KEY
from trackhelm_query.runs.search_plan import matching, query_of
from trackhelm_query.searches import Search

_RUNS: Final = table_of(Run).c
_RUN_TAGS: Final = table_of(RunTag).c
_SERIES: Final = table_of(Series).c
_TABLES: Final = {KeyKind.PARAM: table_of(RunParam), KeyKind.TAG: table_of(RunTag)}

_PARENT_TAG: Final = "mlflow.parentRunId"
"""The tag by which clients say of which run another one is a part."""

_LARGEST: Final = 1.7976931348623157e308
"""The largest finite double. What lies beyond is infinite."""


@dataclass(frozen=True, slots=True)
class Spread:
    """An aggregate of a metric over the runs of a group: over the last values that are finite."""

    count: int
    mean: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that have one value in common; None if they have none."""

    value: str | None
    runs: int
    metrics: dict[str, Spread] = field(default_factory=dict)


class Grouping(NamedTuple):
    """How runs are grouped: by a param or tag, with aggregates of some metrics."""

    kind: KeyKind
    key: str
    metrics: Sequence[str]


class FoundGroups(NamedTuple):
    """Some groups, and how many there are in all."""

    groups: Sequence[Group]
    total: int


class Counts(NamedTuple):
    """How many runs match a search, and how many of them are running or have a parent."""

    runs: int
    running: int
    children: int


def count(session: Session, experiment_ids: Sequence[int], asked: Search) -> Counts:
    """Return how many runs match a search."""
    query = query_of(session, experiment_ids, asked)
    parent_key = keys_of(session).ids(session, [_PARENT_TAG]).get(_PARENT_TAG, NO_KEY)
    found = matching(query).subquery("found")
    with_parents = join(found, table_of(Run), _RUNS.id == found.c.id).outerjoin(
        table_of(RunTag), and_(_RUN_TAGS.run_id == found.c.id, _RUN_TAGS.key_id == parent_key)
    )
    is_running = case((_RUNS.status == literal_column("'RUNNING'"), 1))
    statement = select(func.count(), func.count(is_running), func.count(_RUN_TAGS.run_id))
    (row,) = plain_rows(session, statement.select_from(with_parents), query.parameters(experiment_ids, 0))
    return Counts(*row)


def groups(session: Session, experiment_ids: Sequence[int], asked: Search, by: Grouping) -> FoundGroups:
    """Return the groups of the runs that match a search: the largest first."""
    query = query_of(session, experiment_ids, asked)
    parameters = query.parameters(experiment_ids, 0)
    ids = keys_of(session).ids(session, [by.key, *by.metrics])
    found = matching(query).subquery("found")
    table = _TABLES[by.kind]
    grouped = outerjoin(
        found, table, and_(table.c.run_id == found.c.id, table.c.key_id == ids.get(by.key, NO_KEY))
    )
    value = table.c.value
    counted = select(value.label("value"), func.count().label("runs")).select_from(grouped).group_by(value)
    page = counted.order_by(literal_column("runs").desc(), value.asc().nulls_last()).limit(asked.page.limit)
    made = [Group(*row) for row in plain_rows(session, page, parameters)]
    total = len(made)
    if total == asked.page.limit:
        ((total,),) = plain_rows(session, select(func.count()).select_from(counted.subquery()), parameters)
    if (key_ids := {ids[metric]: metric for metric in by.metrics if metric in ids}) and made:
        joined = grouped.join(_SERIES_TABLE, _SERIES.run_id == found.c.id)
        statement = _spreads(value).select_from(joined)
        statement = statement.where(is_any_of(session, _SERIES.key_id, sorted(key_ids)))
        _add_spreads(made, plain_rows(session, statement, parameters), key_ids)
    return FoundGroups(made, total)


_SERIES_TABLE: Final = table_of(Series)


def _spreads(value: Any) -> Select[*tuple[Any, ...]]:
    last: ColumnElement[float] = literal_column("series.last_value", Double)
    return (
        select(value, _SERIES.key_id, func.count(), func.avg(last), func.min(last), func.max(last))
        .where(_SERIES.label_set_id == NO_LABELS_ID, last.between(-_LARGEST, _LARGEST))
        .group_by(value, _SERIES.key_id)
    )


def _add_spreads(made: Sequence[Group], rows: Sequence[tuple[Any, ...]], key_ids: Mapping[int, str]) -> None:
    by_value = {group.value: group for group in made}
    for value, key_id, *spread in rows:
        if group := by_value.get(value):
            group.metrics[key_ids[key_id]] = Spread(*spread)
