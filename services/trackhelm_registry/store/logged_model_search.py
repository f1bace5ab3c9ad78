"""The statement that finds a page of logged models."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.models import LoggedModel
from trackhelm_core.db.models.base import LifecycleStage
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.expression import Expression, comparisons
from trackhelm_core.search.pages import SortValue
from trackhelm_core.search.resolve import keys_of_fields, resolve_field
from trackhelm_registry.store.logged_model_fields import METRICS, searchable
from trackhelm_registry.store.logged_model_metrics import DatasetFilter, on_datasets, series_of_model
from trackhelm_registry.store.logged_model_order import SortColumn


@dataclass(frozen=True, slots=True)
class Search:
    """Which models are wanted: those of some experiments that fulfil an expression, if there is one.

    Datasets say which of a model's metrics the expression sees. Where it names none, a model must have
    been measured on one of them.
    """

    experiments: Sequence[int]
    expression: Expression | None = None
    datasets: Sequence[DatasetFilter] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A model's integer id and its values in the sort columns."""

    id: int
    values: Sequence[SortValue]


def find_models(
    session: Session,
    search: Search,
    columns: Sequence[SortColumn],
    *,
    after: Sequence[SortValue] | None,
    limit: int,
) -> list[Found]:
    """Return the first models in the order of `columns`, or the first that come after a row with values."""
    labelled = [column.expression.label(f"sort_{index}") for index, column in enumerate(columns)]
    found = select(LoggedModel.id, *labelled).where(*_conditions(session, search)).subquery()
    sorted_by = [found.c[label.name] for label in labelled]
    statement = select(found.c.id, *sorted_by).limit(limit)
    statement = statement.order_by(
        *(by.desc() if column.descending else by.asc() for by, column in zip(sorted_by, columns, strict=True))
    )
    if after is not None:
        statement = statement.where(_after(sorted_by, columns, after))
    return [Found(row[0], tuple(row[1:])) for row in session.execute(statement)]


def _conditions(session: Session, search: Search) -> list[ColumnElement[bool]]:
    conditions = [
        LoggedModel.experiment_id.in_(search.experiments),
        LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE,
    ]
    compared = () if search.expression is None else comparisons(search.expression)
    names = keys_of_fields(comparison.field for comparison in compared)
    entity = searchable(session, search.datasets, keys_of(session).ids(session, names))
    if search.expression is not None:
        conditions.append(compile_filter(search.expression, entity))
    if search.datasets and not _names_metrics(search.expression, entity):
        conditions.append(
            series_of_model(LoggedModel.id).where(on_datasets(session, search.datasets)).exists()
        )
    return conditions


def _names_metrics(expression: Expression | None, entity: EntitySearch) -> bool:
    compared = () if expression is None else comparisons(expression)
    return any(resolve_field(comparison.field, entity).field.prefix == METRICS for comparison in compared)


def _after(
    sorted_by: Sequence[ColumnElement[SortValue]],
    columns: Sequence[SortColumn],
    values: Sequence[SortValue],
) -> ColumnElement[bool]:
    """Return the condition of a row after one with `values`: nested, so that each is bound only twice."""
    condition: ColumnElement[bool] | None = None
    for by, column, value in reversed(list(zip(sorted_by, columns, values, strict=True))):
        beyond = by < value if column.descending else by > value
        condition = beyond if condition is None else or_(beyond, and_(by == value, condition))
    assert condition is not None
    return condition
