"""Requests that come slowly: those without progress are refused, and the others are served, however long."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tests.fixtures.counted_time import CountedTime
from trackhelm_cli.http_protocol import PROGRESS_BYTES, PROGRESS_SECONDS, BoundedProtocol

HEAD = b"POST /files HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n"
MOMENT = 0.001
"""In this loop's time: enough for all that is ready to run."""


class Wire(asyncio.Transport):
    """The end of a connection, with what the server wrote to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = self.is_paused = False
        self.pauses = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: Any) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        self.is_paused = False

    @property
    def statuses(self) -> list[int]:
        lines = self.written.split(b"\r\n")
        return [int(line.split()[1]) for line in lines if line.startswith(b"HTTP/1.1 ")]


class Service:
    """Answers with 200 when it has read a body, which it begins to do after a while."""

    def __init__(self, busy_seconds: float = 0) -> None:
        self.busy_seconds = busy_seconds
        self.read = 0
        self.was_cut_short = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self.busy_seconds)
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.was_cut_short = True
                return
            self.read += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def connected(
    service: Service, talk: Callable[[BoundedProtocol, Wire], Awaitable[None]]
) -> tuple[Wire, float]:
    """Connect, let the client talk, and return the connection and the seconds that passed."""

    async def run() -> tuple[Wire, float]:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            service, http=BoundedProtocol, timeout_keep_alive=75, log_config=None, ws="none"
        )
        protocol = BoundedProtocol(config, ServerState(), {}, loop)
        wire = Wire()
        protocol.connection_made(wire)
        await talk(protocol, wire)
        await asyncio.sleep(MOMENT)
        seconds = loop.time()
        protocol.connection_lost(None)
        await asyncio.sleep(MOMENT)
        return wire, seconds

    with asyncio.Runner(loop_factory=CountedTime) as runner:
        return runner.run(run())


async def drip(protocol: BoundedProtocol, wire: Wire, data: bytes, *, pause: float) -> None:
    """Send a byte at a time until there is an answer."""
    for number in range(len(data)):
        if wire.written:
            return
        protocol.data_received(data[number : number + 1])
        await asyncio.sleep(pause)


@pytest.mark.parametrize("begun", [b"", HEAD % 1_000_000])
def test_a_request_of_which_a_byte_comes_now_and_then_is_refused_and_its_connection_closed(
    begun: bytes,
) -> None:
    service = Service()

    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        if begun:
            protocol.data_received(begun)
        await drip(protocol, wire, HEAD * 100, pause=7)
        assert not wire.is_closed, "a caller that still sends could not read the answer"
        protocol.data_received(b"more")
        await asyncio.sleep(10)

    wire, seconds = connected(service, talk)
    head, _, body = wire.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error_code"] == "BAD_REQUEST"
    assert f"less than {PROGRESS_BYTES} bytes" in json.loads(body)["message"]
    assert wire.is_closed
    assert PROGRESS_SECONDS < seconds < 3 * PROGRESS_SECONDS
    assert service.was_cut_short is bool(begun)


def test_a_connection_on_which_nothing_ever_comes_is_closed_without_a_word() -> None:
    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        await asyncio.sleep(PROGRESS_SECONDS - 1)
        assert not wire.is_closed
        await asyncio.sleep(2)
        assert wire.is_closed

    wire, _ = connected(Service(), talk)
    assert wire.written == b""


def test_a_file_that_comes_slowly_and_steadily_is_taken() -> None:
    service = Service()
    blocks = 200

    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        protocol.data_received(HEAD % (blocks * PROGRESS_BYTES))
        for _ in range(blocks):
            await asyncio.sleep(PROGRESS_SECONDS - 1)
            protocol.data_received(b"x" * PROGRESS_BYTES)

    wire, seconds = connected(service, talk)
    assert wire.statuses == [200]
    assert service.read == blocks * PROGRESS_BYTES
    assert seconds > 3 * 3600


def test_a_sender_for_whom_the_service_has_no_time_is_not_refused() -> None:
    service = Service(busy_seconds=20.5 * PROGRESS_SECONDS)

    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        protocol.data_received(HEAD % 200_000)
        protocol.data_received(b"x" * 199_999)
        assert wire.pauses == 1
        while wire.is_paused:  # noqa: ASYNC110 - this time passes at once
            await asyncio.sleep(1)
        # The check that comes half a minute after the pause must not refuse it.
        await asyncio.sleep(PROGRESS_SECONDS - 1)
        protocol.data_received(b"x")

    wire, _ = connected(service, talk)
    assert wire.statuses == [200]
    assert service.read == 200_000


def test_a_sender_that_waits_for_a_word_to_go_on_is_not_refused() -> None:
    service = Service(busy_seconds=20 * PROGRESS_SECONDS)
    asking = (HEAD % 1).replace(b"host: a", b"host: a\r\nexpect: 100-continue")

    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        protocol.data_received(asking)
        while not wire.written:  # noqa: ASYNC110 - this time passes at once
            await asyncio.sleep(1)
        protocol.data_received(b"x")

    wire, _ = connected(service, talk)
    assert wire.statuses == [100, 200]


def test_each_request_of_a_connection_has_the_whole_time() -> None:
    service = Service()

    async def talk(protocol: BoundedProtocol, wire: Wire) -> None:
        for _ in range(10):
            protocol.data_received(HEAD % 2)
            protocol.data_received(b"x")
            await asyncio.sleep(PROGRESS_SECONDS - 1)
            protocol.data_received(b"x")
            await asyncio.sleep(PROGRESS_SECONDS - 1)

    wire, _ = connected(service, talk)
    assert wire.statuses == [200] * 10
