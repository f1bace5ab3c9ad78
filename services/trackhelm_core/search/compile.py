"""From an expression to SQL: the check of a comparison, its predicate, and the logic of AND, OR and NOT.

Must not know a table or write a literal: every value is a bind parameter.
"""

import math
import operator as operators
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    SQLColumnExpression,
    and_,
    false,
    func,
    not_,
    or_,
    true,
    type_coerce,
)

from trackhelm_core.search.entity import (
    EQUALITY,
    LISTS,
    PATTERNS,
    Attribute,
    ChoiceAttribute,
    Collection,
    EntitySearch,
    IdAttribute,
    MetricCollection,
    NumberAttribute,
    Predicate,
    Resolved,
    ResolvedAttribute,
    ResolvedKey,
    StringAttribute,
    resolve_field,
)
from trackhelm_core.search.grammar import (
    TEXT_IN_LIST,
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Scalar,
    Value,
)
from trackhelm_core.search.text import INT64, SearchSyntaxError

# One comparison on one column, as SQL. The values must have been checked before. A predicate may be NULL
# where its column is NULL; `compile_filter` handles NOT so that this is safe.

_PLAIN: Mapping[Operator, Callable[[Any, Any], ColumnElement[bool]]] = {
    Operator.EQ: operators.eq,
    Operator.NE: operators.ne,
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
    Operator.IN: lambda column, value: column.in_(value),
    Operator.NOT_IN: lambda column, value: column.not_in(value),
    Operator.IS_NULL: lambda column, _: column.is_(None),
    Operator.IS_NOT_NULL: lambda column, _: column.is_not(None),
}
_ID = re.compile(r"0|[1-9][0-9]{0,18}")


def string_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a text column as the database compares it; patterns mean the same on every database."""
    match operator, value:
        case Operator.LIKE, str():
            return _like(column, value)
        case Operator.ILIKE, str():
            # The pattern is also lower-cased in SQL, so that each database treats both sides by its own
            # rules.
            return _like(func.lower(column), value, lower=True)
        case _:
            return plain_predicate(column, operator, value)


def text_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value, *, nullable: bool
) -> ColumnElement[bool]:
    """Compare a text attribute. An empty text fulfils IS NULL, and NULL counts as an empty text."""
    if operator is Operator.IS_NULL:
        return or_(column == "", column.is_(None))
    if operator is Operator.IS_NOT_NULL:
        return column != ""
    holds = string_predicate(column, operator, value)
    # NULL is a condition of its own, not a function around the column, so that indexes can be used for both.
    return or_(holds, column.is_(None)) if nullable and _empty_fulfils(operator, value) else holds


def _empty_fulfils(operator: Operator, value: Value) -> bool:
    match operator, value:
        case Operator.EQ, str():
            return not value
        case Operator.NE, str():
            return bool(value)
        case Operator.IN, tuple():
            return "" in value
        case Operator.NOT_IN, tuple():
            return "" not in value
        case ((Operator.LIKE | Operator.ILIKE), str()):
            return not value.strip("%")
        case _:
            raise AssertionError(f"{operator} is not for text")


def metric_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a column of doubles in which NULL stands for NaN: unequal to every number, equal to nan."""
    match operator, value:
        case ((Operator.EQ | Operator.NE), (int() | float())):
            members: tuple[Any, ...] = (value,)
        case ((Operator.IN | Operator.NOT_IN), tuple()):
            members = value
        case _, (int() | float()):
            return plain_predicate(column, operator, float(value))
        case _:
            return plain_predicate(column, operator, value)
    numbers = [float(member) for member in members if not math.isnan(member)]
    wants_nan = len(numbers) < len(members)
    if operator in {Operator.EQ, Operator.IN}:
        return or_(column.in_(numbers) if numbers else false(), column.is_(None) if wants_nan else false())
    if wants_nan:
        return and_(column.is_not(None), column.not_in(numbers) if numbers else true())
    return or_(column.is_(None), column.not_in(numbers))


def choice_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value, choices: Mapping[str, object]
) -> ColumnElement[bool]:
    """Compare a column of named values: names are matched here, and the database compares stored values."""
    if operator in {Operator.IS_NULL, Operator.IS_NOT_NULL}:
        return plain_predicate(column, operator, value)
    return column.in_([stored for name, stored in choices.items() if _name_matches(name, operator, value)])


