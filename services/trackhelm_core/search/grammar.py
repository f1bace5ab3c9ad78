"""Filters and orders: the expression tree of a filter, and the parser that makes it from text.

Owns the grammar, literals and fields, and walking the tree. Must not write SQL, nor know which fields and
operators exist: each entity declares them.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from trackhelm_core.search.text import (
    COMPARATOR_WORDS,
    FILTER,
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_NUMBER_LENGTH,
    MAX_ORDER_TERMS,
    MAX_PATTERN_LENGTH,
    MAX_VALUES,
    Reader,
    SearchSyntaxError,
    Token,
    TokenKind,
    clause,
)

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


# Reading one literal: a quoted string or a number, which may be inf or nan.

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NON_FINITE = re.compile(r"(?P<sign>[+-]?)(?:inf|infinity)|[+-]?nan", re.IGNORECASE)


def read_literal(reader: Reader, after: str, field: Field) -> Scalar:
    """Read a quoted string or a number."""
    token = reader.next
    number = _number(token, reader)
    if number is not None:
        reader.take()
        return number
    return read_string(reader, after, field, "a quoted string or a number")


def read_string(reader: Reader, after: str, field: Field, what: str = "a quoted string") -> str:
    """Read a string in single or double quotes."""
    token = reader.next
    if token.kind is not TokenKind.QUOTED or token.quote == "`":
        reason = f"expected {what} after {after}, got {token}"
        reader.fail(reason, token.position, _words_without_quotes(reader, after, field))
    return reader.take().text


def _words_without_quotes(reader: Reader, after: str, field: Field) -> str:
    """Return how the message begins if a word, a number or NULL stands where a string in quotes belongs."""
    token = reader.next
    is_value = token.kind is TokenKind.WORD and reader.keyword in {None, "NULL"}
    if reader.subject != FILTER or not is_value:
        return ""
    if after in {"(", ","}:
        return TEXT_IN_LIST
    prefix = (field.prefix or "attributes").lower()
    if prefix in METRIC_PREFIXES:
        return "Expected numeric value type for metric"
    if reader.keyword or _number(token, reader) is not None:
        return f"Expected a quoted string value for {_KINDS.get(prefix, 'attributes')}"
    return f"Parameter value is either not quoted or unidentified quote types used for string value {token}"


def _number(token: Token, reader: Reader) -> int | float | None:
    if token.kind is not TokenKind.WORD:
        return None
    if non_finite := _NON_FINITE.fullmatch(token.text):
        sign = non_finite["sign"]
        return math.nan if sign is None else math.copysign(math.inf, -1 if sign == "-" else 1)
    if not _DECIMAL.fullmatch(token.text):
        return None
    if len(token.text) > MAX_NUMBER_LENGTH:
        reader.fail(f"a number may have at most {MAX_NUMBER_LENGTH} characters", token.position)
    if _INTEGER.fullmatch(token.text):
        return int(token.text)
    number = float(token.text)
    if math.isinf(number):
        reader.fail(f"{token} is too large for a 64-bit float; infinity is written inf", token.position)
    return number


# Reading one field: `key`, `prefix.key`, quoted parts, the aggregate of a metric.
#
# A key in quotes is taken literally. A bare key after the metric prefix that ends in `.last`, `.min` or
# `.max` names that value of the metric, unless the whole name is a key: `resolve_field`, which knows the
# keys, decides.

METRIC_PREFIXES = frozenset({"metric", "metrics"})
_AGGREGATES = frozenset(Aggregate)
_KINDS = {
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "parameter"),
    **dict.fromkeys(("dataset", "datasets"), "dataset attributes"),
}
_A_FIELD = "a field such as name, tags.team or metrics.`val loss`"


def read_field(reader: Reader) -> Field:
    """Read one field."""
    first = last = reader.next
    if _is_quoted_name(first):
        reader.take()
        if not _continues(reader, first):
            return Field(None, first.text, first.position)
        last = reader.take()
        prefix, key = first.text, last.text[1:]
    elif first.kind is TokenKind.WORD and reader.keyword is None:
        reader.take()
        prefix, dot, key = first.text.partition(".")
        if not dot:
            return Field(None, prefix, first.position)
    else:
        reader.expected(_A_FIELD)
    if not prefix:
        reader.fail(f"expected {_A_FIELD}, got {first}", first.position)
    is_metric = prefix.lower() in METRIC_PREFIXES
    if key:
        name, _, suffix = key.rpartition(".")
        if is_metric and name and suffix in _AGGREGATES:
            return Field(prefix, name, first.position, Aggregate(suffix), is_bare=True)
        return Field(prefix, key, first.position)
    literal = reader.next
    if not (_is_quoted_name(literal) and reader.touches(last)):
        reader.expected(f"a key right after {prefix}.")
    reader.take()
    if is_metric and _continues(reader, literal) and reader.next.text[1:] in _AGGREGATES:
        return Field(prefix, literal.text, first.position, Aggregate(reader.take().text[1:]))
    return Field(prefix, literal.text, first.position)


def _is_quoted_name(token: Token) -> bool:
    return token.kind is TokenKind.QUOTED and token.quote != "'"


def _continues(reader: Reader, token: Token) -> bool:
    """Return whether a dot follows directly after a quoted part."""
    return reader.next.kind is TokenKind.WORD and reader.next.text.startswith(".") and reader.touches(token)


# The text of an order to terms: `<field> [ASC|DESC]`.


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by, and the text that names it."""

    field: Field
    descending: bool = False
    text: str = dataclasses.field(default="", compare=False)


