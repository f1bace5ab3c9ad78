"""Names to what they name: which attribute or collection of an entity a field means. It writes no SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, TypeAlias

from trackhelm_core.search.entity import (
    Attribute,
    Collection,
    EntitySearch,
    MetricCollection,
    StringCollection,
)
from trackhelm_core.search.errors import FILTER, SearchSyntaxError, clause
from trackhelm_core.search.expression import Field
from trackhelm_core.search.order import OrderTerm, sorted_twice


@dataclass(frozen=True, slots=True)
class ResolvedAttribute:
    """An attribute, with the field by its canonical name and no prefix."""

    field: Field
    part: Attribute


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """A key of a collection, with the field by the collection's canonical name."""

    field: Field
    part: Collection


Resolved: TypeAlias = ResolvedAttribute | ResolvedKey


@dataclass(frozen=True, slots=True)
class ResolvedOrder:
    """What to sort by, and the text that says so.

    The service finds the column: `by.part.column`, or a join on `by.field.key`.
    """

    by: Resolved
    descending: bool
    text: str


def resolve_field(field: Field, entity: EntitySearch, subject: str = FILTER) -> Resolved:
    """Give what a field means in an entity.

    Raises:
        SearchSyntaxError: The entity has no such attribute or collection.
    """
    prefix = None if field.prefix is None else field.prefix.lower()
    if prefix is None or prefix in entity.attribute_prefixes:
        name = entity.aliases.get(field.key, field.key)
        if name not in entity.attributes:
            known = [*entity.attributes, *entity.aliases]
            begin = f"Invalid attribute key '{field.key}' specified"
            _unknown("attribute", field.key, known, entity.attributes, (entity, field, subject, begin))
        return ResolvedAttribute(Field(None, name, field.position), entity.attributes[name])
    name = entity.prefixes.get(prefix, prefix)
    if name not in entity.collections:
        allowed = [*entity.collections, "attributes"]
        begin = f"Invalid entity type '{field.prefix}'"
        _unknown("prefix", field.prefix or "", allowed, allowed, (entity, field, subject, begin))
    part = entity.collections[name]
    if isinstance(part, StringCollection) and part.keys is not None and field.key not in part.keys:
        begin = f"Invalid {name.removesuffix('s')} key '{field.key}' specified"
        _unknown(f"key of {name}", field.key, part.keys, part.keys, (entity, field, subject, begin))
    if isinstance(part, MetricCollection) and field.is_bare and part.has_key(field.whole_key):
        # What a stock client means by it: MLflow knows no aggregates.
        return ResolvedKey(Field(name, field.whole_key, field.position), part)
    return ResolvedKey(Field(name, field.key, field.position, field.aggregate), part)


def keys_of_fields(fields: Iterable[Field]) -> set[str]:
    """Return every key that fields may name, for a service to look up at once before it compiles them."""
    keyed = [field for field in fields if field.prefix is not None]
    return {field.key for field in keyed} | {field.whole_key for field in keyed if field.is_bare}


def resolve_order(terms: Sequence[OrderTerm], entity: EntitySearch) -> tuple[ResolvedOrder, ...]:
    """Give what the terms of an order mean; two spellings of one field count as that field twice.

    Raises:
        SearchSyntaxError: The entity has no such field, or a field comes twice.
    """
    orders: list[ResolvedOrder] = []
    for term in terms:
        by = resolve_field(term.field, entity, clause(term.text))
        if any(by.field == earlier.by.field for earlier in orders):
            raise sorted_twice(by.field, term.text)
        orders.append(ResolvedOrder(by, term.descending, term.text))
    return tuple(orders)


def _unknown(
    what: str,
    name: str,
    known: Iterable[str],
    allowed: Iterable[str],
    where: tuple[EntitySearch, Field, str, str],
) -> NoReturn:
    entity, field, subject, begin = where
    close = get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    reason = f"{entity.name} have no {what} {name}.{hint} Allowed: {', '.join(allowed)}"
    lead = entity.unknown_words.format(field=field) or begin
    raise SearchSyntaxError(reason, field.position, subject, lead)
