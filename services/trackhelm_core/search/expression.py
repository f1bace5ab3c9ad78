"""The expression tree of a filter: its nodes, and walking them. Must not read text or write SQL."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None
"""One literal, the literals of an IN list, or None for an operator that takes no value."""


class Operator(StrEnum):
    """The operator of a comparison, as it is written. NOT LIKE is `Not` around LIKE."""

    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    LIKE = "LIKE"
    ILIKE = "ILIKE"
    IN = "IN"
    NOT_IN = "NOT IN"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


class Aggregate(StrEnum):
    """Which of a metric's summary values a field means."""

    LAST = "last"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared: `prefix.key`, or an attribute if there is no prefix.

    The position in the text does not count for equality. `aggregate` has a meaning for metrics only. A field
    `is_bare` if no quotes separate the key from the aggregate: the whole of `loss.max` may then be a key.
    """

    prefix: str | None
    key: str
    position: int = field(compare=False)
    aggregate: Aggregate = Aggregate.LAST
    is_bare: bool = False

    @property
    def whole_key(self) -> str:
        """The key that a bare field names if that key exists."""
        return f"{self.key}.{self.aggregate}"

    def __str__(self) -> str:
        """Return the field as an error message names it."""
        name = self.key if self.prefix is None else f"{self.prefix}.{self.key}"
        return name if self.aggregate is Aggregate.LAST else f"{name}.{self.aggregate}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of one field with one value."""

    field: Field
    operator: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class Not:
    """True exactly where `part` is not true."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is; two parts or more."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any part is; two parts or more."""

    parts: tuple["Expression", ...]


Expression: TypeAlias = And | Or | Not | Comparison


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """Yield every comparison of an expression, from left to right."""
    match expression:
        case Comparison():
            yield expression
        case Not(part):
            yield from comparisons(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)


def conjuncts(expression: Expression) -> Iterator[Comparison]:
    """Yield every comparison that must be true for the expression to be true, from left to right."""
    match expression:
        case Comparison():
            yield expression
        case And(parts):
            for part in parts:
                yield from conjuncts(part)


def parts_of(expression: Expression | None) -> tuple[Expression, ...]:
    """Return the parts that must all be true for the expression to be true; empty for no expression."""
    match expression:
        case None:
            return ()
        case And(parts):
            return parts
        case _:
            return (expression,)


def all_of(parts: Sequence[Expression]) -> Expression | None:
    """Return the expression that is true where every part is: the reverse of `parts_of`."""
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def rewrite(expression: Expression, change: Callable[[Comparison], Expression]) -> Expression:
    """Return the expression with every comparison replaced by the result of `change`."""
    match expression:
        case Comparison():
            return change(expression)
        case Not(part):
            return Not(rewrite(part, change))
        case And(parts):
            return And(tuple(rewrite(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(rewrite(part, change) for part in parts))
