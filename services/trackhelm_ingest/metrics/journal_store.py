"""Statements about the journal: entries that wait to be stored, and those that cannot be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import CursorResult, delete, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.base import table_of
from trackhelm_core.db.statements import dialect_of, is_any_of
from trackhelm_domain.tables import JournalEntry

_TABLE: Final = table_of(JournalEntry)
_WAITS: Final = JournalEntry.reason.is_(None)


def add_entries(session: Session, entries: Sequence[bytes]) -> list[int]:
    """Add entries, at least one, and return their ids in the same order."""
    if dialect_of(session) == "sqlite":
        # With the driver, in a third of the time. SQLite has one writer, so the ids are consecutive.
        connection = session.connection()
        connection.exec_driver_sql(
            "INSERT INTO metric_journal (data) VALUES (?)", [(data,) for data in entries]
        )
        last = connection.exec_driver_sql("SELECT last_insert_rowid()").scalar_one()
        return list(range(last - len(entries) + 1, last + 1))
    statement = insert(_TABLE).returning(_TABLE.c.id, sort_by_parameter_order=True)
    found = session.connection().execute(statement, [{"data": data} for data in entries])
    return [entry_id for (entry_id,) in found]


def waiting_entries(session: Session, limit: int) -> list[tuple[int, bytes]]:
    """Return the first entries that wait, with their ids."""
    statement = select(JournalEntry.id, JournalEntry.data).where(_WAITS).order_by(JournalEntry.id)
    return [(entry_id, data) for entry_id, data in session.execute(statement.limit(limit))]


def waiting_in_all(session: Session) -> tuple[int, int]:
    """Return the id of the newest entry that waits, 0 for none, and the number of bytes that wait."""
    newest, size = func.max(JournalEntry.id), func.sum(func.length(JournalEntry.data))
    found_newest, found_size = session.execute(select(newest, size).where(_WAITS)).one()
    return found_newest or 0, int(found_size or 0)


def bury_entries(session: Session, reasons: Mapping[int, str]) -> None:
    """Make entries, given by their ids, dead letters with their reasons."""
    for entry_id, reason in reasons.items():
        session.execute(update(JournalEntry).where(JournalEntry.id == entry_id).values(reason=reason))


def delete_entries(session: Session, ids: Collection[int]) -> int:
    """Delete entries that wait, and return how many there were."""
    statement = delete(JournalEntry).where(is_any_of(session, JournalEntry.id, sorted(ids)), _WAITS)
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
