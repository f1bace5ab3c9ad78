"""What logged models can be sorted by, as columns that are never NULL: a page can begin after any row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Double, Text, case, func, type_coerce
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Key, LoggedModel, Run, Series
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.expression import Field
from trackhelm_core.search.keyset import SortColumn
from trackhelm_core.search.resolve import ResolvedAttribute, ResolvedKey, resolve_field
from trackhelm_registry.store.logged_model_fields import METRICS, searchable
from trackhelm_registry.store.logged_model_metrics import (
    ANY_DATASET,
    DatasetFilter,
    on_datasets,
    series_of_model,
)
from trackhelm_registry.store.logged_model_newest import newest_points

# Where a row stands that has a value, NaN or nothing: in this order in both directions.
_VALUE, _NAN, _MISSING = range(3)
_WORDS: Final = "Invalid order by field name: {field}"
_MAY_BE_MISSING: Final = frozenset({"model_type", "source_run_id"})


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants models sorted by; a metric's value may be that on one dataset."""

    field: Field
    descending: bool = False
    dataset: DatasetFilter = ANY_DATASET


def sort_columns(session: Session, orders: Sequence[Order], experiments: Sequence[int]) -> list[SortColumn]:
    """Return the columns that orders mean, made a total order: the newest first, then by id.

    Those of metrics are good for models of `experiments` only.
    """
    columns: list[SortColumn] = []
    attributes: set[str] = set()
    entity = replace(searchable(session), unknown_words=_WORDS)
    for order in orders:
        match _resolve(order, entity):
            case ResolvedAttribute() as by:
                attributes.add(by.field.key)
                columns.extend(_attribute_columns(by, descending=order.descending))
            case ResolvedKey():
                columns.extend(_metric_columns(session, order, experiments))
    if "creation_timestamp" not in attributes:
        columns.append(SortColumn(LoggedModel.creation_timestamp, descending=True))
    if "model_id" not in attributes:
        columns.append(SortColumn(LoggedModel.model_id))
    return columns


def _resolve(order: Order, entity: EntitySearch) -> ResolvedAttribute | ResolvedKey:
    by = resolve_field(order.field, entity)
    if isinstance(by, ResolvedKey) and by.field.prefix != METRICS:
        reason = f"logged models are sorted by attributes and metrics, not by {by.field.prefix}"
        lead = _WORDS.format(field=order.field)
        raise SearchSyntaxError(reason, order.field.position, lead=lead)
    return by


def _attribute_columns(by: ResolvedAttribute, *, descending: bool) -> list[SortColumn]:
    column: Any = by.part.column
    if by.field.key not in _MAY_BE_MISSING:
        return [SortColumn(column, descending)]
    place = case((column.is_(None), _MISSING), else_=_VALUE)
    return [_place(place), SortColumn(func.coalesce(column, "", type_=Text()), descending)]


def _metric_columns(session: Session, order: Order, experiments: Sequence[int]) -> list[SortColumn]:
    """Sort by the newest point of the metric, whichever run and dataset it is of."""
    point = newest_points(session, experiments, order.field.key)

    def newest(column: ColumnElement[Any]) -> ColumnElement[Any]:
        statement = series_of_model(column).join(Run, Run.id == Series.run_id)
        statement = statement.where(Key.name == order.field.key)
        if order.dataset != ANY_DATASET:
            statement = statement.where(on_datasets(session, [order.dataset]))
        newest_first = point.timestamp.desc(), point.step.desc(), Run.uuid, Series.id
        return statement.order_by(*newest_first).limit(1).scalar_subquery()

    place = newest(case((point.value.is_(None), _NAN), else_=_VALUE))
    return [
        _place(func.coalesce(place, _MISSING)),
        SortColumn(func.coalesce(newest(point.value), 0.0, type_=Double()), order.descending),
    ]


def _place(expression: ColumnElement[Any]) -> SortColumn:
    # 64 bits wide: PostgreSQL refuses a page token's forged number that its own column type cannot hold.
    return SortColumn(type_coerce(expression, BigInteger()))
