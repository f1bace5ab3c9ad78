"""Finding runs by an index instead of comparing each: by a metric, by digests, or by what few of them meet.

`search_plan` says which of these applies when.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    not_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import PlainRows, Prepared, table_of
from trackhelm_core.search.compile import compile_filter, metric_predicate
from trackhelm_core.search.entity import (
    ORDERING,
    EntitySearch,
    ResolvedKey,
    resolve_field,
    resolve_order,
)
from trackhelm_core.search.grammar import (
    Aggregate,
    Comparison,
    Expression,
    Field,
    Operator,
    all_of,
    parts_of,
)
from trackhelm_core.search.pages import SortColumn, SortValue, sorted_after
from trackhelm_domain.runs.messages import RUNNING_VERSIONS, VERSION, PairKind, pair_digest
from trackhelm_domain.tables import Run, RunParam, RunSnapshot, RunTag, Series
from trackhelm_domain.tables.runs import beginning_of
from trackhelm_query.runs.fields import (
    EXPERIMENT,
    NO_KEY,
    ROW_LIMIT,
    RunQuery,
    ordered_filter,
    run_search,
    sorted_runs,
)
from trackhelm_query.runs.store import (
    WRITTEN,
    merged,
    runs_among,
    runs_in,
    runs_of,
    unindexed,
    with_documents,
)

_RUNS: Final = table_of(Run).c
_SNAPSHOTS: Final = table_of(RunSnapshot).c
_SERIES: Final = table_of(Series).c
_VALUES: Final = {PairKind.PARAM: table_of(RunParam).c, PairKind.TAG: table_of(RunTag).c}

# An experiment's runs in the order of a metric: those that have an indexed value by its index, and the few
# others one by one. To look the metric up for each of 25,000 runs takes 45 ms; with the index a page takes
# 0.3 ms. On SQLite all runs have one, and on PostgreSQL those that are finalized.


class IndexedFirst(NamedTuple):
    """A statement for a page of an experiment's runs that are sorted first by the last value of a metric.

    Of the runs whose values are indexed it finds only those that have a value. Runs without one come after
    all these.
    """

    statement: Select[*tuple[Any, ...]]
    all_have_values: bool
    """Whether the filter matches only runs that have the metric and not as NaN."""

    def is_all(self, rows: PlainRows, row_limit: int) -> bool:
        """Return whether the rows are the page: no indexed run without a value may stand among them."""
        return self.all_have_values or (len(rows) == row_limit and _has_value(rows[-1][WRITTEN.stop :]))


def indexed_first(query: RunQuery, after: Sequence[SortValue] | None) -> IndexedFirst | None:
    """Return the statement for the rows of `search` after a row, None if the order is another one."""
    field = _sorted_by(query)
    if field is None or (after is not None and not _has_value(after)):
        return None
    others = runs_of(query).where(others_filter(query))
    compared, rest = ordered_filter(query.where, query.order, query)
    if rest is not None:
        others = others.where(compile_filter(rest, query.entity))
    others, order = sorted_runs(others, query.order, query, compared)
    narrowed = _narrowed(query.where, field, query.entity)
    compared, rest = ordered_filter(narrowed.rest, query.order[1:], query)
    indexed = _indexed(query, field, narrowed)
    if rest is not None:
        indexed = indexed.where(indexed_filter(rest, query))
    indexed, ties = sorted_runs(indexed, query.order[1:], query, compared)
    by_value = [SortColumn(_SERIES.indexed_value, descending=query.order[0].descending), *ties]
    page = sorted_after(indexed, by_value, after and after[1:], ROW_LIMIT, labels_from=1)
    if not query.has_all_indexed:
        page = merged(page, sorted_after(others, order, after, ROW_LIMIT), order)
    return IndexedFirst(with_documents(page, order), narrowed.all_have_values)


def _sorted_by(query: RunQuery) -> Field | None:
    """Return the metric by whose last value an experiment's runs are sorted first, or None."""
    for term in resolve_order(query.order, query.entity)[:1]:
        field = term.by.field
        if (
            field.prefix == "metrics"
            and field.aggregate is Aggregate.LAST
            and field.key in query.key_ids
            and query.is_of_one_experiment
        ):
            return field
    return None


def _has_value(sort_values: Sequence[SortValue]) -> bool:
    """Return whether a run with these sort values has the metric and not as NaN."""
    absent, value, *_ = sort_values
    return absent == 0 and value is not None


class _Narrowed(NamedTuple):
    """A filter, divided into conditions on the metric that is sorted by, and the rest."""

    conditions: Sequence[ColumnElement[bool]]
    """The conditions on the indexed value."""
    rest: Expression | None
    all_have_values: bool
    """See `IndexedFirst`."""