def number_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a column of integers of any width with numbers, or with texts of whole numbers.

    The parameter is always 64 bits wide, because PostgreSQL refuses a large number that is cast to a narrower
    column's type. A list gets the type of its column, so a fraction in it would be rounded; since a fraction
    equals no integer, it is left out.
    """
    wide = type_coerce(column, BigInteger())
    if not isinstance(value, tuple):
        return plain_predicate(wide, operator, int(value) if isinstance(value, str) else value)
    value = tuple(int(member) if isinstance(member, str) else member for member in value)
    numbers = [int(member) for member in value if member == int(member)]
    members = [number for number in numbers if number in INT64]
    if operator is Operator.IN:
        return wide.in_(members)
    return and_(column.is_not(None), wide.not_in(members))  # NULL is not in an empty list, but it is absent


def id_predicate(column: SQLColumnExpression[Any], operator: Operator, value: Value) -> ColumnElement[bool]:
    """Compare a column of integers with text. A text that is no id equals no id."""
    if value is None:
        return plain_predicate(column, operator, value)
    texts = value if isinstance(value, tuple) else (value,)
    ids = tuple(int(text) for text in texts if isinstance(text, str) and _ID.fullmatch(text))
    positive = operator in {Operator.EQ, Operator.IN}
    return number_predicate(column, Operator.IN if positive else Operator.NOT_IN, ids)


def plain_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a column as the database compares it, without patterns, which only text columns have."""
    return _PLAIN[operator](column, value)


def _like(column: SQLColumnExpression[Any], pattern: str, *, lower: bool = False) -> ColumnElement[bool]:
    r"""Match a pattern in which `%` and `_` are the only special characters, on every database.

    PostgreSQL treats a backslash as an escape by default and SQLite does not. Declaring it as the escape and
    doubling it makes it an ordinary character on both. A pattern without a backslash gets the shorter form,
    for which SQLite can use an index.
    """
    escape = "\\" if "\\" in pattern else None
    doubled = pattern.replace("\\", "\\\\")
    return column.like(func.lower(doubled) if lower else doubled, escape=escape)


def _name_matches(name: str, operator: Operator, value: Value) -> bool:
    match operator, value:
        case Operator.EQ, str():
            return name == value
        case Operator.NE, str():
            return name != value
        case Operator.IN, tuple():
            return name in value
        case Operator.NOT_IN, tuple():
            return name not in value
        case ((Operator.LIKE | Operator.ILIKE), str()):
            special = {"%": ".*", "_": "."}
            pattern = "".join(special.get(character) or re.escape(character) for character in value)
            if operator is Operator.ILIKE:
                name, pattern = name.lower(), pattern.lower()
            return re.fullmatch(pattern, name, re.DOTALL) is not None
        case _:
            raise AssertionError(f"{operator} is not for names")


# Whether a comparison is valid for its field: the operator and the values.

# A whole number written as an id is: without a plus sign, leading zeros or a decimal point.
_WHOLE = re.compile(r"-?[1-9][0-9]{0,99}|0")

_KINDS = {"tags": "tag", "params": "parameter", "metrics": "metric", "datasets": "dataset"}


def check_comparison(comparison: Comparison, resolved: Resolved, entity: EntitySearch) -> None:
    """Refuse an operator or a value that the field does not accept."""
    part = resolved.part
    kind = _KINDS.get(resolved.field.prefix or "", "")
    if comparison.operator not in part.operators:
        allowed = ", ".join(operator for operator in Operator if operator in part.operators)
        name = comparison.field if kind else f"attributes.{resolved.field}"
        words = (kind and entity.key_comparator_words) or entity.comparator_words
        _refuse(
            comparison,
            f"{comparison.field} cannot be compared with {comparison.operator}. Allowed: {allowed}",
            words.format(field=name, kind=kind or "attribute", operator=comparison.operator),
        )
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    for value in values:
        if value is not None:
            number_lead = entity.number_words.format(field=comparison.field, value=value)
            plain = _without_quotes(comparison, part, value, number_lead)
            _check_value(comparison, part, plain, kind, number_lead)


def _without_quotes(comparison: Comparison, part: Attribute | Collection, value: Scalar, lead: str) -> Scalar:
    """Return the number in a text, if the attribute accepts numbers in quotes; else the value itself."""
    if not (isinstance(part, NumberAttribute) and part.is_text and isinstance(value, str)):
        return value
    if not _WHOLE.fullmatch(value):
        _refuse(comparison, f"{comparison.field} is a whole number, and never {value!r}", lead)
    return int(value)


