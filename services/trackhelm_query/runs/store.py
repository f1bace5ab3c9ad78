"""Statements that find runs: a page of the runs that match a filter."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Dialect,
    Select,
    SelectBase,
    Uuid,
    and_,
    case,
    func,
    literal_column,
    not_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import BINARY, PlainRows, Prepared, is_in_parameter, plain_rows, table_of
from trackhelm_core.search.compile import compile_filter, metric_predicate
from trackhelm_core.search.entity import (
    ORDERING,
    EntitySearch,
    ResolvedKey,
    keys_of_fields,
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
    comparisons,
    parts_of,
)
from trackhelm_core.search.pages import (
    Page,
    SortColumn,
    SortValue,
    after_of,
    cut_page,
    in_order,
    sort_values_of,
    sorted_after,
)
from trackhelm_domain.keys import keys_of
from trackhelm_domain.runs.messages import RUNNING_VERSION, RUNNING_VERSIONS, VERSION, PairKind, pair_digest
from trackhelm_domain.runs.reading import RUN_COLUMNS
from trackhelm_domain.tables import Run, RunSnapshot, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_query.runs.fields import (
    EXPERIMENT,
    EXPERIMENTS,
    ROW_LIMIT,
    RunQuery,
    ordered_filter,
    run_search,
    sorted_runs,
)
from trackhelm_query.searches import Search

_RUNS: Final = table_of(Run).c
_SNAPSHOTS: Final = table_of(RunSnapshot).c
_SERIES: Final = table_of(Series).c

_PAGE: Final = "page"
_CANDIDATES: Final = "candidates"

# Made once, and the columns of subqueries named rather than made: composing a statement took longer than
# PostgreSQL to run it.
_SELECTED_RUNS: Final = select(*RUN_COLUMNS, _RUNS.finalized, _RUNS.documented)
_ID: Final[ColumnElement[int]] = literal_column(f"{_PAGE}.id")
_FINALIZED: Final[ColumnElement[bool]] = literal_column(f"{_PAGE}.finalized", Boolean)
_DOCUMENTED: Final[ColumnElement[bool]] = literal_column(f"{_PAGE}.documented", Boolean)
_DOCUMENT: Final = (
    select(_SNAPSHOTS.document)
    .where(
        _SNAPSHOTS.run_id == _ID,
        _SNAPSHOTS.version
        == case(
            (_FINALIZED, literal_column(str(VERSION))), (_DOCUMENTED, literal_column(str(RUNNING_VERSION)))
        ),
    )
    .scalar_subquery()
)
_LAST_POINTS: Final = (
    # In the order of keys, by the index; MLflow promises none. Ordered explicitly, they take SQLite a third
    # longer.
    select(func.aggregate_strings(_SERIES.last_json, ","))
    .where(_SERIES.run_id == _ID, _SERIES.label_set_id == NO_LABELS_ID)
    .scalar_subquery()
)
_JOINED: Final = (
    select(_SNAPSHOTS.metrics)
    .where(_SNAPSHOTS.run_id == _ID, _SNAPSHOTS.version == literal_column(str(RUNNING_VERSION)))
    .scalar_subquery()
)
# "" and not NULL: a running run without metrics has none, and a finalized one has them in its document. What
# is not needed is not looked up.
_METRICS: Final = case((_DOCUMENTED, func.coalesce(_JOINED, _LAST_POINTS, "")))
_SHOWN: Final[Select[*tuple[Any, ...]]] = select(
    *(literal_column(f"{_PAGE}.{column.key}") for column in RUN_COLUMNS), _DOCUMENT, _METRICS
)

WRITTEN: Final = slice(len(RUN_COLUMNS), len(RUN_COLUMNS) + 2)
"""Where a row of `with_documents` has what a `WrittenRun` is made of; nothing is where the first is None."""


def runs_of(query: RunQuery) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the runs of a query's experiments and stages, for `with_documents`."""
    statement = runs_in(query.stages)
    # Nearly every search is of one experiment and one stage. These are compared by equality, so that an index
    # returns the runs in the default order.
    if query.is_of_one_experiment:
        return statement.where(_RUNS.experiment_id == EXPERIMENT)
    return statement.where(is_in_parameter(query.dialect, _RUNS.experiment_id, EXPERIMENTS))


