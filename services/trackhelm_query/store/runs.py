"""Statements that find runs: a page of those that fulfil a filter."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Run
from trackhelm_core.db.models.base import LifecycleStage
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.expression import Field, comparisons
from trackhelm_core.search.keyset import Page, read_page
from trackhelm_core.search.resolve import keys_of_fields
from trackhelm_query.searches import Search
from trackhelm_query.store.run_details import RUN_COLUMNS
from trackhelm_query.store.run_fields import run_search
from trackhelm_query.store.run_order import sorted_runs


def search(session: Session, experiment_ids: Sequence[int], asked: Search) -> Page:
    """Return a page of the runs of experiments that fulfil a search."""
    keys = keys_of(session).ids(session, keys_of_fields(_fields(asked)))
    entity = run_search(keys)
    statement = select(*RUN_COLUMNS)
    # One experiment and one stage, nearly every search, are said as equalities: by them an index gives the
    # runs in the default order.
    if len(experiment_ids) == 1:
        statement = statement.where(Run.experiment_id == experiment_ids[0])
    else:
        statement = statement.where(is_any_of(session, Run.experiment_id, experiment_ids))
    if len(asked.stages) == 1:
        statement = statement.where(Run.lifecycle_stage == asked.stages[0])
    else:
        statement = statement.where(Run.lifecycle_stage != LifecycleStage.PURGED)
    if asked.where is not None:
        statement = statement.where(compile_filter(asked.where, entity))
    statement, columns = sorted_runs(session, statement, asked.order, entity, keys)
    return read_page(session, statement, columns, asked.page)


def _fields(asked: Search) -> list[Field]:
    compared = () if asked.where is None else comparisons(asked.where)
    return [*(term.field for term in asked.order), *(comparison.field for comparison in compared)]
