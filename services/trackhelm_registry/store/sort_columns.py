"""What models and versions are sorted by: attributes, then those that make it a total order."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, type_coerce

from trackhelm_core.search.entity import EntitySearch, NumberAttribute, StringAttribute
from trackhelm_core.search.keyset import SortColumn
from trackhelm_core.search.order import OrderTerm
from trackhelm_core.search.resolve import resolve_order

COMPARATOR: Final = "Invalid comparator for {kind}: {operator}"
UNKNOWN_ORDER: Final = "Invalid order by key '{field}' specified"
"""How MLflow's messages about searches of models and versions begin, see `EntitySearch`."""


def sort_columns(
    terms: Sequence[OrderTerm], entity: EntitySearch, *, last: Sequence[tuple[str, bool]]
) -> list[SortColumn]:
    """Return the columns that an order means; `last` names those to end with, and which are descending.

    Raises:
        SearchSyntaxError: The entity has no such attribute.
    """
    wanted = [(order.by.field.key, order.descending) for order in resolve_order(terms, entity)]
    named = {name for name, _ in wanted}
    wanted += [(name, descending) for name, descending in last if name not in named]
    return [_sort_column(entity, name, descending=descending) for name, descending in wanted]


def _sort_column(entity: EntitySearch, name: str, *, descending: bool) -> SortColumn:
    match entity.attributes[name]:
        case NumberAttribute(column):
            # The parameter is 64 bits wide whatever the column is: a forged token must not overflow it.
            return SortColumn(type_coerce(column, BigInteger()), descending)
        case StringAttribute(column):
            return SortColumn(column, descending)
        case attribute:
            raise AssertionError(f"{attribute} cannot be sorted by")