def parse_order_by(items: Sequence[str]) -> tuple[OrderTerm, ...]:
    """Return the terms of a request's order_by, in its order.

    Raises:
        SearchSyntaxError: An item is not an order, or a field occurs twice.
    """
    if len(items) > MAX_ORDER_TERMS:
        raise SearchSyntaxError(f"at most {MAX_ORDER_TERMS} items are allowed", 0, "order_by")
    terms: list[OrderTerm] = []
    for item in items:
        term = _term(item)
        if any(term.field == earlier.field for earlier in terms):
            raise sorted_twice(term.field, item)
        terms.append(term)
    return tuple(terms)


def sorted_twice(by: Field, item: str) -> SearchSyntaxError:
    """Return the error for an order that has a field twice; `item` is the second occurrence."""
    return SearchSyntaxError(
        f"{by} is already sorted by", by.position, clause(item), "`order_by` contains duplicate fields"
    )


def _term(item: str) -> OrderTerm:
    reader = Reader(item, clause(item))
    by = read_field(reader)
    direction = reader.next
    if direction.kind is TokenKind.WORD:
        reader.take()
    if reader.next.kind is not TokenKind.END:
        reader.expected("ASC, DESC or the end of the text")
    if direction.kind is TokenKind.WORD and direction.text.upper() not in {"ASC", "DESC"}:
        reason = f"expected ASC, DESC or the end of the text, got {direction}"
        reader.fail(reason, direction.position, f"Invalid ordering key in {reader.subject}")
    return OrderTerm(by, descending=direction.text.upper() == "DESC", text=item)


# The text of a filter to an expression.
#
#     either     = both (OR both)*
#     both       = negation (AND negation)*
#     negation   = NOT negation | "(" either ")" | comparison
#     comparison = field ( sign literal | [NOT] (LIKE | ILIKE) string
#                        | [NOT] IN "(" literal ("," literal)* [","] ")" | IS [NOT] NULL )
#
# Keywords are case-insensitive. Depth and size are limited, so that no text can exhaust the stack or the
# database.

_SIGNS = {str(operator): operator for operator in Operator if not operator.value[0].isalpha()}
_PATTERN_OPERATORS = {"LIKE": Operator.LIKE, "ILIKE": Operator.ILIKE}
TEXT_IN_LIST = "While parsing a list in the query, expected string value"
EMPTY_LIST = "While parsing a list in the query, expected a non-empty list of string values"
# Signs and words that MLflow reads as an operator, too, and refuses as one.
_FOREIGN_OPERATORS = frozenset({"RLIKE", "REGEXP"})
_AN_OPERATOR = f"an operator ({', '.join(Operator)}, NOT LIKE, NOT ILIKE)"


def comparator_lead(words: str, field: Field, operator: str) -> str:
    """Return how the message of a wrong operator begins, from an entity's template."""
    kind = _KINDS.get((field.prefix or "").lower(), "attribute")
    name = f"attributes.{field}" if field.prefix is None else field
    return words.format(field=name, kind=kind, operator=operator)


def parse_filter(
    text: str | None, subject: str = FILTER, comparator_words: str = COMPARATOR_WORDS
) -> Expression | None:
    """Return the expression that a filter means; None if the filter is absent or blank.

    `subject` is how messages call the filter, and `comparator_words` how that of a wrong operator begins.

    Raises:
        SearchSyntaxError: The text is not a filter.
    """
    if text is None or not text.strip():
        return None
    return _Parser(Reader(text, subject), comparator_words).whole()


