"""What can be searched in one entity: its attributes and collections, and what a field names among them.

A service states an `EntitySearch` once per entity, over its own columns. This module holds no table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, literal_column

from trackhelm_core.search.expression import Aggregate, Field, Operator
from trackhelm_core.search.grammar import OrderTerm, sorted_twice
from trackhelm_core.search.text import FILTER, SearchSyntaxError, clause

# What can be searched in one entity: its attributes and its prefixed collections. It holds no table, no
# SQL.
#
# A service states an `EntitySearch` once per entity, over its own columns, and hands it to `compile` and
# `resolve`.

EQUALITY = frozenset({Operator.EQ, Operator.NE})
PATTERNS = frozenset({Operator.LIKE, Operator.ILIKE})
LISTS = frozenset({Operator.IN, Operator.NOT_IN})
ORDERING = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})
PRESENCE = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})
STRING_OPERATORS = EQUALITY | PATTERNS | LISTS | PRESENCE
NUMBER_OPERATORS = EQUALITY | ORDERING | LISTS | PRESENCE

ATTRIBUTE_PREFIXES = frozenset({"attribute", "attributes", "attr"})

Predicate: TypeAlias = Callable[[SQLColumnExpression[Any]], ColumnElement[bool]]
"""A condition on whichever column holds the value."""

StringExists: TypeAlias = Callable[[str, Predicate], ColumnElement[bool]]
"""`exists(key, predicate)`: whether the entity has a row of this key whose value fulfils the predicate.

The service answers with EXISTS over its own table (`rows` builds the usual one), so that it is never NULL.
"""

MetricExists: TypeAlias = Callable[[str, Aggregate, Predicate], ColumnElement[bool]]
"""`exists(key, aggregate, predicate)`: the same, on the column of that aggregate."""


HasKey: TypeAlias = Callable[[str], bool]
"""Whether anything was ever logged under a key of exactly this text. The service asks the database before."""


@dataclass(frozen=True, slots=True)
class StringAttribute:
    """A text column. In a nullable one, NULL stands for the empty text, which is what callers see of it."""

    column: SQLColumnExpression[str | None]
    operators: frozenset[Operator] = STRING_OPERATORS
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class NumberAttribute:
    """An int64 column, such as a time in milliseconds or a version.

    One that `is_text` on the wire is compared with numbers in quotes, too.
    """

    column: SQLColumnExpression[int | None]
    operators: frozenset[Operator] = NUMBER_OPERATORS
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class IdAttribute:
    """An integer column that callers know as text, such as an experiment id: '7', and never 7 or '07'."""

    column: SQLColumnExpression[int | None]
    operators: frozenset[Operator] = EQUALITY | LISTS | PRESENCE


@dataclass(frozen=True, slots=True)
class ChoiceAttribute:
    """A column with few values that callers know by name: `choices` gives each name its stored value."""

    column: SQLColumnExpression[Any]
    choices: Mapping[str, object]
    operators: frozenset[Operator] = STRING_OPERATORS


@dataclass(frozen=True, slots=True)
class StringCollection:
    """Named strings of an entity: tags, params. With `keys`, there are no others: the parts of a dataset."""

    exists: StringExists
    operators: frozenset[Operator] = STRING_OPERATORS
    keys: tuple[str, ...] | None = None


def _no_key(_key: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MetricCollection:
    """Named doubles of an entity, of which NaN is stored as NULL and infinities as themselves.

    `has_key` says whether a key exists: only then a bare `loss.max` names it, and else the maximum of `loss`.
    """

    exists: MetricExists
    has_key: HasKey = _no_key
    operators: frozenset[Operator] = NUMBER_OPERATORS


Attribute: TypeAlias = StringAttribute | NumberAttribute | IdAttribute | ChoiceAttribute
Collection: TypeAlias = StringCollection | MetricCollection


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySearch:
    """All that a caller can search in one entity.

    `attributes` and `collections` go by canonical name; `aliases` gives other spellings of attributes their
    canonical name, and `prefixes` other spellings of collections. Prefixes are read in any case, names as is.

    `comparator_words` is how the message for a wrong operator begins, and `unknown_words` that for an unknown
    field where MLflow has words of its own for this entity: templates of `field`, `kind` and `operator`.
    """

    name: str
    attributes: Mapping[str, Attribute]
    collections: Mapping[str, Collection] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    attribute_prefixes: frozenset[str] = ATTRIBUTE_PREFIXES
    comparator_words: str = "Invalid comparator '{operator}'"
    unknown_words: str = ""


# EXISTS from a SELECT: how nearly every collection is searched. The tables are in the caller's SELECT.


def string_rows(values: Callable[[str], Select[Any]]) -> StringExists:
    """Search the values that `values(key)` selects: one column, the rows tied to the searched entity's.

    The SELECT names the entity's table in its WHERE and in `.correlate(...)`, for instance
    `select(Tag.value).where(Tag.run_id == Run.id, Tag.key == key).correlate(Run)`.
    """

    def exists(key: str, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key), predicate)

    return exists


def metric_rows(values: Callable[[str, Aggregate], Select[Any]]) -> MetricExists:
    """Search the values that `values(key, aggregate)` selects, likewise."""

    def exists(key: str, aggregate: Aggregate, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key, aggregate), predicate)

    return exists


_FENCE: ColumnElement[int] = literal_column("0")


def _exists(values: Select[Any], predicate: Predicate) -> ColumnElement[bool]:
    (column,) = values.selected_columns
    # OFFSET 0 leaves out no row, but PostgreSQL then looks each entity up by the index. Else it turns EXISTS
    # into a join or a hash table, for which it reads the rows of all experiments; and of many EXISTS one join
    # that explodes: 80 tags of logged models took 1.6 s.
    return values.where(predicate(column)).offset(_FENCE).exists()


# Names to what they name: which attribute or collection of an entity a field means. It writes no SQL.


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
