"""Storing a batch of entries: good ones and the position in one transaction, bad ones as dead letters.

It is the same for entries in Redis and in the journal: a `Source` says where they come from. An entry is bad
if it cannot be read, if its run does not exist (any more), or if the database refuses it even alone. A bad
entry becomes a dead letter before the position passes it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import structlog
from sqlalchemy.exc import InterfaceError, ProgrammingError
from sqlalchemy.orm import Session

from trackhelm_core.db.engine import may_pass
from trackhelm_core.queue.names import StreamId
from trackhelm_ingest.metrics.entries import Entry, EntryFormatError, unpack_entry
from trackhelm_ingest.metrics.positions import PositionMovedError
from trackhelm_ingest.metrics.series import subjects_of
from trackhelm_ingest.metrics.store import Metric, write_points
from trackhelm_ingest.runs.store import runs_to_log_to

log = structlog.get_logger(__name__)

BATCH_ENTRIES: Final = 256
"""At most 256,000 points: about 6 MB of columns, and a transaction of well under a second."""

MOST_BATCH_ENTRIES: Final = 2_048
"""The limit if entries are so small that so many are at most `BATCH_BYTES`, judged by the last batch."""

BATCH_BYTES: Final = 6 * 1024 * 1024

PACE_SECONDS: Final = 0.75
"""The least time from one transaction to the next, unless a read waits. Entries that arrive meanwhile share
chunks and a sync of the disk, and leave the CPU to the requests. With one point in each request, 3,400
requests a second took 40% of a CPU when this was 0.02. With 1,000 points in each, at 1.7 million a second,
1.0 instead of 0.25 saved a fifth of a worker's time for each point. It is less than a second, so that a read
whose flush signal was lost waits no longer than that.
"""


def entries_to_read(mean_bytes: float) -> int:
    """Return how many entries to read as a batch, given their mean size."""
    return max(BATCH_ENTRIES, min(MOST_BATCH_ENTRIES, int(BATCH_BYTES / max(mean_bytes, 1))))


class RawEntry(NamedTuple):
    """An entry as it waits in the queue."""

    id: StreamId
    data: bytes
    traceparent: str = ""
    """The span of the request that it came with, if that is recorded."""


class Source(Protocol):
    """Where a batch of entries comes from, and where the position is kept."""

    @property
    def is_lost(self) -> bool:
        """Whether another process may drain the partition by now, so that nothing must be retried."""
        ...

    def bury(self, entry: RawEntry, reason: str) -> None:
        """Make an entry a dead letter, at the latest in the transaction whose position passes it."""
        ...

    def writing(self) -> AbstractContextManager[Session]:
        """Open a transaction, which is committed when the block ends."""
        ...

    def move(self, session: Session, *, before: StreamId | None, after: StreamId) -> None:
        """Move the position, in the transaction that stores the entries up to it.

        Raises:
            PositionMovedError: Another process has stored some of the entries.
        """
        ...


# For a deadlock with a request that writes the same new keys, or a run that is deleted meanwhile.
_ATTEMPTS: Final = 3

# Errors such as a missing table or a wrong use of the driver, which would make every entry a dead letter.
_NOT_AN_ENTRYS_FAULT: Final = (InterfaceError, ProgrammingError, PositionMovedError)


@dataclass(slots=True)
class Outcome:
    """The outcome of a batch."""

    position: StreamId | None
    newest: dict[str, StreamId] = field(default_factory=dict)
    """The last entry of each run and logged model."""
    points: int = 0
    crowded: set[Metric] = field(default_factory=set)


def store_batch(source: Source, position: StreamId | None, entries: Sequence[RawEntry]) -> Outcome:
    """Store entries, at least one, and move the position to the last of them.

    Raises:
        DBAPIError: The database is unavailable. Exactly the entries up to the stored position are stored.
        PositionMovedError: Another process drains the partition.
    """
    batch = _Batch(source, Outcome(position))
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
    def __init__(self, source: Source, outcome: Outcome) -> None:
        self.outcome = outcome
        self._source = source
        self._buried: set[StreamId] = set()

    def bury(self, entry: RawEntry, reason: str) -> None:
        """Bury an entry once only, because a batch that is retried has the same bad entries again."""
        if entry.id not in self._buried:
            self._source.bury(entry, reason)
            self._buried.add(entry.id)

    def store(self, entries: Sequence[_Readable], last: StreamId) -> None:
        """Store entries and move the position to `last`; if that fails, store the two halves one by one."""
        for attempt in range(_ATTEMPTS):
            try:
                self._store_together(entries, last)
            except _NOT_AN_ENTRYS_FAULT:
                raise
            except Exception as error:
                if may_pass(error):
                    if self._source.is_lost or attempt == _ATTEMPTS - 1:
                        raise
                    log.warning("a batch is stored again", last=str(last), error=_first_line(error))
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
        with self._source.writing() as session:
            runs = runs_to_log_to(session, {entry.run for _, entry in entries}) if entries else {}
            accepted = []
            for raw, entry in entries:
                if run := runs.get(entry.run):
                    accepted.append((run.id, entry.points))
                else:
                    self.bury(raw, f"there is no run {entry.run}")
            crowded = write_points(session, accepted)
            self._source.move(session, before=self.outcome.position, after=last)
        self.outcome.position = last
        self.outcome.points += sum(len(points.columns) for _, points in accepted)
        self.outcome.crowded |= crowded


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
