"""Statements about the entries of the journal: those that wait to be stored, and the dead letters."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Delete, Integer, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import dialect_of, is_in_parameter, list_parameter, prepared, table_of
from trackhelm_domain.tables import JournalEntry

_TABLE: Final = table_of(JournalEntry)
_WAITS: Final = JournalEntry.reason.is_(None)


# Prepared, as is what deletes entries: reads wait for drains, and statements were a third of the drain of a
# request with twenty metrics.
def _waiting(_dialect: str) -> Select[int, bytes]:
    waiting = select(_TABLE.c.id, _TABLE.c.data).where(_TABLE.c.reason.is_(None))
    return waiting.order_by(_TABLE.c.id).limit(bindparam("most", type_=Integer))


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
    rows = prepared(session, _waiting).rows(session, {"most": limit})
    return [(entry_id, data) for entry_id, data in rows]


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
    parameters = {"ids": list_parameter(dialect_of(session), sorted(ids))}
    return prepared(session, _deletion).run(session, parameters).rowcount


def _deletion(dialect: str) -> Delete:
    return delete(_TABLE).where(is_in_parameter(dialect, _TABLE.c.id, "ids"), _TABLE.c.reason.is_(None))


class JournalCounts(NamedTuple):
    """How much is in the journal."""

    waiting: int
    waiting_bytes: int
    dead: int


def count_entries(session: Session) -> JournalCounts:
    """Count the entries that wait, their bytes, and the dead letters."""
    size = func.sum(func.length(JournalEntry.data)).filter(_WAITS)
    waiting, size_or_none, dead = session.execute(
        select(func.count().filter(_WAITS), size, func.count(JournalEntry.reason)).select_from(JournalEntry)
    ).one()
    return JournalCounts(waiting, int(size_or_none or 0), dead)


class DeadEntry(NamedTuple):
    """An entry that could not be stored."""

    id: int
    reason: str
    data: bytes


_DEAD: Final = select(JournalEntry.id, JournalEntry.reason, JournalEntry.data).where(~_WAITS)


def dead_entries(session: Session, *, after: int, limit: int) -> list[DeadEntry]:
    """Return the first dead letters with an id above `after`."""
    page = _DEAD.where(JournalEntry.id > after).order_by(JournalEntry.id).limit(limit)
    return [_dead(*row) for row in session.execute(page)]


def find_dead_entry(session: Session, entry_id: int) -> DeadEntry | None:
    """Return a dead letter, None if there is none with this id."""
    row = session.execute(_DEAD.where(JournalEntry.id == entry_id)).one_or_none()
    return None if row is None else _dead(*row)


def _dead(entry_id: int, reason: str | None, data: bytes) -> DeadEntry:
    assert reason is not None
    return DeadEntry(entry_id, reason, data)


def retry_entry(session: Session, entry_id: int) -> None:
    """Make a dead letter wait again."""
    session.execute(update(JournalEntry).where(JournalEntry.id == entry_id).values(reason=None))


def drop_entry(session: Session, entry_id: int) -> None:
    """Delete a dead letter."""
    session.execute(delete(JournalEntry).where(JournalEntry.id == entry_id, ~_WAITS))
