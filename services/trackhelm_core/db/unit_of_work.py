"""Units of work: one request or task is one transaction, committed before it is answered.

The route (or task) opens one, explicitly; logic and stores only use the session they are given and never
commit. A FastAPI `yield` dependency would commit after the response was sent.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from trackhelm_core.db.engine import WRITES

# Units of work: one request or task is one transaction, committed before it is answered.
#
# The route (or task) opens one, explicitly; logic and stores only use the session they are given and never
# commit. A FastAPI `yield` dependency would commit after the response was sent.


class CommitHook(Protocol):
    """What each transaction that writes does besides: what was noted in its session is written with it."""

    def begin(self, session: Session) -> None:
        """Prepare a session for what may be noted in it."""

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Write what was noted; return what is to be called once that is committed."""


class Database:
    """The sessions of one process. `hooks` take part in each transaction that writes, in their order."""

    def __init__(self, engine: Engine, hooks: Sequence[CommitHook] = ()) -> None:
        self.engine = engine
        self._hooks = hooks
        # What a page shows is read by several statements. On PostgreSQL each sees a state of its own unless
        # told otherwise; SQLite has one a transaction. Same pool: an option costs no message to the server.
        self._reader = (
            engine
            if self.is_sqlite
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        # SQLite has one writer, and lets a waiting one sleep and try again for as long as others are
        # luckier. Within a process a lock makes them take turns: 32 clients wait, none times out.
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
        """Open a session for one statement that reads, and others to which it does not matter when they do.

        On PostgreSQL it is no transaction: BEGIN and ROLLBACK would be two more round trips.
        """
        engine = self._reader if self.is_sqlite else self._autocommit
        with Session(engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def autocommit(self) -> Iterator[Session]:
        """Open a session of PostgreSQL in which each statement is a transaction of its own.

        For a write that is one statement: BEGIN and COMMIT would be two more round trips.
        """
        assert not self.is_sqlite, "SQLite's writers take turns: use `writing`"
        with Session(self._autocommit, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def relaxed_write(self) -> Iterator[Session]:
        """Open a session for one statement that writes what can be found out again.

        When the block ends it is committed: a killed process takes nothing back. On SQLite a power cut may
        take back what was written so at last, for the disk is not waited for, and nothing else. On PostgreSQL
        it is a transaction like every other, without round trips for BEGIN and COMMIT.
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
        """Open a transaction that writes what is done again should it be lost.

        It is committed when the block ends, rolled back when it raises. A killed process takes nothing back.
        On SQLite a power cut may take back the last ones, each whole and none before one that stays, for the
        disk is not waited for. On PostgreSQL, which may be restarted without this process, it is like others.
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
        """Open a transaction that writes: committed when the block ends, rolled back when it raises.

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
    """Have SQLite not wait for the disk when it commits on a connection."""
    driver = connection.connection.cursor()
    # Outside of transactions, in which SQLite does not change it.
    driver.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        driver.execute("PRAGMA synchronous=FULL")
        driver.close()


# Trying a change: what was done since the beginning of a trial can be undone, and the transaction go on.
#
# Logic notes in its session what is to be written right before the commit (audit events, for one). A
# savepoint alone would leave these notes of what was undone.


class SavepointScope:
    """Begins with its construction. Whoever does not undo it lets it stand: the commit takes it in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._noted = {key: _copied(value) for key, value in session.info.items()}
        self._savepoint = session.begin_nested()

    def undo(self) -> None:
        """Undo what was done and forget what was noted since the trial began."""
        self._savepoint.rollback()
        self._session.info.clear()
        self._session.info.update(self._noted)


def _copied(value: Any) -> Any:
    return copy(value) if isinstance(value, list | dict | set) else value
