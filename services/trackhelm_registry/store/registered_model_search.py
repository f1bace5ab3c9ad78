"""Searching registered models: what can be searched and sorted by, and reading a page."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import RegisteredModel, RegisteredModelTag
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EntitySearch, NumberAttribute, StringAttribute, StringCollection
from trackhelm_core.search.expression import Expression
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.pages import SortValue
from trackhelm_core.search.rows import string_rows
from trackhelm_registry.store.details import ModelDetails, complete_models
from trackhelm_registry.store.keyset import SortKey, fetch_page
from trackhelm_registry.store.keyset import sort_keys as _sort_keys

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
)

_SORTED: Final = EntitySearch(name=ENTITY.name, attributes=ENTITY.attributes, aliases=ENTITY.aliases)


def sort_keys(order: Sequence[OrderTerm]) -> list[SortKey]:
    """Return the keys that an order means."""
    return _sort_keys(order, _SORTED, last=[("name", False)])


def page(
    session: Session,
    expression: Expression,
    keys: Sequence[SortKey],
    *,
    after: Sequence[SortValue] | None,
    limit: int,
) -> tuple[list[ModelDetails], list[SortValue] | None]:
    """Return a page of models, and the last one's sort values if more follow."""
    statement = select(RegisteredModel).where(compile_filter(expression, ENTITY))
    rows, cursor = fetch_page(session, statement, keys, after=after, limit=limit)
    return complete_models(session, [row[0] for row in rows]), cursor
