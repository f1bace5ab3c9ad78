"""The statement that finds a page of logged models, and the columns by which it sorts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Double, Label, Text, case, func, select, type_coerce
from sqlalchemy.orm import Session

from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import (
    EntitySearch,
    ResolvedAttribute,
    ResolvedKey,
    keys_of_fields,
    resolve_field,
)
from trackhelm_core.search.expression import Expression, Field, comparisons, rewrite
from trackhelm_core.search.pages import PageRequest, SortColumn, cut_page, read_page
from trackhelm_core.search.text import SearchSyntaxError
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Key, LoggedModel, Run, Series
from trackhelm_registry.logged_models.metric_matches import Matches, active_models_of, newest_points
from trackhelm_registry.logged_models.search_fields import METRICS, searchable
from trackhelm_registry.logged_models.store import (
    ANY_DATASET,
    DatasetFilter,
    SeriesOfModels,
    models_that_fit,
    on_datasets,
    series_of_model,
    series_of_models,
)

# The rank of rows that have a value, NaN, or no value: the same order ascending and descending.
_VALUE, _NAN, _MISSING = range(3)
_WORDS: Final = "Invalid order by field name: {field}"
_MAY_BE_MISSING: Final = frozenset({"model_type", "source_run_id"})


@dataclass(frozen=True, slots=True)
class Order:
    """What the caller sorts models by; a metric's value may be limited to one dataset."""

    field: Field
    descending: bool = False
    dataset: DatasetFilter = ANY_DATASET


def sort_columns(session: Session, orders: Sequence[Order], experiments: Sequence[int]) -> list[SortColumn]:
    """Return the sort columns of orders, with the creation time (newest first) and the id added as the last.

    Those of metrics are valid for models of `experiments` only.
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
    """Sort by the newest point of the metric, of any run and dataset."""
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
    # It is 64 bits wide, because PostgreSQL refuses a forged page token's number that the column cannot hold.
    return SortColumn(type_coerce(expression, BigInteger()))


@dataclass(frozen=True, slots=True)
class Search:
    """The models to find: those of some experiments that match an expression, if there is one.

    `datasets` limit the metrics that the expression sees. If it names no metric, a model must have been
    measured on one of them.
    """

    experiments: Sequence[int]
    expression: Expression | None = None
    datasets: Sequence[DatasetFilter] = ()


class FoundModels(NamedTuple):
    """A page of models: their integer ids, their series, and the token of the next page, if there is one."""

    ids: list[int]
    series: SeriesOfModels
    next_token: str


def find_models(
    session: Session, search: Search, order: Sequence[SortColumn], page: PageRequest
) -> FoundModels:
    """Return a page of models; the page is shorter if it would have more points than an answer holds."""
    # A sort column may be a subquery. It is computed once for each model and then compared by its name.
    computed: list[Label[Any]] = [term.column.label(f"computed_{index}") for index, term in enumerate(order)]
    found = select(LoggedModel.id, *computed).where(*_conditions(session, search)).subquery()
    named = [
        SortColumn(found.c[label.name], term.descending) for label, term in zip(computed, order, strict=True)
    ]
    models = read_page(session, select(found.c.id), named, page)
    ids = [row[0] for row in models.rows]
    series = series_of_models(session, ids)
    fitting = models_that_fit(ids, series)
    if fitting < len(ids):
        models = cut_page(models.rows, named, page._replace(limit=fitting))
    return FoundModels(ids[:fitting], series, models.next_token)


def _conditions(session: Session, search: Search) -> list[ColumnElement[bool]]:
    conditions = active_models_of(session, search.experiments)
    compared = () if search.expression is None else comparisons(search.expression)
    names = keys_of_fields(comparison.field for comparison in compared)
    entity = searchable(session, search.datasets, keys_of(session).ids(session, names))
    if search.expression is not None:
        measured = [on_datasets(session, search.datasets)] if search.datasets else []
        matches = Matches(session, entity, [*conditions, *measured])
        conditions.append(compile_filter(rewrite(search.expression, matches.of), entity))
    if search.datasets and not _names_metrics(search.expression, entity):
        conditions.append(
            series_of_model(LoggedModel.id).where(on_datasets(session, search.datasets)).exists()
        )
    return conditions


def _names_metrics(expression: Expression | None, entity: EntitySearch) -> bool:
    compared = () if expression is None else comparisons(expression)
    return any(resolve_field(comparison.field, entity).field.prefix == METRICS for comparison in compared)
