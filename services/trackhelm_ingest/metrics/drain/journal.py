"""Draining the journal: on a server without Redis, a second thread besides the one that writes the journal.

Also what `/metrics` says of the journal; the database is asked for it at every scrape.

It gathers entries for a moment and stores them as workers store those in Redis. While there is nothing to
store it does the other work of workers (`upkeep`). A read that finds little to wait for stores it itself.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Final, Self

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from trackhelm_core.access import as_program
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.names import BEFORE_ALL, StreamId
from trackhelm_domain.journal_backlog import JournalBacklog
from trackhelm_ingest.metrics.drain.batch import (
    BATCH_ENTRIES,
    PACE_SECONDS,
    RawEntry,
    entries_to_read,
    store_batch,
)
from trackhelm_ingest.metrics.journal_store import (
    bury_entries,
    count_entries,
    delete_entries,
    waiting_entries,
    waiting_in_all,
)
from trackhelm_ingest.metrics.positions import PositionMovedError
from trackhelm_ingest.metrics.upkeep import Upkeep

log = structlog.get_logger(__name__)

PAUSES: Final = 4
"""The wait for the next batch, as a multiple of the time that the last one took. Storing then takes at most a
fifth of the time, and a busy machine gathers more into a batch. A read ends the wait."""

LONGEST_PACE_SECONDS: Final = 5.0

RETRY_SECONDS: Final = 1.0
"""The wait after a batch could not be stored."""


class _Journal:
    """The source of a batch of entries of the journal, read in the transaction that stores them first."""

    is_lost = False

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._reasons: dict[StreamId, str] = {}
        with ExitStack() as opened:
            session = opened.enter_context(database.redoing())
            self.entries = [
                RawEntry(StreamId(entry_id, 0), data) for entry_id, data in waiting_entries(session, count)
            ]
            self._opened: tuple[ExitStack, Session] | None = (opened.pop_all(), session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened[0].close()

    def bury(self, entry: RawEntry, reason: str) -> None:
        log.error("a dead letter", entry=entry.id.milliseconds, reason=reason)
        self._reasons[entry.id] = reason

    @contextmanager
    def writing(self) -> Iterator[Session]:
        # If a power cut loses this transaction, the entries are still in the journal.
        opened, self._opened = self._opened, None
        if opened is not None:
            with opened[0]:
                yield opened[1]
        else:
            with self._database.redoing() as session:
                yield session

    def move(self, session: Session, *, before: StreamId | None, after: StreamId) -> None:
        passed = [entry.id for entry in self.entries if (before or BEFORE_ALL) < entry.id <= after]
        buried = {entry.milliseconds: self._reasons[entry] for entry in passed if entry in self._reasons}
        stored = [entry.milliseconds for entry in passed if entry not in self._reasons]
        bury_entries(session, buried)
        if delete_entries(session, stored) != len(stored):
            raise PositionMovedError("another process drains the journal")


def pace(seconds: float) -> float:
    """Return the wait after a batch that took so long, unless a read waits."""
    return min(max(PACE_SECONDS, (1 + PAUSES) * seconds), LONGEST_PACE_SECONDS)


class JournalDrain:
    """The thread that drains the journal, from `start` to `stop`."""

    def __init__(self, database: Database, backlog: JournalBacklog, upkeep: Upkeep) -> None:
        self._database = database
        self._backlog = backlog
        self._upkeep = upkeep
        self._count = BATCH_ENTRIES
        self._draining = threading.Lock()
        self._due_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-drain", daemon=True)

    def start(self) -> Self:
        """Take over the journal, and start draining it."""
        self.keep()
        self._thread.start()
        self._backlog.drained_by(self.drain_for_read)
        return self

    def keep(self) -> None:
        """Take over the entries that an earlier process left in the journal."""
        with self._database.reading() as session:
            newest, size = waiting_in_all(session)
        self._backlog.keep(newest, size)

    def stop(self) -> None:
        """Store the entries that wait, then end the thread."""
        self._stopping.set()
        self._backlog.call()
        self._thread.join()

    def _run(self) -> None:
        while True:
            is_last = self._stopping.is_set()
            until = time.monotonic() + (0.0 if self._upkeep else self._upkeep.seconds_until_look())
            if self._backlog.wait_until_due(
                lambda: 0.0 if self._stopping.is_set() else self._due_at, 0.0 if is_last else until
            ):
                try:
                    self.drain()
                except Exception:
                    # Whatever the error is, the entries are still in the journal.
                    log.exception("the journal could not be drained")
                    if is_last:
                        return
                    self._stopping.wait(RETRY_SECONDS)
            elif is_last:
                return
            elif self._upkeep:
                if not self._upkeep.seconds_until_look():
                    self._drain_retried()
                self._upkeep.do_next()

    def _drain_retried(self) -> None:
        """Store dead letters that wait again since a command has retried them: nobody has called for that."""
        try:
            self.drain()
        except Exception:
            log.exception("the journal could not be drained")

    def drain_for_read(self) -> None:
        """Store a batch in the thread of a read, unless another thread is storing one. It never raises."""
        if not self._draining.acquire(blocking=False):
            return
        try:
            self._drain()
        except Exception:
            # The read calls the thread, which tries again.
            log.exception("the journal could not be drained")
        finally:
            self._draining.release()

    def drain(self) -> bool:
        """Store a batch, and return whether more waits."""
        with self._draining:
            return self._drain()

    def _drain(self) -> bool:
        began = time.monotonic()
        is_full = self._store_some()
        self._due_at = began if is_full else began + pace(time.monotonic() - began)
        return is_full

    def _store_some(self) -> bool:
        newest, size = self._backlog.waiting()
        # A read may store what others have logged: their runs are no business of its caller's rights.
        with as_program(), _Journal(self._database, self._count) as journal:
            entries = journal.entries
            if not entries:
                # Another process on this database has stored them.
                self._backlog.acknowledge(newest, size)
                return False
            outcome = store_batch(journal, BEFORE_ALL, entries)
        for metric in outcome.crowded:
            self._upkeep.add(metric)
        if outcome.crowded:
            self._backlog.call()
        size = sum(len(entry.data) for entry in entries)
        self._backlog.acknowledge(entries[-1].id.milliseconds, size)
        is_full = len(entries) == self._count
        self._count = entries_to_read(size / len(entries))
        return is_full


class JournalCollector(Collector):
    """Reads the state of the journal, under the names of the queue in Redis. It has one partition."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing. Without this method, registering the collector would ask the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what is in the journal, or nothing if the database does not answer."""
        try:
            with self._database.reading_once() as session:
                counts = count_entries(session)
        except SQLAlchemyError:
            log.exception("the journal could not be counted")
            return
        waiting = GaugeMetricFamily(
            "trackhelm_queue_waiting_requests", "Requests that wait to be stored.", labels=["partition"]
        )
        waiting.add_metric(["0"], counts.waiting)
        yield waiting
        yield GaugeMetricFamily(
            "trackhelm_queue_waiting_bytes", "Bytes that wait to be stored.", value=counts.waiting_bytes
        )
        yield GaugeMetricFamily(
            "trackhelm_queue_dead_letters", "Dead letters that are kept.", value=counts.dead
        )
