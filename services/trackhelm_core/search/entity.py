"""What can be searched in one entity: its attributes and its prefixed collections. It holds no table, no SQL.

A service states an `EntitySearch` once per entity, over its own columns, and hands it to `compile` and
`resolve`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, SQLColumnExpression

from trackhelm_core.search.expression import Aggregate, Operator

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
