"""Noticing a PostgreSQL that hangs: it is there, and answers nothing. Its connections are cut.

A server that ended is told of by the network. One whose machine stands still, or has been cut off, is not:
whoever waits for it would wait for ever, and soon every thread of the process with it. A statement may take
minutes on a server that is well, so the server itself is asked: whether it greets a new connection.
"""

import os
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

log = structlog.get_logger(__name__)

PATIENCE_SECONDS: Final = 5.0
"""How long somebody has waited before the server is asked whether it is well, and how often it then is."""

GREETING_SECONDS: Final = 3.0
"""How long the server has to greet a connection."""

CONNECT_SECONDS: Final = 5
"""How long a connection may take to be made."""

_LOOK_SECONDS: Final = 0.5

# "Do you speak TLS?": the first thing that a client may say, answered with one byte before any password.
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
        # For a moment after it was found to hang: nobody need wait to find that out once more.
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
                # All of these have slow statements, or think: they are looked at again in a while.
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
    """Return whether the server of a connection answers somebody new."""
    try:
        host, port = connection.pgconn.host.decode(), int(connection.pgconn.port)
    except psycopg.OperationalError:
        return True  # It is closed: nobody waits for it.
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
    """Have whoever waits for the connection be told that it is lost."""
    with (
        suppress(OSError, psycopg.OperationalError),
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as own,
    ):
        own.shutdown(socket.SHUT_RDWR)