def runs_in(stages: Sequence[LifecycleStage]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the runs in some stages."""
    if len(stages) == 1:
        return _SELECTED_RUNS.where(_RUNS.lifecycle_stage == stages[0])
    return _SELECTED_RUNS.where(_RUNS.lifecycle_stage != LifecycleStage.PURGED)


def all_columns_of(rows: SelectBase, name: str | None = None) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of all columns of a subquery, by names: SQLAlchemy takes 1 ms to make columns."""
    return select(literal_column("*")).select_from(rows.subquery(name))


def merged(
    finalized: Select[*tuple[Any, ...]], others: Select[*tuple[Any, ...]], order: Sequence[SortColumn]
) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page from two SELECTs of `sorted_after`: of finalized runs and of the others."""
    candidates = union_all(all_columns_of(finalized), all_columns_of(others))
    return in_order(all_columns_of(candidates, _CANDIDATES), sort_values_of(_CANDIDATES, order)).limit(
        ROW_LIMIT
    )


def with_documents(page: Select[*tuple[Any, ...]], order: Sequence[SortColumn]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page with the document of each run that has one, in the same order.

    Columns: those of `RUN_COLUMNS`, the document or NULL, the metrics that are not in it, the sort values.
    """
    sorted_by = sort_values_of(_PAGE, order)
    # A SELECT around that of the page, so that documents are looked up for its rows only and not for all rows
    # that are sorted.
    statement = _SHOWN.add_columns(*(term.column for term in sorted_by)).select_from(page.subquery(_PAGE))
    return in_order(statement, sorted_by).execution_options(**{BINARY: True})


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
            _SERIES.indexed_in == EXPERIMENT,
            _SERIES.key_id == query.key_ids[field.key],
            _SERIES.indexed_value.is_not(None),
            *narrowed.conditions,
        )
    )
    return runs if query.has_all_indexed else runs.where(_RUNS.finalized)


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


def matching(query: RunQuery) -> SelectBase:
    """Return the SELECT of the integer ids of all runs that match a query, each once, without an order."""
    runs = runs_of(query).with_only_columns(_RUNS.id)
    if query.where is None:
        return runs
    if query.params_and_tags_of is None:
        return runs.where(compile_filter(query.where, query.entity))
    return union_all(
        runs.where(_RUNS.finalized, indexed_filter(query.where, query)),
        runs.where(others_filter(query), compile_filter(query.where, query.entity)),
    )


_REMEMBERED: Final = 200
"""The number of first pages whose statements are cached, at about 100 KB each. Scripts and browsers repeat
the same searches, and building a statement takes twice as long as running it."""


class _FirstPage(NamedTuple):
    """The statements for a first page, prepared."""

    of_all: Prepared
    order: Sequence[SortColumn]
    by_index: tuple[IndexedFirst, Prepared] | None


def search(session: Session, experiment_ids: Sequence[int], asked: Search) -> Page[tuple[Any, ...]]:
    """Return a page of the runs of experiments that match a search.

    Columns: those of `with_documents`.
    """
    query = query_of(session, experiment_ids, asked)
    first = _first_page(query, session.get_bind().dialect)
    after = after_of(first.order, asked.page)
    row_limit = asked.page.limit + 1
    parameters = query.parameters(experiment_ids, row_limit)
    for by_index, rows in _ways(session, query, first, after, parameters):
        if by_index is None or by_index.is_all(rows, row_limit):
            return cut_page(rows, first.order, asked.page)
    raise AssertionError("the last way finds all runs")


def _ways(
    session: Session,
    query: RunQuery,
    first: _FirstPage,
    after: Sequence[SortValue] | None,
    parameters: Mapping[str, Any],
) -> Iterator[tuple[IndexedFirst | None, PlainRows]]:
    """Yield the rows of a page, first those that `IndexedFirst` finds, if it is one."""
    if after is None:
        if first.by_index is not None:
            by_index, prepared = first.by_index
            yield by_index, prepared.rows(session, parameters)
        yield None, first.of_all.rows(session, parameters)
        return
    # Not prepared, because the values of the row before are in the statement.
    if (by_index_after := indexed_first(query, after)) is not None:
        yield by_index_after, plain_rows(session, by_index_after.statement, parameters)
    yield None, plain_rows(session, _page(query, after)[0], parameters)


def query_of(session: Session, experiment_ids: Sequence[int], asked: Search) -> RunQuery:
    """Return a search as a key by which its statement is cached, with the ids of the keys that exist."""
    names = keys_of_fields(_fields(asked))
    ids = keys_of(session).ids(session, names)
    query = RunQuery(
        session.get_bind().dialect.name,
        len(experiment_ids) == 1,
        tuple(asked.stages),
        asked.where,
        tuple(asked.order),
        tuple((name, ids[name]) for name in sorted(names) if name in ids),
    )
    has_digests = query.dialect == "postgresql" and query.is_of_one_experiment
    if has_digests and requires_param_or_tag(query.where):
        return replace(query, params_and_tags_of=experiment_ids[0])
    return query


@lru_cache(_REMEMBERED)
def _first_page(query: RunQuery, dialect: Dialect) -> _FirstPage:
    statement, order = _page(query, None)
    by_index = indexed_first(query, None)
    return _FirstPage(
        Prepared(statement, dialect),
        order,
        by_index and (by_index, Prepared(by_index.statement, dialect)),
    )


def _page(
    query: RunQuery, after: Sequence[SortValue] | None
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    if query.where is not None and query.params_and_tags_of is not None:
        page, order = page_by_params_and_tags(query, query.where, after)
        return with_documents(page, order), order
    statement = runs_of(query)
    compared, rest = ordered_filter(query.where, query.order, query)
    if rest is not None:
        statement = statement.where(compile_filter(rest, query.entity))
    statement, order = sorted_runs(statement, query.order, query, compared)
    return with_documents(sorted_after(statement, order, after, ROW_LIMIT), order), order


def _fields(asked: Search) -> list[Field]:
    compared = () if asked.where is None else comparisons(asked.where)
    return [*(term.field for term in asked.order), *(comparison.field for comparison in compared)]
