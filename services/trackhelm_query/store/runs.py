"""Statements that find runs: a page of those that fulfil a filter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Select
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.expression import Field, comparisons
from trackhelm_core.search.keyset import Page, SortColumn, after_of, cut_page, sorted_after
from trackhelm_core.search.pages import SortValue
from trackhelm_core.search.resolve import keys_of_fields
from trackhelm_query.searches import Search
from trackhelm_query.store.run_order import sorted_runs
from trackhelm_query.store.run_pairs import names_pairs, page_by_pairs
from trackhelm_query.store.run_query import ROW_LIMIT, RunQuery
from trackhelm_query.store.run_selects import runs_of, with_documents
from trackhelm_query.store.settled_runs import SettledFirst, settled_first

_REMEMBERED: Final = 200
"""First pages whose statements are remembered, at some 100 KB each. Scripts and browsers ask the same again
and again, and composing a statement takes twice as long as running it."""


class _FirstPage(NamedTuple):
    statement: Select[*tuple[Any, ...]]
    order: Sequence[SortColumn]
    by_settled: SettledFirst | None


def search(session: Session, experiment_ids: Sequence[int], asked: Search) -> Page:
    """Return a page of the runs of experiments that fulfil a search.

    Columns: those of `RUN_COLUMNS`, and the document of a settled run, None of another.
    """
    query = _query(session, experiment_ids, asked)
    first = _first_page(query)
    after = after_of(first.order, asked.page)
    row_limit = asked.page.limit + 1
    parameters = query.parameters(experiment_ids, row_limit)
    # By the connection: the session would copy every row on its way to objects that are not asked for.
    connection = session.connection()
    by_settled = first.by_settled if after is None else settled_first(query, after)
    if by_settled is not None:
        rows = connection.execute(by_settled.statement, parameters).all()
        if by_settled.is_all(rows, row_limit):
            return cut_page(rows, first.order, asked.page)
    statement = first.statement if after is None else _page(query, after)[0]
    return cut_page(connection.execute(statement, parameters).all(), first.order, asked.page)


def _query(session: Session, experiment_ids: Sequence[int], asked: Search) -> RunQuery:
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
    if has_digests and names_pairs(query.where):
        return replace(query, pairs_of=experiment_ids[0])
    return query


@lru_cache(_REMEMBERED)
def _first_page(query: RunQuery) -> _FirstPage:
    statement, order = _page(query, None)
    return _FirstPage(statement, order, settled_first(query, None))


def _page(
    query: RunQuery, after: Sequence[SortValue] | None
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    if query.where is not None and query.pairs_of is not None:
        page, order = page_by_pairs(query, query.where, after)
        return with_documents(page, order), order
    statement = runs_of(query)
    if query.where is not None:
        statement = statement.where(compile_filter(query.where, query.entity))
    statement, order = sorted_runs(statement, query.order, query)
    return with_documents(sorted_after(statement, order, after, ROW_LIMIT), order), order


def _fields(asked: Search) -> list[Field]:
    compared = () if asked.where is None else comparisons(asked.where)
    return [*(term.field for term in asked.order), *(comparison.field for comparison in compared)]
