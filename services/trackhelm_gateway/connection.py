"""One HTTP/1.1 connection to a service: writes requests as they came, and reads answers in blocks.

Bytes of paths and headers are passed on untouched, so that a service sees what it would see without a
gateway. It must not know ASGI.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpResponseParser

BLOCK_BYTES: Final = 256 * 1024
"""Bytes read at once, and bytes that wait in memory when the other side is slow."""

_FIRST_FINAL_STATUS: Final = 200

RawHeaders = list[tuple[bytes, bytes]]


class UpstreamLostError(Exception):
    """The service closed the connection, or said what is not HTTP, before its answer was whole."""


class UpstreamSilentError(UpstreamLostError):
    """The service did nothing for too long, though it was its turn."""


@dataclass(frozen=True, slots=True)
class Head:
    """A status and headers, as the service sent them."""

    status: int
    headers: RawHeaders


class _Answer:
    """What the parser has understood of one answer; its methods are the parser's callbacks."""

    def __init__(self, *, bodiless: bool) -> None:
        self.parser = HttpResponseParser(self)
        self.head: Head | None = None
        self.blocks: list[bytes] = []
        self.complete = False
        self.keep_alive = False
        self._bodiless = bodiless
        self._headers: RawHeaders = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:
            self._headers = []
            return
        self.head = Head(status, self._headers)
        self.keep_alive = self.parser.should_keep_alive()
        # The parser does not know that this answers a HEAD, and would wait for the body it announces.
        self.complete = self._bodiless

    def on_body(self, block: bytes) -> None:
        self.blocks.append(block)

    def on_message_complete(self) -> None:
        if self.head:
            self.complete = True


class Connection:
    """Carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = _Answer(bodiless=False)

    @property
    def is_open(self) -> bool:
        """Whether the service has not closed it, as far as this side knows."""
        return not (self._reader.at_eof() or self._writer.is_closing())

    @property
    def is_reusable(self) -> bool:
        """Whether the answer was read to its end, and the service means to go on."""
        return self._answer.complete and self._answer.keep_alive and self.is_open

    def begin(self, method: bytes, target: bytes, headers: RawHeaders, body: bytes) -> None:
        """Write a request's head and the beginning of its body, in one packet where that is possible."""
        self._answer = _Answer(bodiless=method == b"HEAD")
        lines = [b"%s %s HTTP/1.1\r\n" % (method, target)]
        lines += [b"%s: %s\r\n" % header for header in headers]
        self._writer.write(b"".join([*lines, b"\r\n", body]))

    async def send(self, block: bytes) -> None:
        """Write a block of the body; waits while the service is slower than its caller."""
        self._writer.write(block)
        await self._writer.drain()

    async def head(self) -> Head:
        """Return the answer's status and headers."""
        while not self._answer.head:
            await self._read()
        return self._answer.head

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the answer's body as it comes."""
        while True:
            blocks, self._answer.blocks = self._answer.blocks, []
            for block in blocks:
                yield block
            if self._answer.complete:
                return
            await self._read()

    def abort(self) -> None:
        """Cut it: whoever reads or writes here is told at once, and so is the service."""
        self._writer.transport.abort()

    async def _read(self) -> None:
        try:
            data = await self._reader.read(BLOCK_BYTES)
            if data:
                self._answer.parser.feed_data(data)
        except OSError as error:
            raise UpstreamLostError(str(error)) from error
        except HttpParserError as error:
            raise UpstreamLostError(f"not HTTP: {error}") from error
        if not data:
            raise UpstreamLostError("the connection was closed")
