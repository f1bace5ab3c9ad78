"""Searching registered models: what can be searched and sorted by, and reading a page."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import RegisteredModel, RegisteredModelTag
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EntitySearch, NumberAttribute, StringAttribute, StringCollection
from trackhelm_core.search.expression import Expression
from trackhelm_core.search.keyset import PageRequest, SortColumn, cut_page, page_statement
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.rows import string_rows
from trackhelm_registry.store.details import ModelDetails, complete_models
from trackhelm_registry.store.sort_columns import COMPARATOR, UNKNOWN_ORDER, sort_columns

ENTITY: Final = EntitySearch(
    name="registered models",
    attributes={
        "name": StringAttribute(RegisteredModel.name),
        "creation_timestamp": NumberAttribute(RegisteredModel.creation_timestamp),
        "last_updated_timestamp": NumberAttribute(RegisteredModel.last_updated_timestamp),
    },
    collections={
        "tags": StringCollection(
            string_rows(
                lambda key: (
                    select(RegisteredModelTag.value)
                    .where(
                        RegisteredModelTag.registered_model_id == RegisteredModel.id,
                        RegisteredModelTag.key == key,
                    )
                    .correlate(RegisteredModel)
                )
            )
        )
    },
    aliases={"timestamp": "last_updated_timestamp"},
    prefixes={"tag": "tags"},
    comparator_words=COMPARATOR,
)

_SORTED: Final = EntitySearch(
    name=ENTITY.name,
    attributes=ENTITY.attributes,
    aliases=ENTITY.aliases,
    unknown_words=UNKNOWN_ORDER,
)


def page(
    session: Session, expression: Expression, terms: Sequence[OrderTerm], asked: PageRequest
) -> tuple[list[ModelDetails], str]:
    """Return a page of models, and the token of the next one if there is one."""
    order = _order(terms)
    statement = select(RegisteredModel).where(compile_filter(expression, ENTITY))
    found = cut_page(session.execute(page_statement(statement, order, asked)).all(), order, asked)
    return complete_models(session, [row[0] for row in found.rows]), found.next_token


def _order(terms: Sequence[OrderTerm]) -> list[SortColumn]:
    """Return what an order means; without one, it is by name."""
    return sort_columns(terms, _SORTED, last=[("name", False)])
