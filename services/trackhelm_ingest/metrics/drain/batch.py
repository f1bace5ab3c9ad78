"""Storing a batch of entries: the good and the position in one transaction, the bad in the dead letters.

An entry is bad by itself when it cannot be read, when its run does not exist (any more), or when the
database refuses it alone. A bad entry is in the dead letters before the position passes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session

from trackhelm_core.db.failures import database_failure
from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.names import StreamId
from trackhelm_ingest.metrics.drain.stream import RawEntry
from trackhelm_ingest.metrics.entries import Entry, EntryFormatError, unpack_entry
from trackhelm_ingest.metrics.positions import PositionMovedError, move_position
from trackhelm_ingest.metrics.series import subjects_of
from trackhelm_ingest.metrics.store import Metric, write_points
from trackhelm_ingest.runs.store import runs_to_log_to

log = structlog.get_logger(__name__)

Bury = Callable[[RawEntry, str], None]
"""Puts an entry into the dead letters, with the reason."""

# A deadlock with a request that writes the same new keys, or a run that is deleted meanwhile.
_ATTEMPTS: Final = 3

# A missing table, a driver that is used wrongly: they would bury every entry.
_NOT_AN_ENTRYS_FAULT: Final = (InterfaceError, ProgrammingError, PositionMovedError)


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    position: StreamId | None
    newest: dict[str, StreamId] = field(default_factory=dict)
    """The last entry of each run and logged model."""
    points: int = 0
    crowded: set[Metric] = field(default_factory=set)


def store_batch(
    connection: Connection, partition: int, position: StreamId | None, entries: Sequence[RawEntry], bury: Bury
) -> Outcome:
    """Store entries, of which there is at least one, and move the position behind them.

    Raises:
        DBAPIError: The database is away: what is stored is up to the position in it, and no more.
        PositionMovedError: Another process drains the partition.
    """
    batch = _Batch(connection, partition, Outcome(position), bury)
    readable: list[_Readable] = []
    for raw in entries:
        try:
            entry = unpack_entry(raw.data)
        except EntryFormatError as error:
            batch.bury(raw, str(error))
        else:
            batch.outcome.newest |= dict.fromkeys(subjects_of(*entry), raw.id)
            readable.append((raw, entry))
    batch.store(readable, entries[-1].id)
    return batch.outcome


_Readable = tuple[RawEntry, Entry]


class _Batch:
    def __init__(self, connection: Connection, partition: int, outcome: Outcome, bury: Bury) -> None:
        self.outcome = outcome
        self._connection = connection
        self._partition = partition
        self._bury = bury
        self._buried: set[StreamId] = set()

    def bury(self, entry: RawEntry, reason: str) -> None:
        """Bury an entry once: a batch that is stored again meets its bad entries again."""
        if entry.id not in self._buried:
            self._bury(entry, reason)
            self._buried.add(entry.id)

    def store(self, entries: Sequence[_Readable], last: StreamId) -> None:
        """Store entries and move the position to `last`; where that fails, the two halves one by one."""
        for attempt in range(_ATTEMPTS):
            try:
                self._store_together(entries, last)
            except _NOT_AN_ENTRYS_FAULT:
                raise
            except Exception as error:
                if _may_pass(error):
                    # A connection that is lost took the lock with it.
                    if self._connection.invalidated or attempt == _ATTEMPTS - 1:
                        raise
                    log.warning(
                        "a batch is stored again", partition=self._partition, error=_first_line(error)
                    )
                elif entries:
                    self._store_apart(entries, last, error)
                    return
                else:
                    raise
            else:
                return

    def _store_apart(self, entries: Sequence[_Readable], last: StreamId, error: Exception) -> None:
        if len(entries) == 1:
            self.bury(entries[0][0], f"it cannot be stored: {_first_line(error)}")
            self.store([], last)
            return
        middle = len(entries) // 2
        self.store(entries[:middle], entries[middle - 1][0].id)
        self.store(entries[middle:], last)

    def _store_together(self, entries: Sequence[_Readable], last: StreamId) -> None:
        with Session(self._connection, autoflush=False, expire_on_commit=False) as session:
            runs = runs_to_log_to(session, {entry.run for _, entry in entries}) if entries else {}
            accepted = []
            for raw, entry in entries:
                if run := runs.get(entry.run):
                    accepted.append((run.id, entry.points))
                else:
                    self.bury(raw, f"there is no run {entry.run}")
            crowded = write_points(session, accepted)
            move_position(session, self._partition, before=self.outcome.position, after=last)
            session.commit()
        self.outcome.position = last
        self.outcome.points += sum(len(points.columns) for _, points in accepted)
        self.outcome.crowded |= crowded


def _may_pass(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError) and isinstance(database_failure(error), UnavailableError)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
