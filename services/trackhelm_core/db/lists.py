"""Membership in a list of any length, as one parameter of a statement.

`IN` with a parameter per value stops at 32,766 values on SQLite and 65,535 on PostgreSQL, and each length
is a statement of its own to compile and to plan.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

Values = Sequence[int] | Sequence[str]


def is_any_of(session: Session, column: SQLColumnExpression[Any], values: Values) -> ColumnElement[bool]:
    """Return whether a column of integers or text has one of the values."""
    dialect = session.get_bind().dialect.name
    return _is_member(dialect, column, literal(list_parameter(dialect, values), _list_type(dialect, column)))


def is_in_parameter(dialect: str, column: SQLColumnExpression[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column has one of the values of a named parameter, for statements that are made once.

    The parameter's value is what `list_parameter` makes.
    """
    return _is_member(dialect, column, bindparam(name, type_=_list_type(dialect, column)))


def list_parameter(dialect: str, values: Values) -> list[int] | list[str] | str:
    """Return the values as the database takes them in one parameter."""
    listed: list[Any] = list(values)
    return listed if dialect == "postgresql" else json.dumps(listed)


def _list_type(dialect: str, column: SQLColumnExpression[Any]) -> ARRAY[Any] | None:
    return ARRAY(column.label(None).type) if dialect == "postgresql" else None


def _is_member(
    dialect: str, column: SQLColumnExpression[Any], values: ColumnElement[Any]
) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == any_(values)
    listed = func.json_each(values).table_valued("value")
    return column.in_(select(listed.c.value))
