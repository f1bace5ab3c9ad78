"""Pages by their sort values: a page begins after a row, whatever was added or deleted before it.

The last sort key must tell any two rows apart, and none may be NULL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Label, Select, SQLColumnExpression, and_, or_, type_coerce
from sqlalchemy.orm import Session

from trackhelm_core.search.entity import EntitySearch, NumberAttribute, StringAttribute
from trackhelm_core.search.errors import PageTokenError
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.pages import SortValue
from trackhelm_core.search.resolve import resolve_order


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by, and the type of its values."""

    column: SQLColumnExpression[Any]
    kind: type[int | str]
    descending: bool


def sort_keys(
    terms: Sequence[OrderTerm], entity: EntitySearch, *, last: Sequence[tuple[str, bool]]
) -> list[SortKey]:
    """Return the keys that an order means; `last` names those to end with, and which are descending.

    Raises:
        SearchSyntaxError: The entity has no such attribute.
    """
    wanted = [(order.by.field.key, order.descending) for order in resolve_order(terms, entity)]
    named = {name for name, _ in wanted}
    wanted += [(name, descending) for name, descending in last if name not in named]
    return [_sort_key(entity, name, descending=descending) for name, descending in wanted]


def fetch_page(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    keys: Sequence[SortKey],
    *,
    after: Sequence[SortValue] | None,
    limit: int,
) -> tuple[list[Any], list[SortValue] | None]:
    """Return at most `limit` rows, and the last one's sort values if there are more rows behind it."""
    if after is not None:
        statement = statement.where(_comes_after(keys, after))
    order = [key.column.desc() if key.descending else key.column.asc() for key in keys]
    # Labelled, because the rows may hold the same columns under their own names.
    values: list[Label[Any]] = [key.column.label(f"sort_{position}") for position, key in enumerate(keys)]
    statement = statement.add_columns(*values).order_by(*order).limit(limit + 1)
    rows = list(session.execute(statement).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], list(rows[limit - 1][-len(keys) :])


def _sort_key(entity: EntitySearch, name: str, *, descending: bool) -> SortKey:
    match entity.attributes[name]:
        case NumberAttribute(column):
            # The parameter is 64 bits wide whatever the column is: a forged token must not overflow it.
            return SortKey(type_coerce(column, BigInteger()), int, descending)
        case StringAttribute(column):
            return SortKey(column, str, descending)
        case attribute:
            raise AssertionError(f"{attribute} cannot be sorted by")


def _comes_after(keys: Sequence[SortKey], values: Sequence[SortValue]) -> ColumnElement[bool]:
    pairs = list(zip(keys, values, strict=True))
    if any(type(value) is not key.kind for key, value in pairs):
        raise PageTokenError("Invalid page_token: pass the next_page_token of the page before, unchanged")
    return or_(
        *(
            and_(
                *(earlier.column == same for earlier, same in pairs[:position]),
                key.column < value if key.descending else key.column > value,
            )
            for position, (key, value) in enumerate(pairs)
        )
    )
