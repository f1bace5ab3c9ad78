"""What runs are sorted by, and the joins it takes.

Runs with a value come first, then those whose metric is NaN, then those without one, whatever the direction.
Ties, and everything when nothing is asked for, go by start (the latest first) and then by id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, case
from sqlalchemy.orm import aliased

from trackhelm_core.db.models import Run, RunParam, RunTag, Series
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.expression import Field
from trackhelm_core.search.keyset import SortColumn
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.resolve import ResolvedAttribute, resolve_order
from trackhelm_query.store.run_fields import AGGREGATES, NO_KEY

_TIES = {
    "start_time": SortColumn(Run.start_time, descending=True),
    "run_id": SortColumn(Run.uuid),
}


def sorted_runs(
    statement: Select[*tuple[Any, ...]],
    terms: Sequence[OrderTerm],
    entity: EntitySearch,
    keys: Mapping[str, int],
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    """Return a SELECT of runs, joined to what it is sorted by, and its sort columns."""
    columns: list[SortColumn] = []
    ties = dict(_TIES)
    for index, order in enumerate(resolve_order(terms, entity)):
        field, descending = order.by.field, order.descending
        if isinstance(order.by, ResolvedAttribute):
            column = order.by.part.column
            columns.append(SortColumn(column, descending=descending, nullable=column is Run.end_time))
            ties.pop(field.key, None)
        elif field.prefix == "metrics":
            statement, added = _by_metric(statement, field, keys, descending=descending)
            columns += added
        elif field.prefix in {"params", "tags"}:
            statement, added = _by_text(statement, field, keys, descending=descending)
            columns += added
        else:
            raise SearchSyntaxError(
                f"runs are not sorted by {field.prefix}: a run may have several. "
                "Allowed: attributes, metrics, params, tags",
                field.position,
                f"order_by[{index}]",
            )
    return statement, [*columns, *ties.values()]


def _by_metric(
    statement: Select[*tuple[Any, ...]], field: Field, keys: Mapping[str, int], *, descending: bool
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    series = aliased(Series)
    statement = statement.outerjoin(
        series,
        and_(
            series.run_id == Run.id,
            series.label_set_id == NO_LABELS_ID,
            series.key_id == keys.get(field.key, NO_KEY),
        ),
    )
    value = getattr(series, AGGREGATES[field.aggregate].key)
    is_missing = case((series.id.is_(None), 1), else_=0)
    return statement, [SortColumn(is_missing), SortColumn(value, descending=descending, nullable=True)]


def _by_text(
    statement: Select[*tuple[Any, ...]], field: Field, keys: Mapping[str, int], *, descending: bool
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    table = aliased(RunParam) if field.prefix == "params" else aliased(RunTag)
    statement = statement.outerjoin(
        table, and_(table.run_id == Run.id, table.key_id == keys.get(field.key, NO_KEY))
    )
    return statement, [SortColumn(table.value, descending=descending, nullable=True)]
