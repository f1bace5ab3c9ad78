"""What runs are sorted by, and the joins it takes.

Runs with a value come first, then those whose metric is NaN, then those without one, whatever the direction.
Ties, and everything when nothing is asked for, go by start (the latest first) and then by id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, Select, case, inspect, literal_column, outerjoin, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from trackhelm_core.db.models import Run, RunParam, RunTag, Series
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.keyset import SortColumn
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.resolve import ResolvedAttribute, resolve_order
from trackhelm_query.store.run_fields import AGGREGATES, NO_KEY

_TIES = {
    "start_time": SortColumn(Run.start_time, descending=True),
    "run_id": SortColumn(Run.uuid),
}


def sorted_runs(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    terms: Sequence[OrderTerm],
    entity: EntitySearch,
    keys: Mapping[str, int],
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    """Return a SELECT of runs, joined to what it is sorted by, and its sort columns."""
    columns: list[SortColumn] = []
    ties = dict(_TIES)
    source: FromClause = inspect(Run).local_table
    for index, order in enumerate(resolve_order(terms, entity)):
        field, descending = order.by.field, order.descending
        if isinstance(order.by, ResolvedAttribute):
            column = order.by.part.column
            columns.append(SortColumn(column, descending=descending, nullable=column is Run.end_time))
            ties.pop(field.key, None)
            continue
        key_id = keys.get(field.key, NO_KEY)
        if field.prefix == "metrics":
            row: Select[*tuple[Any, ...]] = select(
                Series.run_id, AGGREGATES[field.aggregate].label("value")
            ).where(Series.label_set_id == NO_LABELS_ID, Series.key_id == key_id)
        elif field.prefix in {"params", "tags"}:
            table = RunParam if field.prefix == "params" else RunTag
            row = select(table.run_id, table.value).where(table.key_id == key_id)
        else:
            raise SearchSyntaxError(
                f"runs are not sorted by {field.prefix}: a run may have several. "
                "Allowed: attributes, metrics, params, tags",
                field.position,
                f"order_by[{index}]",
            )
        source, found = _joined(session, source, row)
        if field.prefix == "metrics":
            columns.append(SortColumn(case((found.run_id.is_(None), 1), else_=0)))
        columns.append(SortColumn(found.value, descending=descending, nullable=True))
    return statement.select_from(source), [*columns, *ties.values()]


def _joined(
    session: Session, source: FromClause, row: Select[*tuple[Any, ...]]
) -> tuple[FromClause, ReadOnlyColumnCollection[str, Any]]:
    """Join to runs the row of each, which a SELECT gives with its `run_id`, and return that row's columns."""
    if session.get_bind().dialect.name != "postgresql":
        rows = row.subquery()
        return outerjoin(source, rows, rows.c.run_id == Run.id), rows.c
    # As in `search.rows`: looked up run by run, never by reading the rows of all experiments.
    (run_id, *_) = row.selected_columns
    looked_up = row.where(run_id == Run.id).correlate(Run).offset(literal_column("0")).lateral()
    return outerjoin(source, looked_up, true()), looked_up.c
