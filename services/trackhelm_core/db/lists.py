"""Membership in a list of any length, as one parameter of a statement.

`IN` with a parameter per value stops at 32,766 values on SQLite and 65,535 on PostgreSQL, and each length
is a statement of its own to compile and to plan.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def is_any_of(
    session: Session, column: SQLColumnExpression[Any], values: Sequence[int] | Sequence[str]
) -> ColumnElement[bool]:
    """Return whether a column of integers or text has one of the values."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.label(None).type)))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))
