"""The statement that finds a page of logged models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Label, select
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.models import LoggedModel
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EntitySearch
from trackhelm_core.search.expression import Expression, comparisons, rewrite
from trackhelm_core.search.keyset import PageRequest, SortColumn, cut_page, read_page
from trackhelm_core.search.resolve import keys_of_fields, resolve_field
from trackhelm_registry.store.logged_model_fields import METRICS, searchable
from trackhelm_registry.store.logged_model_matches import Matches, active_models_of
from trackhelm_registry.store.logged_model_metrics import DatasetFilter, on_datasets, series_of_model
from trackhelm_registry.store.logged_model_points import SeriesOfModels, models_that_fit, series_of_models


@dataclass(frozen=True, slots=True)
class Search:
    """Which models are wanted: those of some experiments that fulfil an expression, if there is one.

    Datasets say which of a model's metrics the expression sees. Where it names none, a model must have
    been measured on one of them.
    """

    experiments: Sequence[int]
    expression: Expression | None = None
    datasets: Sequence[DatasetFilter] = ()


class FoundModels(NamedTuple):
    """A page of models: their integer ids, their series, and the token of the next page if there is one."""

    ids: list[int]
    series: SeriesOfModels
    next_token: str


def find_models(
    session: Session, search: Search, order: Sequence[SortColumn], page: PageRequest
) -> FoundModels:
    """Return a page of models. It ends early where it would have more points than an answer holds."""
    # What is sorted by may be a subquery of its own: computed once a model, it is compared by its name.
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
