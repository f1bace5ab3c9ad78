"""Engines: how a process connects to SQLite or PostgreSQL, and how it notices a PostgreSQL that hangs."""

import os
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExecutionContext, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from trackhelm_core.db.statements import BINARY

# Noticing a PostgreSQL server that hangs: it is reachable but answers nothing. Its connections are cut.
#
# When a server has ended, the network reports it. When its machine is frozen or cut off, nothing reports it:
# a thread that waits for it would wait for ever, and soon every thread of the process would. A statement may
# take minutes on a healthy server, so a long wait proves nothing; the watch therefore opens a new connection
# and checks whether the server answers it.

log = structlog.get_logger(__name__)

PATIENCE_SECONDS: Final = 5.0
"""How long a thread has waited before the server is checked, and the interval between further checks."""

GREETING_SECONDS: Final = 3.0
"""How long the server may take to answer a new connection."""

CONNECT_SECONDS: Final = 5
"""How long a connection may take to be made."""

_LOOK_SECONDS: Final = 0.5

# PostgreSQL's SSLRequest: a client may send it first, and the server answers one byte before any password.
_QUESTION: Final = struct.pack("!ii", 8, 80_877_103)

_AWAY: Final = "the database does not answer"


class HangWatch:
    """Watches the connections of one engine, in a thread that lives while any of them is in use."""

    def __init__(self, engine: Engine) -> None:
        self._in_use: dict[psycopg.Connection[Any], float] = {}
        self._changing = threading.Lock()
        self._watching = False
        self._hangs_until = 0.0
        event.listen(engine, "do_connect", self._on_connect)
        event.listen(engine, "checkout", self._on_checkout)
        event.listen(engine, "before_cursor_execute", self._on_statement)
        event.listen(engine, "checkin", self._on_checkin)
        event.listen(engine, "invalidate", self._on_checkin)

    def _on_connect(self, *_: Any) -> None:
        self._refuse_if_hanging()

    def _on_checkout(self, connection: Any, _entry: ConnectionPoolEntry, _proxy: Any) -> None:
        self._refuse_if_hanging()
        with self._changing:
            self._in_use[connection] = time.monotonic()
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="hang-watch", daemon=True).start()

    def _on_statement(self, connection: Any, *_: Any) -> None:
        driver = connection.connection.driver_connection
        if driver in self._in_use:
            self._in_use[driver] = time.monotonic()

    def _on_checkin(self, connection: Any, *_: Any) -> None:
        self._in_use.pop(connection, None)

    def _refuse_if_hanging(self) -> None:
        # For a few seconds after the server was found to hang, requests are refused at once instead of
        # waiting.
        if time.monotonic() < self._hangs_until:
            raise psycopg.OperationalError(_AWAY)

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._changing:
                if not self._in_use:
                    self._watching = False
                    return
                waiting = dict(self._in_use)
            longest = min(waiting, key=waiting.__getitem__)
            now = time.monotonic()
            if now - waiting[longest] < PATIENCE_SECONDS:
                continue
            if _greets(longest):
                # These connections run slow statements or are idle in a transaction: check them again later.
                for connection, since in waiting.items():
                    if self._in_use.get(connection) == since:
                        self._in_use[connection] = now
                continue
            stuck = [each for each, since in waiting.items() if self._in_use.get(each) == since]
            log.error("the database hangs: its connections are cut", connections=len(stuck))
            self._hangs_until = time.monotonic() + PATIENCE_SECONDS
            for connection in stuck:
                _cut(connection)
                self._in_use.pop(connection, None)


