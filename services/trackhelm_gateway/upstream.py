"""A service's address, and the connections to it that are open."""

import asyncio
import time
from collections import deque
from typing import Final
from urllib.parse import urlsplit

from trackhelm_gateway.connection import BLOCK_BYTES, Connection, UpstreamLostError

_CONNECT_SECONDS: Final = 5

# Well below the 75 s for which a service keeps a silent connection: none is closed just as it is used.
_IDLE_SECONDS: Final = 30
_MOST_IDLE: Final = 256


class Upstream:
    """Opens connections to one service and keeps those that can be used again, the last used first."""

    def __init__(self, url: str, patience: float = 100) -> None:
        self.patience = patience
        """Seconds that are waited for the service while it is its turn."""
        address = urlsplit(url)
        self.url = url
        self._host, self._port = address.hostname, address.port
        self._idle: deque[tuple[float, Connection]] = deque()

    async def connection(self) -> Connection:
        """Return a connection that carries no request; raises `UpstreamLostError`."""
        self._drop_old()
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_open:
                return connection
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                streams = await asyncio.open_connection(self._host, self._port, limit=BLOCK_BYTES)
        except OSError as error:  # a TimeoutError is one
            raise UpstreamLostError(f"no connection to {self.url}: {error}") from error
        return Connection(*streams)

    def release(self, connection: Connection, *, reusable: bool) -> None:
        """Take a connection back."""
        if reusable and connection.is_reusable and len(self._idle) < _MOST_IDLE:
            self._idle.append((time.monotonic(), connection))
        else:
            connection.abort()

    async def get(self, path: bytes) -> tuple[int, bytes]:
        """Ask for a small answer on the gateway's own behalf; return its status and body.

        Raises `UpstreamLostError`.
        """
        connection = await self.connection()
        try:
            connection.begin(b"GET", path, [(b"host", b"gateway")], b"")
            head = await connection.head()
            return head.status, b"".join([block async for block in connection.blocks()])
        finally:
            self.release(connection, reusable=True)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop()[1].abort()

    def _drop_old(self) -> None:
        eldest = time.monotonic() - _IDLE_SECONDS
        while self._idle and self._idle[0][0] < eldest:
            self._idle.popleft()[1].abort()
