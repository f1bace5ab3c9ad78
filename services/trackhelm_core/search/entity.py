"""What can be searched in one entity: its attributes and collections, and how a field is resolved to one.

A service declares one `EntitySearch` for each entity, over its own columns, and passes it to `compile_filter`
and `resolve_order`. Must not know a table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, literal_column

from trackhelm_core.search.grammar import Aggregate, Field, Operator, OrderTerm, sorted_twice
from trackhelm_core.search.text import COMPARATOR_WORDS, FILTER, SearchSyntaxError, clause

# Attributes and collections.

EQUALITY = frozenset({Operator.EQ, Operator.NE})
PATTERNS = frozenset({Operator.LIKE, Operator.ILIKE})
LISTS = frozenset({Operator.IN, Operator.NOT_IN})
ORDERING = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE})
PRESENCE = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})
STRING_OPERATORS = EQUALITY | PATTERNS | LISTS | PRESENCE
NUMBER_OPERATORS = EQUALITY | ORDERING | LISTS | PRESENCE

ATTRIBUTE_PREFIXES = frozenset({"attribute", "attributes", "attr"})

Predicate: TypeAlias = Callable[[SQLColumnExpression[Any]], ColumnElement[bool]]
"""Makes the condition on the column that holds the value."""

StringExists: TypeAlias = Callable[[str, Predicate], ColumnElement[bool]]
"""`exists(key, predicate)`: whether the entity has a row with this key whose value fulfils the predicate.

The service returns an EXISTS over its own table (`string_rows` builds the usual one), which is never NULL.
"""

MetricExists: TypeAlias = Callable[[str, Aggregate, Predicate], ColumnElement[bool]]
"""`exists(key, aggregate, predicate)`: the same, on the column of the aggregate."""


HasKey: TypeAlias = Callable[[str], bool]
"""Whether a metric with exactly this key was ever logged. The service looks the keys up beforehand."""


@dataclass(frozen=True, slots=True)
class StringAttribute:
    """A text column. If it is nullable, NULL stands for the empty text, as which callers see it."""

    column: SQLColumnExpression[str | None]
    operators: frozenset[Operator] = STRING_OPERATORS
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class NumberAttribute:
    """An int64 column, such as a time in milliseconds or a version.

    If it `is_text` on the wire, it may be compared with numbers in quotes, too.
    """

    column: SQLColumnExpression[int | None]
    operators: frozenset[Operator] = NUMBER_OPERATORS
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class IdAttribute:
    """An integer column that callers see as text, such as an experiment id: '7', but not 7 or '07'."""

    column: SQLColumnExpression[int | None]
    operators: frozenset[Operator] = EQUALITY | LISTS | PRESENCE


@dataclass(frozen=True, slots=True)
class ChoiceAttribute:
    """A column with few values that callers know by name. `choices` maps each name to its stored value."""

    column: SQLColumnExpression[Any]
    choices: Mapping[str, object]
    operators: frozenset[Operator] = STRING_OPERATORS


@dataclass(frozen=True, slots=True)
class StringCollection:
    """Named strings of an entity: tags, params. If given, `keys` are the only ones: a dataset's parts."""

    exists: StringExists
    operators: frozenset[Operator] = STRING_OPERATORS
    keys: tuple[str, ...] | None = None


