"""The parts of a statement that finds runs: which columns, of which runs, and with their documents."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Select, SelectBase, literal_column, select, union_all

from trackhelm_core.db.lists import is_in_parameter
from trackhelm_core.db.models import Run, RunDocument
from trackhelm_core.db.models.base import table_of
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.db.plain_rows import BINARY
from trackhelm_core.run_contents.documents import VERSION
from trackhelm_core.run_contents.reading import RUN_COLUMNS
from trackhelm_core.search.keyset import SortColumn, in_order, sort_values_of
from trackhelm_query.store.run_query import EXPERIMENT, EXPERIMENTS, ROW_LIMIT, RunQuery

_RUN: Final = table_of(Run).c
_RUN_DOCUMENT: Final = table_of(RunDocument).c

_PAGE: Final = "page"
_CANDIDATES: Final = "candidates"

# Made once, and the columns of subqueries named rather than made: composing a statement took longer than
# PostgreSQL to run it.
_RUNS: Final = select(*RUN_COLUMNS, _RUN.settled)
_DOCUMENT: Final = (
    select(_RUN_DOCUMENT.document)
    .where(
        _RUN_DOCUMENT.run_id == literal_column(f"{_PAGE}.id"),
        _RUN_DOCUMENT.version == literal_column(str(VERSION)),
        literal_column(f"{_PAGE}.settled", Boolean),
    )
    .scalar_subquery()
)
_SHOWN: Final[Select[*tuple[Any, ...]]] = select(
    *(literal_column(f"{_PAGE}.{column.key}") for column in RUN_COLUMNS), _DOCUMENT
)

DOCUMENT: Final = len(RUN_COLUMNS)
"""Where a row of `with_documents` has the run's document."""


def runs_of(query: RunQuery) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the runs of a query's experiments and stages, as `with_documents` takes it."""
    statement = runs_in(query.stages)
    # One experiment and one stage, nearly every search, are said as equalities: by them an index gives the
    # runs in the default order.
    if query.is_of_one_experiment:
        return statement.where(_RUN.experiment_id == EXPERIMENT)
    return statement.where(is_in_parameter(query.dialect, _RUN.experiment_id, EXPERIMENTS))


def runs_in(stages: Sequence[LifecycleStage]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the runs in some stages."""
    if len(stages) == 1:
        return _RUNS.where(_RUN.lifecycle_stage == stages[0])
    return _RUNS.where(_RUN.lifecycle_stage != LifecycleStage.PURGED)


def all_of(rows: SelectBase, name: str | None = None) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of all columns of a subquery, which SQLAlchemy would take a millisecond to make."""
    return select(literal_column("*")).select_from(rows.subquery(name))


def merged(
    settled: Select[*tuple[Any, ...]], others: Select[*tuple[Any, ...]], order: Sequence[SortColumn]
) -> Select[*tuple[Any, ...]]:
    """Return the page of runs that are sorted and cut by `sorted_after`, the settled and the others."""
    candidates = union_all(all_of(settled), all_of(others))
    return in_order(all_of(candidates, _CANDIDATES), sort_values_of(_CANDIDATES, order)).limit(ROW_LIMIT)


def with_documents(page: Select[*tuple[Any, ...]], order: Sequence[SortColumn]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page with the document of each run that is settled, in the same order.

    Columns: those of `RUN_COLUMNS`, the document or NULL, the sort values.
    """
    sorted_by = sort_values_of(_PAGE, order)
    # A SELECT around the page's: documents are looked up for its rows only, not for all that are sorted.
    statement = _SHOWN.add_columns(*(term.column for term in sorted_by)).select_from(page.subquery(_PAGE))
    return in_order(statement, sorted_by).execution_options(**{BINARY: True})
