"""One request on its way to a service and its answer on the way back, both at once and in blocks."""

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from trackhelm_gateway.connection import Connection, Head, UpstreamLostError, UpstreamSilentError
from trackhelm_gateway.headers import answered_headers, asked_headers
from trackhelm_gateway.upstream import Upstream


class Exchange:
    """Carries one request. `answered` tells whether the caller has been sent anything yet."""

    def __init__(self, upstream: Upstream, scope: Scope, receive: Receive, send: Send) -> None:
        self.answered = False
        self._upstream = upstream
        self._scope = scope
        self._receive = receive
        self._send = send
        self._uploaded = False
        self._caller_left = False
        self._patience = asyncio.timeout(None)

    async def run(self, *, behind_gateway: bool) -> None:
        """Carry it; raises `UpstreamLostError`, and returns early when the caller leaves."""
        # The head waits for the first block, so that a small request is one packet.
        first = await self._receive()
        if first["type"] == "http.disconnect":
            return
        connection = await self._upstream.connection()
        upload: asyncio.Task[None] | None = None
        whole = not first.get("more_body")
        try:
            headers = asked_headers(
                self._scope, self._scope["state"]["request_id"], behind_gateway=behind_gateway
            )
            chunked = (b"transfer-encoding", b"chunked") in headers
            target = self._scope["raw_path"]
            if query := self._scope["query_string"]:
                target += b"?" + query
            beginning = _framed(first, chunked=chunked)
            connection.begin(self._scope["method"].encode(), target, headers, beginning)
            upload = asyncio.create_task(self._upload(connection, first, chunked=chunked))
            await self._download(connection, await self._head(connection, sent_whole=whole))
        except UpstreamLostError:
            if not self._caller_left:
                raise
        finally:
            if upload:
                upload.cancel()
            self._upstream.release(connection, reusable=self._uploaded and not self._caller_left)

    async def _upload(self, connection: Connection, message: Message, *, chunked: bool) -> None:
        """Pass on the rest of the body, then wait: a caller who leaves takes the request back."""
        try:
            while message.get("more_body"):
                message = await self._receive()
                if message["type"] == "http.request":
                    self._service_is_to_act(it_is=True)
                    await connection.send(_framed(message, chunked=chunked))
                    self._service_is_to_act(it_is=not message.get("more_body"))
        except OSError:
            return  # The service reads no further. It may have said why: that is the other direction's.
        self._uploaded = message["type"] == "http.request"
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._caller_left = True
        connection.abort()

    async def _head(self, connection: Connection, *, sent_whole: bool) -> Head:
        """Return the answer's head. The service is waited for only while it is its turn, not the caller's."""
        try:
            async with self._patience:
                if sent_whole:
                    self._service_is_to_act(it_is=True)
                return await connection.head()
        except TimeoutError as error:
            raise self._silent() from error

    def _service_is_to_act(self, *, it_is: bool) -> None:
        # Before the head is waited for, and after it came, there is nothing to bound.
        with suppress(RuntimeError):
            patience = self._upstream.patience
            self._patience.reschedule(asyncio.get_running_loop().time() + patience if it_is else None)

    def _silent(self) -> UpstreamSilentError:
        return UpstreamSilentError(f"nothing for {self._upstream.patience:g} s")

    async def _download(self, connection: Connection, head: Head) -> None:
        self.answered = True
        await self._send(
            {
                "type": "http.response.start",
                "status": head.status,
                "headers": answered_headers(head.headers),
            }
        )
        blocks = connection.blocks()
        while True:
            try:
                # Only for the service: a caller may take a block as slowly as it likes.
                async with asyncio.timeout(self._upstream.patience):
                    block = await anext(blocks, None)
            except TimeoutError as error:
                raise self._silent() from error
            if block is None:
                break
            await self._send({"type": "http.response.body", "body": block, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _framed(message: Message, *, chunked: bool) -> bytes:
    """Return a block of the body as it stands on the wire."""
    block: bytes = message.get("body", b"")
    if not chunked:
        return block
    framed = b"%x\r\n%s\r\n" % (len(block), block) if block else b""
    return framed if message.get("more_body") else framed + b"0\r\n\r\n"
