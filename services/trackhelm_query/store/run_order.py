"""What runs are sorted by, and the joins it takes.

Runs with a value come first, then those whose metric is NaN, then those without one, whatever the direction.
Ties, and everything when nothing is asked for, go by start (the latest first) and then by id.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    Select,
    Text,
    case,
    func,
    literal_column,
    outerjoin,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from trackhelm_core.db.models import Run, RunParam, RunTag, Series
from trackhelm_core.db.models.base import table_of
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.limits import RUN_TAG_VALUE_LENGTH
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.keyset import SortColumn
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.resolve import ResolvedAttribute, resolve_order
from trackhelm_query.store.run_fields import AGGREGATES, NO_KEY
from trackhelm_query.store.run_query import RunQuery

_RUNS: Final = table_of(Run)
_PARAMS: Final = table_of(RunParam)
_TAGS: Final = table_of(RunTag)
_SERIES: Final = table_of(Series)

_TIES = {
    "start_time": SortColumn(_RUNS.c.start_time, descending=True),
    "run_id": SortColumn(_RUNS.c.uuid),
}


def sorted_runs(
    statement: Select[*tuple[Any, ...]], terms: Sequence[OrderTerm], query: RunQuery
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    """Return a SELECT of runs, joined to what it is sorted by, and its sort columns: those of some terms."""
    columns: list[SortColumn] = []
    ties = dict(_TIES)
    source: FromClause = _RUNS
    for order in resolve_order(terms, query.entity):
        field, descending = order.by.field, order.descending
        if isinstance(order.by, ResolvedAttribute):
            column = order.by.part.column
            columns.append(SortColumn(column, descending=descending, nullable=column is _RUNS.c.end_time))
            ties.pop(field.key, None)
            continue
        key_id = query.key_ids.get(field.key, NO_KEY)
        if field.prefix == "metrics":
            row: Select[*tuple[Any, ...]] = select(
                _SERIES.c.run_id, AGGREGATES[field.aggregate].label("value")
            ).where(_SERIES.c.label_set_id == NO_LABELS_ID, _SERIES.c.key_id == key_id)
        elif field.prefix in {"params", "tags"}:
            table = _PARAMS if field.prefix == "params" else _TAGS
            value = table.c.value if table is _PARAMS else _beginning(table.c.value)
            row = select(table.c.run_id, value).where(table.c.key_id == key_id)
        else:
            raise SearchSyntaxError(
                f"runs are not sorted by {field.prefix}: a run may have several. "
                "Allowed: attributes, metrics, params, tags",
                field.position,
                lead="Invalid identifier type 'dataset'",
            )
        source, found = _joined(query.dialect, source, row)
        if field.prefix == "metrics":
            columns.append(SortColumn(case((found.run_id.is_(None), 1), else_=0)))
        columns.append(SortColumn(found.value, descending=descending, nullable=True))
    return statement.select_from(source), [*columns, *ties.values()]


def _beginning(value: ColumnElement[str]) -> Label[str]:
    """Return what is sorted by of a tag that may have a million characters: a page token holds it."""
    return func.substr(value, 1, RUN_TAG_VALUE_LENGTH, type_=Text()).label("value")


def _joined(
    dialect: str, source: FromClause, row: Select[*tuple[Any, ...]]
) -> tuple[FromClause, ReadOnlyColumnCollection[str, Any]]:
    """Join to runs the row of each, which a SELECT gives with its `run_id`, and return that row's columns."""
    if dialect != "postgresql":
        rows = row.subquery()
        return outerjoin(source, rows, rows.c.run_id == _RUNS.c.id), rows.c
    # As in `search.rows`: looked up run by run, never by reading the rows of all experiments.
    (run_id, *_) = row.selected_columns
    looked_up = row.where(run_id == _RUNS.c.id).correlate(_RUNS).offset(literal_column("0")).lateral()
    return outerjoin(source, looked_up, true()), looked_up.c
