"""Searching models and versions: filters, orders and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from trackhelm_core.limits import SEARCH_MODEL_VERSIONS_PAGE, SEARCH_REGISTERED_MODELS_PAGE
from trackhelm_core.search.grammar import parse_filter
from trackhelm_core.search.order import parse_order_by
from trackhelm_core.search.pages import SortValue, decode_cursor, encode_cursor, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_registry.logic.prompts import without_prompts
from trackhelm_registry.store import model_version_search, registered_model_search
from trackhelm_registry.store.details import ModelDetails, VersionDetails

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for, as the request has it."""

    filter: str
    order_by: Sequence[str]
    max_results: int
    page_token: str

    def digest(self, entity: str) -> str:
        """Return what a page token is bound to: a later page of another query would make no sense."""
        return query_digest(entity, self.filter, list(self.order_by))

    def after(self, digest: str, length: int) -> list[SortValue] | None:
        """Return the sort values the page begins after; None for the first page."""
        return decode_cursor(self.page_token, digest, length) if self.page_token else None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What was found; the token of the next page is empty if there is none."""

    items: Sequence[Item]
    next_token: str


def search_models(session: Session, search: Search) -> Page[ModelDetails]:
    """Return a page of registered models, by name where no order is asked for."""
    limit = check_page_size(search.max_results, SEARCH_REGISTERED_MODELS_PAGE)
    expression = without_prompts(parse_filter(search.filter))
    keys = registered_model_search.sort_keys(parse_order_by(search.order_by))
    digest = search.digest("registered models")
    after = search.after(digest, len(keys))
    models, cursor = registered_model_search.page(session, expression, keys, after=after, limit=limit)
    return Page(models, encode_cursor(cursor, digest) if cursor else "")


def search_versions(session: Session, search: Search) -> Page[VersionDetails]:
    """Return a page of versions, the last changed first where no order is asked for."""
    limit = check_page_size(search.max_results, SEARCH_MODEL_VERSIONS_PAGE)
    expression = without_prompts(parse_filter(search.filter))
    keys = model_version_search.sort_keys(parse_order_by(search.order_by))
    digest = search.digest("model versions")
    after = search.after(digest, len(keys))
    versions, cursor = model_version_search.page(session, expression, keys, after=after, limit=limit)
    return Page(versions, encode_cursor(cursor, digest) if cursor else "")
