"""Units of work: one request or task is one transaction, which is committed before the answer is sent.

The route (or task) opens a unit of work explicitly; logic and stores use the session that is passed to them
and must never commit. A FastAPI `yield` dependency would commit after the response was sent.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from trackhelm_core.db.engine import WRITES


class CommitHook(Protocol):
    """Takes part in each transaction that writes: it writes what logic has noted in the session."""

    def begin(self, session: Session) -> None:
        """Prepare a session so that logic can note something in it."""

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Write what was noted; return a function to call after the commit, or None."""


class Database:
    """Opens the sessions of one process. `hooks` take part, in order, in each transaction that writes."""

    def __init__(self, engine: Engine, hooks: Sequence[CommitHook] = ()) -> None:
        self.engine = engine
        self._hooks = hooks
        # A page is read by several statements, which must see one snapshot. On PostgreSQL each statement sees
        # its own by default; on SQLite a transaction has one. The engine shares its pool with the others: the
        # option costs no round trip.
        self._reader = (
            engine
            if self.is_sqlite
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        # SQLite has one writer at a time. A second writer sleeps and tries again, and others may overtake it
        # until it times out. A lock makes the writers of this process take turns: with 32 clients none timed
        # out.
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database, which has one writer at a time."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads: one snapshot, no lock."""
        with Session(self._reader, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def reading_once(self) -> Iterator[Session]:
        """Open a session for one statement that reads, or for several that need not see the same snapshot.

        On PostgreSQL there is no transaction, because BEGIN and ROLLBACK would be two more round trips.
        """
        engine = self._reader if self.is_sqlite else self._autocommit
        with Session(engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        """Open a session in which each statement is a transaction of its own; PostgreSQL only.

        For a write of one statement: BEGIN and COMMIT would be two more round trips.
        """
        assert not self.is_sqlite, "SQLite's writers take turns: use `writing`"
        with Session(self._autocommit, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def relaxed_write(self) -> Iterator[Session]:
        """Open a session for one statement that writes what can be worked out again if it is lost.

        It is committed when the block ends, and then survives a killed process. On SQLite the commit does not
        wait for the disk, so a power cut may lose the last such writes, and nothing else. On PostgreSQL it is
        as durable as any transaction, without the round trips for BEGIN and COMMIT.
        """
        if not self.is_sqlite:
            with self.autocommit() as session:
                yield session
            return
        with (
            self._writer,
            self.engine.connect() as connection,
            _not_synced(connection),
            Session(
                connection.execution_options(**{WRITES: True}), autoflush=False, expire_on_commit=False
            ) as session,
        ):
            yield session
            session.commit()

    @contextmanager
    def redoing(self) -> Iterator[Session]:
        """Open a transaction whose work is repeated if it is lost.

        It is committed when the block ends, and rolled back when the block raises. A commit survives a killed
        process. On SQLite it does not wait for the disk, so a power cut may lose the last such transactions:
        each as a whole, and never an earlier one while a later one stays. On PostgreSQL, which may be
        restarted while this process goes on, it is as durable as any transaction.
        """
        if self.is_sqlite:
            with self.relaxed_write() as session:
                yield session
            return
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that writes: committed when the block ends, rolled back when the block raises.

        What hooks write (the audit trail, the outbox) is committed with it.
        """
        with (
            self._writer,
            self.engine.connect() as connection,
            Session(
                connection.execution_options(**{WRITES: True}), autoflush=False, expire_on_commit=False
            ) as session,
        ):
            for hook in self._hooks:
                hook.begin(session)
            yield session
            after = [hook.before_commit(session) for hook in self._hooks]
            session.commit()
        for call in after:
            if call is not None:
                call()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _not_synced(connection: Connection) -> Iterator[None]:
    """Make SQLite commit on a connection without waiting for the disk."""
    driver = connection.connection.cursor()
    # Outside of a transaction, because SQLite ignores this pragma inside one.
    driver.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        driver.execute("PRAGMA synchronous=FULL")
        driver.close()


# Trying a change: what was done since the trial began can be undone while the transaction goes on.
#
# Logic notes in its session what is written right before the commit (audit events, for example). A savepoint
# alone would keep these notes of changes that were undone.


class SavepointScope:
    """A trial, which begins when this is constructed. Unless it is undone, its changes are committed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._noted = {key: _copied(value) for key, value in session.info.items()}
        self._savepoint = session.begin_nested()

    def undo(self) -> None:
        """Undo what was done, and forget what was noted, since the trial began."""
        self._savepoint.rollback()
        self._session.info.clear()
        self._session.info.update(self._noted)


def _copied(value: Any) -> Any:
    return copy(value) if isinstance(value, list | dict | set) else value