def _narrowed(where: Expression | None, field: Field, entity: EntitySearch) -> _Narrowed:
    conditions: list[ColumnElement[bool]] = []
    rest: list[Expression] = []
    all_have_values = False
    for part in parts_of(where):
        if isinstance(part, Comparison) and _is_about(part, field, entity):
            conditions.append(metric_predicate(_SERIES.indexed_value, part.operator, part.value))
            all_have_values = all_have_values or part.operator in ORDERING or _equals_a_number(part)
        else:
            rest.append(part)
    return _Narrowed(conditions, all_of(rest), all_have_values)


def _is_about(comparison: Comparison, field: Field, entity: EntitySearch) -> bool:
    resolved = resolve_field(comparison.field, entity)
    return isinstance(resolved, ResolvedKey) and resolved.field == field


def _equals_a_number(comparison: Comparison) -> bool:
    value = comparison.value
    return comparison.operator is Operator.EQ and isinstance(value, int | float) and not math.isnan(value)


def _indexed(query: RunQuery, field: Field, narrowed: _Narrowed) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of runs by the index of the first metric, without the rest of the filter."""
    runs = (
        runs_in(query.stages)
        # The other runs have this sort value, too: 0 if there is a value.
        .add_columns(literal_column("0").label("sort_0"))
        .where(
            _SERIES.run_id == _RUNS.id,
            *_has_indexed_value(query.key_ids[field.key]),
            *narrowed.conditions,
        )
    )
    return runs if query.has_all_indexed else runs.where(_RUNS.finalized)


def _has_indexed_value(key_id: int) -> Sequence[ColumnElement[bool]]:
    """Return the conditions that a series has a value in the index of the experiment and a metric."""
    return _SERIES.indexed_in == EXPERIMENT, _SERIES.key_id == key_id, _SERIES.indexed_value.is_not(None)


# Finding finalized runs by their params and tags: by the index of their digests, instead of reading each run.
#
# A filter on a param and a tag read all of 1,000 runs, for which PostgreSQL took 1.3 ms; by digests it takes
# 0.2 ms. This works only for equality, and only for a comparison that must be true for the whole filter to be
# true. Documents of another version may have no digests; the rows of their runs are compared, like those of
# runs that are not finalized.

# Used to resolve names only, for which it does not matter which keys exist.
_NAMES: Final = run_search({})

_KINDS: Final = {"params": PairKind.PARAM, "tags": PairKind.TAG}


class _Pair(NamedTuple):
    kind: PairKind
    key: str
    value: str


@lru_cache(200)
def requires_param_or_tag(where: Expression | None) -> bool:
    """Return whether a filter requires that a param or tag has a certain value."""
    return any(map(_pair, parts_of(where)))


def page_by_params_and_tags(
    query: RunQuery, where: Expression, after: Sequence[SortValue] | None
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    """Return the SELECT of a page of runs by a filter that requires a param or tag, and its order."""
    runs = runs_of(query)
    compared, rest = ordered_filter(where, query.order, query)
    assert rest is not None, "a pair is no metric"
    finalized = runs.where(_RUNS.finalized, indexed_filter(rest, query))
    others = runs.where(others_filter(query), compile_filter(rest, query.entity))
    branches, orders = zip(
        *(sorted_runs(branch, query.order, query, compared) for branch in (finalized, others)), strict=True
    )
    # Each of the two is sorted by the columns of its own joins.
    first, second = (
        sorted_after(branch, order, after, ROW_LIMIT) for branch, order in zip(branches, orders, strict=True)
    )
    return merged(first, second, orders[0]), orders[0]


def indexed_filter(where: Expression, query: RunQuery) -> ColumnElement[bool]:
    """Return the condition by which finalized runs match a filter: by digests, if they help.

    It may refer to `run_snapshot`, and then also selects the row of the run.
    """
    required: list[_Pair] = []
    others: list[Expression] = []
    for part in parts_of(where):
        if pair := _pair(part):
            required.append(pair)
        else:
            others.append(part)
    if query.params_and_tags_of is None or not required:
        return compile_filter(where, query.entity)
    digests = [pair_digest(query.params_and_tags_of, *pair) for pair in required]
    conditions = [
        _SNAPSHOTS.run_id == _RUNS.id,
        _SNAPSHOTS.version == _VERSION,
        _SNAPSHOTS.pairs.contains(_array(digests)),
    ]
    if rest := all_of(others):
        conditions.append(compile_filter(rest, query.entity))
    return and_(*conditions)


def others_filter(query: RunQuery) -> ColumnElement[bool]:
    """Return the condition on the runs that `indexed_filter` cannot find, by the rows of the runs."""
    if query.params_and_tags_of is None:
        return not_(_RUNS.finalized)
    # By the ids of these runs, so that the planner still uses the index of digests: with alternatives in one
    # condition, it expected to read params and tags for each run, and read all runs.
    run = table_of(Run).alias()
    ids = union_all(
        select(run.c.id).where(run.c.experiment_id == EXPERIMENT, not_(run.c.finalized)),
        # Two conditions instead of "not equal", because each is a range of an index.
        select(_SNAPSHOTS.run_id).where(_SNAPSHOTS.version < _VERSION),
        select(_SNAPSHOTS.run_id).where(
            _SNAPSHOTS.version > _VERSION, _SNAPSHOTS.version < _RUNNING_VERSIONS
        ),
    )
    return _RUNS.id.in_(ids)


# Literals in the statement and no parameters: a plan for any digests cannot know how few runs have these.
_VERSION: Final[ColumnElement[int]] = literal_column(str(VERSION))
_RUNNING_VERSIONS: Final[ColumnElement[int]] = literal_column(str(RUNNING_VERSIONS))


def _array(digests: list[UUID]) -> ColumnElement[Any]:
    texts = ", ".join(f"'{digest}'" for digest in digests)
    return literal_column(f"ARRAY[{texts}]::uuid[]", ARRAY(Uuid))


def _pair(part: Expression) -> _Pair | None:
    """Return the pair that a comparison requires, None if it requires something else."""
    if not (isinstance(part, Comparison) and part.operator is Operator.EQ and isinstance(part.value, str)):
        return None
    resolved = resolve_field(part.field, _NAMES)
    if not isinstance(resolved, ResolvedKey):
        return None
    kind = _KINDS.get(resolved.field.prefix or "")
    return None if kind is None else _Pair(kind, resolved.field.key, part.value)


# Finding runs by what few of them meet; SQLite only.
#
# Whether a run has a param with a certain value is looked up run by run: 6 ms for 25,000 runs. There are
# indexes by value, but SQLite has no statistics by which it would know when they help. So matches are counted
# first, up to the number from which on they would not.

FEW: Final = 500
"""Runs. To count so many takes 0.1 ms, and to compare them less than a millisecond."""

_MOST: Final = "most"


class IndexedPart(NamedTuple):
    """A part of a filter that each run must meet, and for which there is an index."""

    part: Comparison
    counted: Prepared
    """How many runs meet it, up to a parameter."""


@lru_cache(200)
def indexed_parts(query: RunQuery, dialect: Dialect) -> Sequence[IndexedPart]:
    """Return the parts of a query's filter for which there is an index by what they compare."""
    found: list[IndexedPart] = []
    for part in parts_of(query.where) if query.dialect == "sqlite" else ():
        runs = _runs_that_meet(part, query)
        if isinstance(part, Comparison) and runs is not None:
            some = runs.limit(bindparam(_MOST, type_=Integer)).subquery()
            counted = Prepared(select(func.count()).select_from(some), dialect)
            found.append(IndexedPart(part, counted))
    return found