def _check_value(
    comparison: Comparison, part: Attribute | Collection, value: Scalar, kind: str, number_lead: str
) -> None:
    field, operator = comparison.field, comparison.operator
    match part, value:
        case ((NumberAttribute() | MetricCollection()), str()):
            lead = f"Expected numeric value type for {kind}" if kind else number_lead
            _refuse(comparison, f"{field} is a number; write the value without quotes", lead)
        case NumberAttribute(), float() if not math.isfinite(value):
            _refuse(comparison, f"{field} is a whole number and never {value}")
        case NumberAttribute(), int() if value not in INT64:
            _refuse(comparison, f"{value} is outside the 64-bit integers, from {INT64[0]} to {INT64[-1]}")
        case MetricCollection(), float() if math.isnan(value) and operator not in EQUALITY | LISTS:
            _refuse(
                comparison,
                f"nan is neither above nor below any number. Allowed: {', '.join(EQUALITY | LISTS)}",
                f"Expected numeric value type for {kind}",
            )
        case ((NumberAttribute() | MetricCollection()), _):
            return
        case _, (int() | float()):
            lead = f"Expected a quoted string value for {kind or 'attributes'}"
            if operator in LISTS:
                lead = TEXT_IN_LIST
            _refuse(comparison, f"{field} is text; write the value in quotes: '{value}'", lead)
        case ChoiceAttribute(), str() if operator not in PATTERNS and value not in part.choices:
            _refuse(comparison, f"{value!r} is not a {field}. Allowed: {', '.join(part.choices)}")


def _refuse(comparison: Comparison, reason: str, lead: str = "") -> NoReturn:
    raise SearchSyntaxError(reason, comparison.field.position, lead=lead)


# Expression to SQL: the logic of AND, OR, NOT and absent values.
#
# The logic is two-valued. A comparison is either true or false, and a field that is absent fulfils no
# comparison except IS NULL: without a tag x, neither `tags.x = 'a'` nor `tags.x != 'a'` is true. NOT is the
# exact opposite: without a tag x, `NOT (tags.x = 'a')` is true, and so is `tags.x NOT LIKE 'a%'`, which is
# the NOT of LIKE. A metric that is NaN is present: it fulfils `= nan` and `!=` any number, and it is not
# NULL. A text attribute that is empty is absent and is also equal to '', because callers cannot tell the two
# apart. A collection with several rows for a key, such as the datasets of a run, fulfils a comparison if any
# row does.


def compile_filter(expression: Expression, entity: EntitySearch) -> ColumnElement[bool]:
    """Return the condition that an expression means for an entity, for a WHERE clause.

    Raises:
        SearchSyntaxError: A field, operator or value is not valid for the entity.
    """
    return _compile(expression, entity, negated=False)


def _compile(expression: Expression, entity: EntitySearch, *, negated: bool) -> ColumnElement[bool]:
    """Compile with NOT moved down to the comparisons, where it is easy to plan and NOTs do not nest."""
    match expression:
        case Not(part):
            return _compile(part, entity, negated=not negated)
        case And(parts) | Or(parts):
            conditions = (_compile(part, entity, negated=negated) for part in parts)
            return and_(*conditions) if isinstance(expression, And) is not negated else or_(*conditions)
        case Comparison():
            resolved = resolve_field(expression.field, entity)
            check_comparison(expression, resolved, entity)
            if isinstance(resolved, ResolvedKey):
                found = _compare_key(expression, resolved)
                return not_(found) if negated else found
            holds = _compare_attribute(expression, resolved)
            return not_(func.coalesce(holds, false())) if negated else holds


def _compare_attribute(comparison: Comparison, resolved: ResolvedAttribute) -> ColumnElement[bool]:
    part, operator, value = resolved.part, comparison.operator, comparison.value
    match part:
        case StringAttribute():
            return text_predicate(part.column, operator, value, nullable=part.nullable)
        case NumberAttribute():
            return number_predicate(part.column, operator, value)
        case IdAttribute():
            return id_predicate(part.column, operator, value)
        case ChoiceAttribute():
            return choice_predicate(part.column, operator, value, part.choices)


def _compare_key(comparison: Comparison, resolved: ResolvedKey) -> ColumnElement[bool]:
    operator = comparison.operator
    if operator is Operator.IS_NULL:
        return not_(_exists(resolved, _anything))
    if operator is Operator.IS_NOT_NULL:
        return _exists(resolved, _anything)
    predicate = metric_predicate if isinstance(resolved.part, MetricCollection) else string_predicate
    return _exists(resolved, partial(predicate, operator=operator, value=comparison.value))


def _exists(resolved: ResolvedKey, predicate: Predicate) -> ColumnElement[bool]:
    field, part = resolved.field, resolved.part
    if isinstance(part, MetricCollection):
        return part.exists(field.key, field.aggregate, predicate)
    return part.exists(field.key, predicate)


def _anything(_column: SQLColumnExpression[object]) -> ColumnElement[bool]:
    return true()
