"""Statements that find the keys of experiments, how many runs have each, and the values of params and tags.

The keys of metrics come from the indexes of finalized runs, by a look-up for each key: none of
the 7.5 million series of an experiment of 25,000 runs and 300 metrics is read to know the keys.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, literal_column, not_, select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of, plain_rows, table_of
from trackhelm_core.limits import OFFERED_VALUE_LENGTH
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Run, RunParam, RunTag, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage

_RUNS: Final = table_of(Run).c
_SERIES: Final = table_of(Series).c


class KeyKind(StrEnum):
    """Of what a key is."""

    METRIC = "metric"
    PARAM = "param"
    TAG = "tag"


_TABLES: Final = {KeyKind.PARAM: table_of(RunParam).c, KeyKind.TAG: table_of(RunTag).c}

_EXPERIMENT: Final = bindparam("experiment", type_=BigInteger)

_HAS_VALUE: Final = _SERIES.indexed_value.is_not(None)
_IS_NAN: Final = _SERIES.indexed_value.is_(None)
_LIVE: Final = (
    _RUNS.experiment_id == _EXPERIMENT,
    not_(_RUNS.finalized),
    _RUNS.lifecycle_stage != LifecycleStage.PURGED,
    _SERIES.run_id == _RUNS.id,
    _SERIES.label_set_id == NO_LABELS_ID,
    # Of a run that was resumed, the others are in the indexes already.
    _SERIES.indexed_in.is_(None),
)
"""The series of runs that are not finalized."""


def metric_key_ids(session: Session, experiment_id: int) -> set[int]:
    """Return the ids of the keys of an experiment's metrics."""
    parameters = {_EXPERIMENT.key: experiment_id}
    found: set[int] = set()
    for statement in (*_KEYS_BY_INDEX, select(_SERIES.key_id).where(*_LIVE).distinct()):
        found.update(key_id for (key_id,) in plain_rows(session, statement, parameters))
    return found


def _keys_by_index(indexed: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the distinct keys of one of the partial indexes: one look-up for each key."""
    next_key = select(func.min(_SERIES.key_id)).where(_SERIES.indexed_in == _EXPERIMENT, indexed)
    found = select(next_key.scalar_subquery().label("key_id")).cte("found", recursive=True)
    following = next_key.where(_SERIES.key_id > found.c.key_id).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.key_id.is_not(None)))
    return select(found.c.key_id).where(found.c.key_id.is_not(None))


_KEYS_BY_INDEX: Final = (_keys_by_index(_HAS_VALUE), _keys_by_index(_IS_NAN))


def metric_counts(session: Session, experiment_id: int, key_ids: Collection[int]) -> Counter[int]:
    """Return how many runs of an experiment have each of some metrics."""
    wanted = is_any_of(session, _SERIES.key_id, sorted(key_ids))
    counted = select(_SERIES.key_id, func.count()).where(wanted).group_by(_SERIES.key_id)
    counts: Counter[int] = Counter()
    for condition in (
        (_SERIES.indexed_in == _EXPERIMENT, _HAS_VALUE),
        (_SERIES.indexed_in == _EXPERIMENT, _IS_NAN),
        _LIVE,
    ):
        rows = plain_rows(session, counted.where(*condition), {_EXPERIMENT.key: experiment_id})
        counts.update(dict(rows))
    return counts


def param_or_tag_counts(session: Session, kind: KeyKind, experiment_ids: Sequence[int]) -> Counter[int]:
    """Return how many runs of some experiments have each of their params or tags, by the id of the key."""
    table = _TABLES[kind]
    statement = (
        select(table.key_id, func.count())
        .where(
            is_any_of(session, _RUNS.experiment_id, experiment_ids),
            _RUNS.lifecycle_stage != LifecycleStage.PURGED,
            table.run_id == _RUNS.id,
        )
        .group_by(table.key_id)
    )
    return Counter(dict(plain_rows(session, statement)))


def names(session: Session, key_ids: Iterable[int]) -> Mapping[int, str]:
    """Return the texts of keys by their ids."""
    return keys_of(session).names(session, set(key_ids))


class FoundValue(NamedTuple):
    """A value of a param or tag, and how many runs have it."""

    value: str
    runs: int


def values(
    session: Session, kind: KeyKind, key: str, experiment_ids: Sequence[int], *, text: str, limit: int
) -> list[FoundValue]:
    """Return the values of a param or tag that contain a text in any case, the most frequent first.

    Long values, which nobody compares with, are left out.
    """
    key_id = keys_of(session).ids(session, [key]).get(key)
    if key_id is None:
        return []
    table = _TABLES[kind]
    runs = func.count().label("runs")
    statement = (
        select(table.value, runs)
        .where(
            is_any_of(session, _RUNS.experiment_id, experiment_ids),
            _RUNS.lifecycle_stage != LifecycleStage.PURGED,
            table.run_id == _RUNS.id,
            table.key_id == key_id,
            func.length(table.value) <= OFFERED_VALUE_LENGTH,
        )
        .group_by(table.value)
        .order_by(literal_column("runs").desc(), table.value)
        .limit(limit)
    )
    if text:
        statement = statement.where(table.value.icontains(text, autoescape=True))
    return [FoundValue(*row) for row in plain_rows(session, statement)]
