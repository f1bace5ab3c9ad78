"""PostgreSQL's connections: their settings, and how a process notices a server that hangs or restarted."""

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
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from trackhelm_core.db.statements import BINARY

log = structlog.get_logger(__name__)

# Noticing a PostgreSQL server that hangs: it is reachable but answers nothing. Its connections are cut.
#
# When a server has ended, the network reports it. When its machine is frozen or cut off, nothing reports it:
# a thread that waits for it would wait for ever, and soon every thread of the process would. A statement may
# take minutes on a healthy server, so a long wait proves nothing; the watch therefore opens a new connection
# and checks whether the server answers it.

PATIENCE_SECONDS: Final = 5.0
"""How long a thread has waited before the server is checked, and the interval between further checks."""

GREETING_SECONDS: Final = 3.0
"""How long the server may take to answer a new connection."""

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


# The settings of a connection, and the test before it is used again.

_POSTGRESQL_SETTINGS: Final = (
    # The default, 4, is for spinning disks. With it the planner lets a search of one experiment read the
    # metrics of all experiments, unless there are millions, instead of using the index.
    "random_page_cost=1.1",
    # JIT-compiling a statement takes longer than any of our statements runs.
    "jit=off",
    # Parallel workers take milliseconds to start, and take CPU time from other requests.
    "max_parallel_workers_per_gather=0",
)

# The server may have been restarted since a connection was last used. A connection that was idle for longer
# is tested by a round trip. If the server ends within this second, the request is answered 503 (try again).
_TRUSTED_SECONDS: Final = 1.0


def prepare_postgresql(engine: Engine) -> None:
    """Configure the connections of an engine, watch them, and test them before they are used again."""
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