def _greets(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the server of a connection answers a new connection."""
    try:
        host, port = connection.pgconn.host.decode(), int(connection.pgconn.port)
    except psycopg.OperationalError:
        return True  # The connection is closed: no thread waits for it.
    try:
        if host.startswith("/"):
            probe = socket.socket(socket.AF_UNIX)
            probe.settimeout(GREETING_SECONDS)
            probe.connect(f"{host}/.s.PGSQL.{port}")
        else:
            probe = socket.create_connection((host, port), timeout=GREETING_SECONDS)
        with probe:
            probe.sendall(_QUESTION)
            return bool(probe.recv(1))
    except OSError:
        return False


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Close the connection's socket, so that the thread that waits for it gets an error."""
    with (
        suppress(OSError, psycopg.OperationalError),
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as own,
    ):
        own.shutdown(socket.SHUT_RDWR)


# Engines: how a process connects to SQLite or PostgreSQL, with the reason of each setting.

WRITES: Final = "trackhelm_writes"
"""Execution option that says that the connection's next transaction will write."""

_SQLITE_PRAGMAS: Final = (
    # Readers are not blocked while a writer commits.
    "journal_mode=WAL",
    # A commit is on the disk before the request is answered, even if the power fails. With NORMAL the last
    # commits before a power cut would be lost although they were acknowledged.
    "synchronous=FULL",
    "foreign_keys=ON",
    # This wait is only for other processes (`migrate`, a backup): our own writers take turns by a lock.
    "busy_timeout=15000",
    # LIKE is case-sensitive in the search grammar, as it is on PostgreSQL.
    "case_sensitive_like=ON",
    # 64 MiB of pages, so that the indexes of a database on a laptop stay in memory.
    "cache_size=-65536",
    "temp_store=MEMORY",
)

_POSTGRESQL_SETTINGS: Final = (
    # The default, 4, is for spinning disks. With it the planner lets a search of one experiment read the
    # metrics of all experiments, unless there are millions, instead of using the index.
    "random_page_cost=1.1",
    # JIT-compiling a statement takes longer than any of our statements runs.
    "jit=off",
    # Parallel workers take milliseconds to start, and take CPU time from other requests.
    "max_parallel_workers_per_gather=0",
)

# There are 40 endpoint threads and the metric writer; the pool may grow beyond its size for all of them.
_POOL_SIZE: Final = 20
_POOL_OVERFLOW: Final = 44
_POOL_TIMEOUT_SECONDS: Final = 10

# The server may have been restarted since a connection was last used. A connection that was idle for longer
# is tested by a round trip. If the server ends within this second, the request is answered 503 (try again).
_TRUSTED_SECONDS: Final = 1.0


def lower(text: str | None) -> str | None:
    """Return a text in lower case, letter by letter in every script, as PostgreSQL does.

    Python's `lower` turns some letters into several, or into another letter at the end of a word; this
    function turns each letter into exactly one.
    """
    return None if text is None else text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction control begins transactions late and never for SELECT; we begin
        # them explicitly, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # SQLite's own `lower` knows ASCII letters only. For 300,000 values it takes 83 ms, and ours 130 ms.
        connection.create_function("lower", 1, lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once if another one has written
        # meanwhile, despite the busy timeout. IMMEDIATE takes the write lock at the start.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(engine: Engine) -> None:
    # Installed before the other listeners, so that the statements they send are watched, too.
    HangWatch(engine)

    @event.listens_for(engine, "connect")
    def set_planner(connection: Any, _entry: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            for setting in _POSTGRESQL_SETTINGS:
                cursor.execute(f"SET {setting}")
        # Without a commit, the rollback of the transaction would undo the settings.
        connection.commit()

    @event.listens_for(engine, "checkin")
    def note_use(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask_whether_alive(connection: Any, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        used = entry.info.get("used")
        if used is None or time.monotonic() - used < _TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # The pool then opens a new connection, and replaces every older one when it is next used.
            raise InvalidatePoolError from error

    @event.listens_for(engine, "before_cursor_execute")
    def choose_format(
        _connection: Connection, cursor: Any, _sql: str, _parameters: Any, context: ExecutionContext, *_: Any
    ) -> None:
        if context.execution_options.get(BINARY):
            cursor.format = Format.BINARY


def make_engine(url: str) -> Engine:
    """Return an engine for `sqlite:///…` or `postgresql+psycopg://…`."""
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"check_same_thread": False} if is_sqlite else {}
    if not is_sqlite and "connect_timeout" not in address.query:
        options["connect_timeout"] = CONNECT_SECONDS
    engine = create_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # The text of a failed statement is logged, and what users store must not be in logs.
        hide_parameters=True,
        connect_args=options,
    )
    prepare = _prepare_sqlite if is_sqlite else _prepare_postgresql
    prepare(engine)
    return engine
