"""Which of the ways to answer a search of runs applies, and the statements of each.

A page of runs is found in the first of four ways that applies:

1. On SQLite, if the filter requires what only a few runs meet, by an index: those are compared
   (`page_of_few`).
2. If the runs of one experiment are sorted first by the last value of a metric: in the order of the index of
   those values (`indexed_first`). If that may have missed some, one of the next two follows.
3. On PostgreSQL, if the filter requires that a param or tag of one experiment's runs has a certain value: by
   the index of digests (`page_by_params_and_tags`).
4. All runs of the experiments are compared, in the order of the page as far as an index has it.

Each finds the same runs in the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Dialect,
    Select,
    SelectBase,
    union_all,
)
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import PlainRows, Prepared, plain_rows, table_of
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import (
    keys_of_fields,
)
from trackhelm_core.search.grammar import (
    Field,
    comparisons,
)
from trackhelm_core.search.pages import Page, SortColumn, SortValue, after_of, cut_page, sorted_after
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Run
from trackhelm_query.runs.fields import (
    ROW_LIMIT,
    RunQuery,
    ordered_filter,
    sorted_runs,
)
from trackhelm_query.runs.indexed import (
    FEW,
    IndexedFirst,
    IndexedPart,
    fewest,
    indexed_filter,
    indexed_first,
    indexed_parts,
    others_filter,
    page_by_params_and_tags,
    page_of_few,
    requires_param_or_tag,
)
from trackhelm_query.runs.store import runs_of, with_documents
from trackhelm_query.searches import Search

_RUNS: Final = table_of(Run).c

_REMEMBERED: Final = 200
"""The number of first pages whose statements are cached, at about 100 KB each. Scripts and browsers repeat
the same searches, and building a statement takes twice as long as running it."""


@lru_cache(_REMEMBERED)
def _first_page_of_few(query: RunQuery, indexed: int, dialect: Dialect) -> Prepared:
    return Prepared(page_of_few(query, indexed_parts(query, dialect)[indexed].part, None), dialect)


class _FirstPage(NamedTuple):
    """The statements for a first page, prepared."""

    of_all: Prepared
    order: Sequence[SortColumn]
    by_index: tuple[IndexedFirst, Prepared] | None
    indexed_parts: Sequence[IndexedPart]


def search(session: Session, experiment_ids: Sequence[int], asked: Search) -> Page[tuple[Any, ...]]:
    """Return a page of the runs of experiments that match a search.

    Columns: those of `with_documents`.
    """
    query = query_of(session, experiment_ids, asked)
    first = _first_page(query, session.get_bind().dialect)
    after = after_of(first.order, asked.page)
    row_limit = asked.page.limit + 1
    parameters = query.parameters(experiment_ids, row_limit)
    few = _few(session, query, first, after, parameters)
    if few is not None:
        return cut_page(few, first.order, asked.page)
    for by_index, rows in _ways(session, query, first, after, parameters):
        if by_index is None or by_index.is_all(rows, row_limit):
            return cut_page(rows, first.order, asked.page)
    raise AssertionError("the last way finds all runs")


def _few(
    session: Session,
    query: RunQuery,
    first: _FirstPage,
    after: Sequence[SortValue] | None,
    parameters: Mapping[str, Any],
) -> PlainRows | None:
    """Return the rows of a page if they are among few runs that an index has, else None."""
    # Where an index has the order, it needs no more than the page.
    most = FEW if first.by_index is None else min(FEW, parameters[ROW_LIMIT.key])
    found = fewest(session, first.indexed_parts, parameters, most)
    if found is None:
        return None
    if after is None:
        return _first_page_of_few(query, found, session.get_bind().dialect).rows(session, parameters)
    statement = page_of_few(query, first.indexed_parts[found].part, after)
    return plain_rows(session, statement, parameters)


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
        indexed_parts(query, dialect),
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
