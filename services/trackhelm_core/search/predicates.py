"""One comparison on one column, as SQL. It owns the meaning of each operator; values must be checked before.

Every value is a bind parameter. A predicate may be NULL where its column is: `compile` makes NOT safe for it.
"""

import math
import operator as operators
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    SQLColumnExpression,
    and_,
    false,
    func,
    or_,
    true,
    type_coerce,
)

from trackhelm_core.search.bounds import INT64
from trackhelm_core.search.expression import Operator, Value

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
    """Compare a text column as the database compares it, but for patterns."""
    match operator, value:
        case Operator.LIKE, str():
            return _like(column, value)
        case Operator.ILIKE, str():
            # The pattern is lowered in SQL too: each database lowers both sides by its own rules.
            return _like(func.lower(column), value, lower=True)
        case _:
            return plain_predicate(column, operator, value)


def text_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value, *, nullable: bool
) -> ColumnElement[bool]:
    """Compare an attribute of text. An empty one fulfils IS NULL, and NULL is an empty one."""
    if operator is Operator.IS_NULL:
        return or_(column == "", column.is_(None))
    if operator is Operator.IS_NOT_NULL:
        return column != ""
    holds = string_predicate(column, operator, value)
    # Said beside it, not by a function around the column, so that indexes serve both.
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
    """Compare a column of doubles, in which NULL is NaN: unequal to every number, equal to nan."""
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
    """Compare a column of named values: the names are matched here, the database sees stored values."""
    if operator in {Operator.IS_NULL, Operator.IS_NOT_NULL}:
        return plain_predicate(column, operator, value)
    return column.in_([stored for name, stored in choices.items() if _name_matches(name, operator, value)])


def number_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a column of integers of any width with numbers, or with texts that write whole ones.

    The parameter is always 64 bits wide: cast to a narrower column's type, PostgreSQL refuses a large one. A
    list takes the type of its column, so a fraction in it would be rounded; it equals no integer, and goes.
    """
    wide = type_coerce(column, BigInteger())
    if not isinstance(value, tuple):
        return plain_predicate(wide, operator, int(value) if isinstance(value, str) else value)
    value = tuple(int(member) if isinstance(member, str) else member for member in value)
    numbers = [int(member) for member in value if member == int(member)]
    members = [number for number in numbers if number in INT64]
    if operator is Operator.IN:
        return wide.in_(members)
    return and_(column.is_not(None), wide.not_in(members))  # NULL is outside an empty list, yet absent


def id_predicate(column: SQLColumnExpression[Any], operator: Operator, value: Value) -> ColumnElement[bool]:
    """Compare a column of integers with text. Text that writes no id equals none."""
    if value is None:
        return plain_predicate(column, operator, value)
    texts = value if isinstance(value, tuple) else (value,)
    ids = tuple(int(text) for text in texts if isinstance(text, str) and _ID.fullmatch(text))
    positive = operator in {Operator.EQ, Operator.IN}
    return number_predicate(column, Operator.IN if positive else Operator.NOT_IN, ids)


def plain_predicate(
    column: SQLColumnExpression[Any], operator: Operator, value: Value
) -> ColumnElement[bool]:
    """Compare a column as the database compares it; patterns are not for every column, so not here."""
    return _PLAIN[operator](column, value)


def _like(column: SQLColumnExpression[Any], pattern: str, *, lower: bool = False) -> ColumnElement[bool]:
    r"""Match a pattern in which `%` and `_` are the only special characters, on every database.

    PostgreSQL takes a backslash for an escape by default and SQLite does not. Naming it the escape and
    doubling it makes it an ordinary character on both. Without one, the shorter form leaves SQLite its index.
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