def _no_key(_key: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MetricCollection:
    """Named doubles of an entity. NaN is stored as NULL, and infinities as they are.

    `has_key` says whether a key exists. A bare `loss.max` names the key `loss.max` if that exists, and the
    maximum of `loss` if not.
    """

    exists: MetricExists
    has_key: HasKey = _no_key
    operators: frozenset[Operator] = NUMBER_OPERATORS


Attribute: TypeAlias = StringAttribute | NumberAttribute | IdAttribute | ChoiceAttribute
Collection: TypeAlias = StringCollection | MetricCollection


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySearch:
    """Everything that a caller can search in one entity.

    The keys of `attributes` and `collections` are canonical names. `aliases` maps other spellings of
    attributes to their canonical name, and `prefixes` those of collections. Prefixes are case-insensitive,
    names are not.

    The `words` are how messages begin, as MLflow's do for this entity: `comparator_words` for a wrong
    operator, `key_comparator_words` for that of a tag, param or metric if it differs, `number_words` for a
    text where a number belongs, `prefix_words` for an unknown prefix, and `unknown_words` for any unknown
    field if it differs. They are templates of `field`, `kind`, `operator`, `value` and `prefix`.
    """

    name: str
    attributes: Mapping[str, Attribute]
    collections: Mapping[str, Collection] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    attribute_prefixes: frozenset[str] = ATTRIBUTE_PREFIXES
    comparator_words: str = COMPARATOR_WORDS
    key_comparator_words: str = ""
    number_words: str = "Expected numeric value type for numeric attribute: {field}"
    prefix_words: str = "Invalid entity type '{prefix}'"
    unknown_words: str = ""


# EXISTS from a SELECT, by which nearly every collection is searched. The caller's SELECT has the tables.


def string_rows(values: Callable[[str], Select[Any]]) -> StringExists:
    """Search the values that `values(key)` selects: one column, of the rows of the searched entity.

    The SELECT names the entity's table in its WHERE and in `.correlate(...)`, for instance
    `select(Tag.value).where(Tag.run_id == Run.id, Tag.key == key).correlate(Run)`.
    """

    def exists(key: str, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key), predicate)

    return exists


def metric_rows(values: Callable[[str, Aggregate], Select[Any]]) -> MetricExists:
    """Search the values that `values(key, aggregate)` selects, as `string_rows` does."""

    def exists(key: str, aggregate: Aggregate, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key, aggregate), predicate)

    return exists


_FENCE: ColumnElement[int] = literal_column("0")


def _exists(values: Select[Any], predicate: Predicate) -> ColumnElement[bool]:
    (column,) = values.selected_columns
    # OFFSET 0 skips no row, but makes PostgreSQL look each entity up by the index. Without it PostgreSQL
    # turns EXISTS into a join or a hash table, for which it reads the rows of all experiments, and many
    # EXISTS into one huge join: 80 tags of logged models took 1.6 s.
    return values.where(predicate(column)).offset(_FENCE).exists()


# Which attribute or collection of an entity a field means.


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
    """What to sort by, and the text of that order.

    The service finds the column: `by.part.column`, or a join on `by.field.key`.
    """

    by: Resolved
    descending: bool
    text: str


def resolve_field(field: Field, entity: EntitySearch, subject: str = FILTER) -> Resolved:
    """Return what a field means in an entity.

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
        begin = entity.prefix_words.format(prefix=field.prefix)
        _unknown("prefix", field.prefix or "", allowed, allowed, (entity, field, subject, begin))
    part = entity.collections[name]
    if isinstance(part, StringCollection) and part.keys is not None and field.key not in part.keys:
        begin = f"Invalid {name.removesuffix('s')} key '{field.key}' specified"
        _unknown(f"key of {name}", field.key, part.keys, part.keys, (entity, field, subject, begin))
    if isinstance(part, MetricCollection) and field.is_bare and part.has_key(field.whole_key):
        # A stock client means the whole key: MLflow has no aggregates.
        return ResolvedKey(Field(name, field.whole_key, field.position), part)
    return ResolvedKey(Field(name, field.key, field.position, field.aggregate), part)


def keys_of_fields(fields: Iterable[Field]) -> set[str]:
    """Return every key that fields may name; a service looks them up together before it compiles them."""
    keyed = [field for field in fields if field.prefix is not None]
    return {field.key for field in keyed} | {field.whole_key for field in keyed if field.is_bare}


def resolve_order(terms: Sequence[OrderTerm], entity: EntitySearch) -> tuple[ResolvedOrder, ...]:
    """Return what the terms of an order mean. Two spellings of one field count as the same field.

    Raises:
        SearchSyntaxError: The entity has no such field, or a field occurs twice.
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
