"""Searching versions of all models: what can be searched and sorted by, and reading a page."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ModelVersion, ModelVersionTag, RegisteredModel
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import (
    Attribute,
    EntitySearch,
    NumberAttribute,
    StringAttribute,
    StringCollection,
)
from trackhelm_core.search.expression import Expression
from trackhelm_core.search.keyset import PageRequest, SortColumn, cut_page, page_statement
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.rows import string_rows
from trackhelm_registry.store.details import VersionDetails, complete_versions, versions_with_names
from trackhelm_registry.store.sort_columns import sort_columns

_SORTABLE: Final[dict[str, Attribute]] = {
    "name": StringAttribute(RegisteredModel.name),
    "version_number": NumberAttribute(ModelVersion.version),
    "creation_timestamp": NumberAttribute(ModelVersion.creation_timestamp),
    "last_updated_timestamp": NumberAttribute(ModelVersion.last_updated_timestamp),
}

ENTITY: Final = EntitySearch(
    name="model versions",
    attributes={
        **_SORTABLE,
        "run_id": StringAttribute(ModelVersion.run_id),
        "source_path": StringAttribute(ModelVersion.source),
    },
    collections={
        "tags": StringCollection(
            string_rows(
                lambda key: (
                    select(ModelVersionTag.value)
                    .where(ModelVersionTag.model_version_id == ModelVersion.id, ModelVersionTag.key == key)
                    .correlate(ModelVersion)
                )
            )
        )
    },
    prefixes={"tag": "tags"},
)

_SORTED: Final = EntitySearch(name=ENTITY.name, attributes=_SORTABLE)
_BY_NUMBER: Final = (("name", False), ("version_number", True))


def page(
    session: Session, expression: Expression, terms: Sequence[OrderTerm], asked: PageRequest
) -> tuple[list[VersionDetails], str]:
    """Return a page of versions, and the token of the next one if there is one."""
    order = _order(terms)
    statement = versions_with_names().where(compile_filter(expression, ENTITY))
    found = cut_page(session.execute(page_statement(statement, order, asked)).all(), order, asked)
    return complete_versions(session, [(row[0], row[1]) for row in found.rows]), found.next_token


def _order(terms: Sequence[OrderTerm]) -> list[SortColumn]:
    """Return what an order means; without one, what changed last comes first."""
    last = _BY_NUMBER if terms else (("last_updated_timestamp", True), *_BY_NUMBER)
    return sort_columns(terms, _SORTED, last=last)
