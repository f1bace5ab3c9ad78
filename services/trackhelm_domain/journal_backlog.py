"""The backlog without Redis: entries that wait in the journal, a table of the same database.

The process that accepts metrics keeps the journal: it has in memory which entries wait and which runs they
belong to. Any other process that uses the database reads the table, and waits for all entries in it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.names import StreamId
from trackhelm_core.queue.read_wait import Positions
from trackhelm_domain.tables import JournalEntry

FULL_BYTES: Final = 8 * 1024 * 1024
"""When so many bytes wait, they are stored without gathering more."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""When so many bytes wait, nothing is added until some of it is stored; senders have to wait."""

LITTLE_BYTES: Final = 64 * 1024
"""Up to so many bytes that wait are stored by the read that waits for them."""

_PARTITION: Final = 0
_BEFORE_ALL: Final = 0
_BEHIND_ALL: Final = 2**63 - 1


class Accepted(NamedTuple):
    """An entry of the journal that is committed."""

    id: int
    subjects: Iterable[str]
    """The run and the logged models to which the entry belongs."""
    size: int


class JournalBacklog:
    """The entries that wait in the journal; see `Backlog`. Any thread may call its methods."""

    def __init__(self, database: Database, patience_seconds: float) -> None:
        self.patience_seconds = patience_seconds
        self._database = database
        self._changed = threading.Condition()
        self._is_kept_here = False
        self._accepted = self._stored = self._recovered = _BEFORE_ALL
        self._notes: dict[str, int] = {}
        self._bytes = 0
        self._must_flush = self._called = False
        self._drain: Callable[[], None] | None = None

    # For reads.

    def newest(self, subjects: Sequence[str], seen: Positions | None = None) -> Positions:
        """Return the newest entry that may belong to the subjects, unless it was stored (before `seen`)."""
        with self._changed:
            if self._is_kept_here:
                stored = self._stored if seen is None else _entry(seen)
                if stored >= self._accepted:
                    return {}
                notes = self._notes
                noted = max((notes.get(subject, _BEFORE_ALL) for subject in subjects), default=_BEFORE_ALL)
                # It is unknown to which runs the entries belong that an earlier process has left, or that
                # were stored since: their notes are gone.
                since = self._stored if self._stored > stored else _BEFORE_ALL
                newest = max(noted, self._recovered, since)
                return _position(newest) if newest > stored else {}
        accepted = self.accepted()
        if accepted or seen is None or self.stored() == seen:
            return accepted
        return _position(_entry(seen) + 1)

    def accepted(self) -> Positions:
        """Return the newest entry that was accepted."""
        with self._changed:
            if self._is_kept_here:
                return _position(self._accepted)
        return _position(self._ask(func.max) or _BEFORE_ALL)

    def stored(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the newest entry that is stored; all before it are stored, too."""
        with self._changed:
            if self._is_kept_here:
                return _position(self._stored)
        first = self._ask(func.min)
        return _position(_BEHIND_ALL if first is None else first - 1)

    def catch_up(self) -> None:
        """Store what waits in this thread, if this process drains the journal and it is little."""
        with self._changed:
            drain = self._drain if self._bytes <= LITTLE_BYTES else None
        if drain is not None:
            drain()

    def flush(self, partitions: Iterable[int]) -> None:
        """Make the drainer store at once what waits, if this process keeps the journal."""
        with self._changed:
            self._must_flush = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until something is stored."""
        with self._changed:
            if self._is_kept_here:
                stored = self._stored
                self._changed.wait_for(lambda: self._stored > stored, seconds)
                return
        time.sleep(seconds)

    # For the process that keeps the journal.

    def keep(self, newest: int, size: int) -> None:
        """Begin to keep the journal here; it has `size` bytes up to the entry `newest` (0 if empty)."""
        with self._changed:
            self._is_kept_here = True
            self._accepted = self._recovered = newest
            self._bytes = size

    def drained_by(self, drain: Callable[[], None]) -> None:
        """Let reads call `drain`, which stores what waits, or returns at once if that is being done."""
        with self._changed:
            self._drain = drain

    def accept(self, entries: Sequence[Accepted]) -> None:
        """Note entries, in their order, before their requests are answered."""
        with self._changed:
            was_idle, was_full = self._stored >= self._accepted, self._bytes >= FULL_BYTES
            for entry in entries:
                self._accepted = entry.id
                self._bytes += entry.size
                # The entry may be stored already: the drainer sees it as soon as it is committed.
                if entry.id > self._stored:
                    self._notes.update(dict.fromkeys(entry.subjects, entry.id))
            if was_idle or (self._bytes >= FULL_BYTES and not was_full):
                self._changed.notify_all()

    def acknowledge(self, last: int, size: int) -> None:
        """Note that all entries up to `last` are stored, of `size` bytes, and wake the waiting threads."""
        with self._changed:
            self._stored = max(self._stored, last)
            # Among them may be dead letters that were retried, whose bytes were not added again.
            self._bytes = max(0, self._bytes - size)
            if self._stored >= self._accepted:
                self._notes.clear()
            else:
                self._notes = {subject: entry for subject, entry in self._notes.items() if entry > last}
            self._changed.notify_all()

    def call(self) -> None:
        """Make the drainer look for other work."""
        with self._changed:
            self._called = True
            self._changed.notify_all()

    def wait_until_due(self, due_at: Callable[[], float], until: float) -> bool:
        """Wait until entries must be stored and return True; return False after `call` or at `until`.

        Entries must be stored at the time `due_at`, which reads that store some put off, or as soon as a read
        waits for them or too many wait. Times are those of the monotonic clock.
        """
        with self._changed:
            while True:
                now = time.monotonic()
                is_behind = self._accepted > self._stored
                if is_behind and (self._must_flush or now >= due_at() or self._bytes >= FULL_BYTES):
                    self._must_flush = False
                    return True
                if self._called or now >= until:
                    self._called = self._must_flush = False
                    return False
                self._changed.wait((min(due_at(), until) if is_behind else until) - now)

    def wait_for_room(self, seconds: float) -> bool:
        """Wait at most so long until more may be added, and return whether it may."""
        with self._changed:
            return self._changed.wait_for(lambda: self._bytes < MOST_BYTES, seconds)

    def waiting(self) -> tuple[int, int]:
        """Return the newest entry that was accepted, and the number of bytes that wait."""
        with self._changed:
            return self._accepted, self._bytes

    def _ask(self, function: Callable[..., Any]) -> int | None:
        with self._database.reading_once() as session:
            return session.scalar(select(function(JournalEntry.id)).where(JournalEntry.reason.is_(None)))


def _entry(positions: Positions) -> int:
    position = positions.get(_PARTITION)
    return position.milliseconds if position else _BEFORE_ALL


def _position(entry: int) -> Positions:
    return {_PARTITION: StreamId(entry, 0)} if entry else {}
