"""INSERT … ON CONFLICT for both databases: SQLAlchemy has it once a dialect, with one shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trackhelm_core.db.models.base import Base


def insert_for(dialect: str, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that has `on_conflict_do_…`, for a database named as SQLAlchemy names it."""
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def dialect_of(session: Session) -> str:
    """Return SQLAlchemy's name of the session's database: `postgresql` or `sqlite`."""
    return session.get_bind().dialect.name


def upsert(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], *, update: Sequence[str] = ()
) -> int:
    """Insert rows; one whose primary key is there takes the new values of `update`, or is left as it is.

    Return how many rows were inserted or updated.

    Give the rows in one order everywhere (sorted by key): two transactions that lock the same rows in
    opposite orders end in a deadlock.
    """
    if not rows:
        return 0
    statement = insert_for(dialect_of(session), model)
    if update:
        statement = statement.on_conflict_do_update(
            index_elements=inspect(model).primary_key,
            set_={name: statement.excluded[name] for name in update},
        )
    else:
        statement = statement.on_conflict_do_nothing()
    result = session.execute(statement, list(rows))
    assert isinstance(result, CursorResult)
    return result.rowcount
