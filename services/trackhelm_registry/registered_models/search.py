"""Rules of searching models and versions: filters, orders and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import SEARCH_MODEL_VERSIONS_PAGE, SEARCH_REGISTERED_MODELS_PAGE
from trackhelm_core.search.grammar import parse_filter, parse_order_by
from trackhelm_core.search.pages import PageRequest, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_domain.access.checks import reader
from trackhelm_registry.registered_models import search_store
from trackhelm_registry.registered_models.names import without_prompts
from trackhelm_registry.registered_models.store import ModelDetails, VersionDetails

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Search:
    """A search as the request has it."""

    filter: str
    order_by: Sequence[str]
    max_results: int
    page_token: str

    def page(self, entity: str, largest: int) -> PageRequest:
        """Return the requested page; its token is bound to the query and invalid with another."""
        limit = check_page_size(self.max_results, largest)
        return PageRequest(
            query_digest(entity, self.filter, list(self.order_by), *reader()), self.page_token, limit
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """The results; the token of the next page is empty if there is none."""

    items: Sequence[Item]
    next_token: str


def search_models(session: Session, search: Search) -> Page[ModelDetails]:
    """Return a page of registered models, by name unless another order is given."""
    asked = search.page("registered models", SEARCH_REGISTERED_MODELS_PAGE)
    expression = without_prompts(parse_filter(search.filter, comparator_words=search_store.COMPARATOR))
    return Page(*search_store.model_page(session, expression, parse_order_by(search.order_by), asked))


def search_versions(session: Session, search: Search) -> Page[VersionDetails]:
    """Return a page of versions, the last changed first unless another order is given."""
    if search.max_results < 1:
        raise InvalidParameterError(
            f"Invalid value for max_results. It must be a positive integer, but got {search.max_results}."
        )
    asked = search.page("model versions", SEARCH_MODEL_VERSIONS_PAGE)
    expression = without_prompts(parse_filter(search.filter, comparator_words=search_store.COMPARATOR))
    return Page(*search_store.version_page(session, expression, parse_order_by(search.order_by), asked))
