"""Rules of searching logged models: what a request may contain, and its pages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.limits import (
    SEARCH_LOGGED_MODELS_DATASETS,
    SEARCH_LOGGED_MODELS_DEFAULT_PAGE,
    SEARCH_LOGGED_MODELS_EXPERIMENTS,
    SEARCH_LOGGED_MODELS_PAGE,
)
from trackhelm_core.search.entity import ATTRIBUTE_PREFIXES
from trackhelm_core.search.grammar import Comparison, Expression, Field, Scalar, parse_filter, rewrite
from trackhelm_core.search.pages import PageRequest, query_digest
from trackhelm_core.search.text import MAX_ORDER_TERMS
from trackhelm_core.validation import check_page_size, parse_experiment_id
from trackhelm_core.wire.arguments import quoted
from trackhelm_domain.access.checks import permitted_experiments, reader
from trackhelm_registry.logged_models import search_store
from trackhelm_registry.logged_models.messages import STATUSES, LoggedModelsPage
from trackhelm_registry.logged_models.schemas import OrderBy, SearchLoggedModels
from trackhelm_registry.logged_models.search_fields import COMPARATOR
from trackhelm_registry.logged_models.search_store import Order, sort_columns
from trackhelm_registry.logged_models.store import DatasetFilter, read_models

_FULL_STATUSES: Final = {status.removeprefix("LOGGED_MODEL_"): status for status in STATUSES}


def search_models(session: Session, request: SearchLoggedModels) -> LoggedModelsPage:
    """Return a page of models, and the token of the next one if there is one."""
    limit = check_page_size(
        request.max_results or SEARCH_LOGGED_MODELS_DEFAULT_PAGE, SEARCH_LOGGED_MODELS_PAGE
    )
    search = search_store.Search(
        experiments=sorted(permitted_experiments(session, _experiments(request.experiment_ids))),
        expression=_expression(request.filter),
        datasets=_datasets(request),
    )
    order = sort_columns(session, _orders(request.order_by), search.experiments)
    page = PageRequest(_digest(search, request), request.page_token, limit)
    found = search_store.find_models(session, search, order, page)
    models = read_models(session, found.ids, found.series)
    return LoggedModelsPage(models=tuple(models), next_page_token=found.next_token or None)


def _experiments(ids: Sequence[str]) -> list[int]:
    if not ids:
        raise missing_parameter("experiment_ids")
    if len(ids) > SEARCH_LOGGED_MODELS_EXPERIMENTS:
        raise InvalidParameterError(
            f"Invalid value for parameter 'experiment_ids' supplied: it holds {len(ids)} IDs, "
            f"at most {SEARCH_LOGGED_MODELS_EXPERIMENTS} are allowed."
        )
    return sorted({parse_experiment_id(text) for text in ids})


def _expression(text: str) -> Expression | None:
    expression = parse_filter(text, f"filter string: {quoted(text)}", COMPARATOR)
    return None if expression is None else rewrite(expression, _with_full_status)


def _with_full_status(comparison: Comparison) -> Expression:
    """Replace a status in the short form of Python's client, `READY`, with `LOGGED_MODEL_READY`."""
    field, value = comparison.field, comparison.value
    if field.key != "status" or (field.prefix or "attribute").lower() not in ATTRIBUTE_PREFIXES:
        return comparison
    if isinstance(value, tuple):
        return replace(comparison, value=tuple(_full_status(item) for item in value))
    return comparison if value is None else replace(comparison, value=_full_status(value))


def _full_status(value: Scalar) -> Scalar:
    return _FULL_STATUSES.get(value, value) if isinstance(value, str) else value


def _datasets(request: SearchLoggedModels) -> list[DatasetFilter]:
    if len(request.datasets) > SEARCH_LOGGED_MODELS_DATASETS:
        raise InvalidParameterError(
            f"Invalid value for parameter 'datasets' supplied: it holds {len(request.datasets)} datasets, "
            f"at most {SEARCH_LOGGED_MODELS_DATASETS} are allowed."
        )
    if not all(dataset.dataset_name for dataset in request.datasets):
        raise InvalidParameterError("`dataset_name` in the `datasets` clause must be specified.")
    return [DatasetFilter(dataset.dataset_name, dataset.dataset_digest) for dataset in request.datasets]


def _orders(items: Sequence[OrderBy]) -> list[Order]:
    if len(items) > MAX_ORDER_TERMS:
        raise InvalidParameterError(
            f"Invalid value for parameter 'order_by' supplied: it holds {len(items)} items, "
            f"at most {MAX_ORDER_TERMS} are allowed."
        )
    return [
        Order(
            field=_field(item.field_name),
            descending=not item.ascending,
            dataset=DatasetFilter(item.dataset_name, item.dataset_digest),
        )
        for item in items
    ]


def _field(name: str) -> Field:
    """Parse `name` or `metrics.val loss`: everything after the first dot is the key, quoted or not."""
    prefix, dot, key = name.partition(".")
    if not dot:
        return Field(None, name, 0)
    if len(key) >= len("``") and key[0] == key[-1] and key[0] in '`"':
        key = key[1:-1]
    return Field(prefix, key, 0)


def _digest(search: search_store.Search, request: SearchLoggedModels) -> str:
    return query_digest(
        list(search.experiments),
        *reader(),
        request.filter,
        [[dataset.name, dataset.digest] for dataset in search.datasets],
        [[by.field_name, by.ascending, by.dataset_name, by.dataset_digest] for by in request.order_by],
    )