def _runs_that_meet(part: Expression, query: RunQuery) -> Select[int] | None:
    """Return the SELECT of the ids of the runs that meet a part of a filter, None if no index has them."""
    resolved = resolve_field(part.field, query.entity) if isinstance(part, Comparison) else None
    if not (isinstance(part, Comparison) and isinstance(resolved, ResolvedKey)):
        return None
    field = resolved.field
    key_id = query.key_ids.get(field.key, NO_KEY)
    if pair := _pair(part):
        table = _VALUES[pair.kind]
        return select(table.run_id).where(
            table.key_id == key_id,
            beginning_of(table.value) == beginning_of(literal(pair.value)),
            # Not the column itself: SQLite would put the value into the expression above, and not use the
            # index.
            unindexed(table.value) == pair.value,
        )
    if field.prefix != "metrics" or field.aggregate is not Aggregate.LAST or not query.is_of_one_experiment:
        return None
    if not (part.operator in ORDERING or _equals_a_number(part)):
        return None
    holds = metric_predicate(_SERIES.indexed_value, part.operator, part.value)
    return select(_SERIES.run_id).where(*_has_indexed_value(key_id), holds)


def fewest(
    session: Session, parts: Sequence[IndexedPart], parameters: Mapping[str, Any], most: int
) -> int | None:
    """Return the index of the part that the fewest runs meet, None if all are met by more than `most`."""
    found = None
    for index, part in enumerate(parts):
        ((number,),) = part.counted.rows(session, {**parameters, _MOST: most + 1})
        if number <= most:
            found, most = index, number - 1
    return found


def page_of_few(
    query: RunQuery, part: Comparison, after: Sequence[SortValue] | None
) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page of runs, of which few meet a part of the filter that an index has."""
    few = _runs_that_meet(part, query)
    assert few is not None
    others = all_of([other for other in parts_of(query.where) if other is not part])
    compared, rest = ordered_filter(others, query.order, query)
    runs = runs_among(few, query)
    if rest is not None:
        runs = runs.where(compile_filter(rest, query.entity))
    runs, order = sorted_runs(runs, query.order, query, compared)
    return with_documents(sorted_after(runs, order, after, ROW_LIMIT), order)
