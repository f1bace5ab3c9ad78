"""The SELECTs that searches of runs are made of: runs of experiments, and a page of them with documents."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    SelectBase,
    UnaryExpression,
    case,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.sql.operators import custom_op

from trackhelm_core.db.statements import BINARY, is_in_parameter, table_of
from trackhelm_core.search.pages import SortColumn, in_order, sort_values_of
from trackhelm_domain.runs.messages import RUNNING_VERSION, VERSION
from trackhelm_domain.runs.reading import RUN_COLUMNS
from trackhelm_domain.tables import Run, RunSnapshot, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_query.runs.fields import EXPERIMENT, EXPERIMENTS, ROW_LIMIT, RunQuery

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
    return _SELECTED_RUNS.where(_in_stages(query.stages), _in_experiments(query))


def runs_in(stages: Sequence[LifecycleStage]) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the runs in some stages."""
    return _SELECTED_RUNS.where(_in_stages(stages))


def runs_among(ids: Select[int], query: RunQuery) -> Select[*tuple[Any, ...]]:
    """Return what `runs_of` does, of some runs only: on SQLite, these are looked up by their ids."""
    stage, experiment = unindexed(_RUNS.lifecycle_stage), unindexed(_RUNS.experiment_id)
    return _SELECTED_RUNS.where(
        _RUNS.id.in_(ids), _in_stages(query.stages, stage), _in_experiments(query, experiment)
    )


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column for a condition by which SQLite must not look for rows."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def _in_stages(
    stages: Sequence[LifecycleStage], stage: ColumnElement[str] = _RUNS.lifecycle_stage
) -> ColumnElement[bool]:
    return stage == stages[0] if len(stages) == 1 else stage != LifecycleStage.PURGED


def _in_experiments(
    query: RunQuery, experiment: ColumnElement[int] = _RUNS.experiment_id
) -> ColumnElement[bool]:
    # Nearly every search is of one experiment and one stage. These are compared by equality, so that an index
    # returns the runs in the default order.
    if query.is_of_one_experiment:
        return experiment == EXPERIMENT
    return is_in_parameter(query.dialect, experiment, EXPERIMENTS)


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