class _Parser:
    __slots__ = ("_comparator_words", "_comparisons", "_depth", "_reader", "_values")

    def __init__(self, reader: Reader, comparator_words: str) -> None:
        self._reader = reader
        self._comparator_words = comparator_words
        self._depth = 0
        self._comparisons = 0
        self._values = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._reader.next.kind is not TokenKind.END:
            self._reader.expected("AND, OR or the end of the filter")
        return expression

    def _either(self) -> Expression:
        parts = self._chain(self._both, "OR")
        return parts[0] if len(parts) == 1 else Or(parts)

    def _both(self) -> Expression:
        parts = self._chain(self._negation, "AND")
        return parts[0] if len(parts) == 1 else And(parts)

    def _chain(self, part: Callable[[], Expression], keyword: str) -> tuple[Expression, ...]:
        parts = [part()]
        while self._reader.take_keyword(keyword):
            parts.append(part())
        return tuple(parts)

    def _negation(self) -> Expression:
        position = self._reader.next.position
        if self._reader.take_keyword("NOT"):
            return Not(self._deeper(self._negation, position))
        if self._reader.take_mark("("):
            inner = self._deeper(self._either, position)
            if not self._reader.take_mark(")"):
                self._reader.expected(f"AND, OR or the ) that closes position {position}")
            return inner
        return self._comparison()

    def _deeper(self, part: Callable[[], Expression], position: int) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._reader.fail(f"at most {MAX_DEPTH} nested parentheses and NOTs are allowed", position)
        expression = part()
        self._depth -= 1
        return expression

    def _comparison(self) -> Expression:
        field = read_field(self._reader)
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._reader.fail(f"at most {MAX_COMPARISONS} comparisons are allowed", field.position)
        sign = self._reader.next
        if sign.kind is TokenKind.SIGN and sign.text in _SIGNS:
            self._reader.take()
            return Comparison(field, _SIGNS[sign.text], self._literal(sign.text, field))
        if sign.kind is TokenKind.SIGN or sign.text.upper() in _FOREIGN_OPERATORS:
            lead = comparator_lead(self._comparator_words, field, str(sign))
            self._reader.fail(f"expected {_AN_OPERATOR}, got {sign}", sign.position, lead)
        if self._reader.take_keyword("IS"):
            negated = self._reader.take_keyword("NOT")
            if not self._reader.take_keyword("NULL"):
                self._reader.expected("NULL after IS NOT" if negated else "NULL or NOT NULL after IS")
            return Comparison(field, Operator.IS_NOT_NULL if negated else Operator.IS_NULL)
        return self._worded(field, negated=self._reader.take_keyword("NOT"))

    def _worded(self, field: Field, *, negated: bool) -> Expression:
        if self._reader.take_keyword("IN"):
            return Comparison(field, Operator.NOT_IN if negated else Operator.IN, self._list(field))
        operator = _PATTERN_OPERATORS.get(self._reader.keyword or "")
        if operator is None:
            self._reader.expected("IN, LIKE or ILIKE after NOT" if negated else _AN_OPERATOR)
        self._reader.take()
        comparison = Comparison(field, operator, self._pattern(operator, field))
        return Not(comparison) if negated else comparison

    def _pattern(self, operator: Operator, field: Field) -> str:
        position = self._reader.next.position
        pattern = read_string(self._reader, operator, field)
        if len(pattern) > MAX_PATTERN_LENGTH:
            self._reader.fail(f"a pattern may have at most {MAX_PATTERN_LENGTH} characters", position)
        return pattern

    def _list(self, field: Field) -> tuple[Scalar, ...]:
        if not self._reader.take_mark("("):
            self._reader.expected("( after IN")
        if self._reader.is_mark(")"):
            reason = "a list after IN holds one value at least"
            self._reader.fail(reason, self._reader.next.position, EMPTY_LIST)
        values = [self._literal("(", field)]
        while self._reader.take_mark(","):
            if self._reader.is_mark(")"):
                break  # Python writes a tuple of one as ('a',), and callers format tuples into filters
            values.append(self._literal(",", field))
        if not self._reader.take_mark(")"):
            self._reader.expected(", or ) in the list after IN")
        return tuple(values)

    def _literal(self, after: str, field: Field) -> Scalar:
        self._values += 1
        if self._values > MAX_VALUES:
            self._reader.fail(f"at most {MAX_VALUES} values are allowed", self._reader.next.position)
        return read_literal(self._reader, after, field)
