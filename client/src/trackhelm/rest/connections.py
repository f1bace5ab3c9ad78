"""Connections that stay open between requests, each used by one thread at a time.

A connection belongs to the process that opened it: a forked child opens its own. This module must not retry:
it says whether a request may have reached the server, and its caller decides.
"""

import atexit
import http.client
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import IO, Final
from urllib.parse import urlsplit

from trackhelm.rest.credentials import tls_context

Body = bytes | IO[bytes]

_IDLE: Final = 8
"""Connections to a server that are kept open while nobody uses them."""

_PIECE: Final = 1 << 20


class NoAnswerError(OSError):
    """No answer came. `sent` says whether the server may have had the request."""

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


@dataclass(slots=True)
class Answer:
    """A server's answer. `body` reads it; it must be read to its end, or closed."""

    status: int
    headers: Message
    _response: http.client.HTTPResponse
    _pool: "_Pool"
    _connection: http.client.HTTPConnection

    def read(self) -> bytes:
        """Return the whole body, and let the connection be used again."""
        try:
            content = self._response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoAnswerError(f"the answer broke off: {error!r}", sent=True) from error
        self._pool.give(self._connection, self._response)
        return content

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most 1 MiB."""
        try:
            while piece := self._response.read(_PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoAnswerError(f"the answer broke off: {error!r}", sent=True) from error
        if self._response.length:
            # Closed early, which the standard library reports as a short read and not as an error.
            self._connection.close()
            raise NoAnswerError(f"the answer lacks its last {self._response.length} bytes", sent=True)
        self._pool.give(self._connection, self._response)

    def close(self) -> None:
        """Give the answer up, with its connection."""
        self._connection.close()


class _Pool:
    """The connections to one host."""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self._scheme, self._host, self._port = scheme, host, port
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()
        self.target_prefix = ""

    def take(self, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection, and whether it was used before."""
        if self._process != os.getpid():
            # The parent's sockets are not ours. They are forgotten without a word on the wire.
            self._lock, self._idle, self._process = threading.Lock(), [], os.getpid()
        with self._lock:
            if self._idle:
                connection = self._idle.pop()
                connection.timeout = timeout
                if connection.sock is not None:
                    connection.sock.settimeout(timeout)
                    return connection, True
        return self._open(timeout), False

    def give(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        """Keep a connection whose answer was read, unless the server closes it."""
        if response.will_close or connection.sock is None:
            connection.close()
            return
        with self._lock:
            if len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        proxy = _proxy(self._scheme, self._host, self._port)
        if proxy is None:
            if self._scheme == "https":
                return http.client.HTTPSConnection(
                    self._host, self._port, timeout=timeout, context=tls_context()
                )
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        host, port = proxy
        if self._scheme == "https":
            tunnel = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls_context())
            tunnel.set_tunnel(self._host, self._port)
            return tunnel
        self.target_prefix = f"http://{self._host}:{self._port}"
        return http.client.HTTPConnection(host, port, timeout=timeout)


_pools: dict[tuple[str, str, int], _Pool] = {}


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: Body | None = None,
    *,
    timeout: float,
    connect_timeout: float | None = None,
) -> Answer:
    """Send a request and return the answer, whatever its status.

    Args:
        method: Such as `GET`.
        url: The whole address; user and password in it are not sent.
        headers: All of them, `Content-Length` too where `body` is a stream.
        body: Bytes, or a stream, which is read once.
        timeout: Seconds for each step: connecting, and each wait for bytes.
        connect_timeout: Seconds for connecting, where they are others.

    Raises:
        NoAnswerError: No answer came.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    key = (parts.scheme, parts.hostname or "", port)
    pool = _pools.get(key) or _pools.setdefault(key, _Pool(*key))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    while True:
        connection, used_before = pool.take(timeout)
        try:
            if connection.sock is None:
                _connect(connection, timeout, connect_timeout or timeout)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswerError(str(error) or repr(error), sent=False) from error
        try:
            connection.request(method, pool.target_prefix + target, body=body, headers=dict(headers))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # A server closes connections that nobody used for a while. A body that is a stream is read
            # already.
            if used_before and _closed_by_server(error) and (body is None or isinstance(body, bytes)):
                continue
            raise NoAnswerError(str(error) or repr(error), sent=True) from error
        except BaseException:
            connection.close()
            raise
        return Answer(response.status, response.headers, response, pool, connection)


def _connect(connection: http.client.HTTPConnection, timeout: float, connect_timeout: float) -> None:
    connection.timeout = connect_timeout
    connection.connect()
    connection.timeout = timeout
    connection.sock.settimeout(timeout)


@atexit.register
def close_idle() -> None:
    """Close every connection that nobody uses."""
    for pool in list(_pools.values()):
        connections, pool._idle = pool._idle, []  # noqa: SLF001 - the pool is of this module
        for connection in connections:
            with suppress(OSError):
                connection.close()


def _closed_by_server(error: Exception) -> bool:
    return isinstance(
        error,
        http.client.RemoteDisconnected
        | ConnectionResetError
        | BrokenPipeError
        | http.client.CannotSendRequest,
    )


def _proxy(scheme: str, host: str, port: int) -> tuple[str, int] | None:
    """Return the proxy that the environment names for a host, if any."""
    from urllib.request import getproxies, proxy_bypass

    named = getproxies().get(scheme)
    if not named or proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
        return None
    parts = urlsplit(named if "//" in named else f"//{named}")
    return (parts.hostname, parts.port or 8080) if parts.hostname else None
