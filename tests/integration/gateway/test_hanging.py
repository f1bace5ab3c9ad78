"""A service that hangs is reported; a caller that is slow to send or to read is waited for."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving

FILES = "/api/2.0/mlflow-artifacts/artifacts"
PATIENCE = 0.5


@contextmanager
def gateway_to(service: Any) -> Iterator[int]:
    with serving(service) as port:
        settings = services_at(port).model_copy(update={"gateway_timeout_seconds": PATIENCE})
        with serving_gateway(settings) as gateway:
            yield gateway


class Slow:
    """A service that answers a block at a time, each within the patience, and is slow in all."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        size = 0
        while (message := await receive())["type"] == "http.request":
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        if scope["path"].endswith("/hangs"):
            await asyncio.to_thread(self.may_answer.wait, 30)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"].endswith("/slow"):
            for _ in range(8):
                await asyncio.sleep(PATIENCE / 4)
                await send({"type": "http.response.body", "body": b"block", "more_body": True})
        if scope["path"].endswith("/breaks-off"):
            await send({"type": "http.response.body", "body": b"block", "more_body": True})
            await asyncio.to_thread(self.may_answer.wait, 30)
        await send({"type": "http.response.body", "body": b"%d" % size})


@pytest.fixture
def slow() -> Iterator[Slow]:
    service = Slow()
    yield service
    service.may_answer.set()


@pytest.mark.parametrize("body", [b"", b"small", b"x" * 3_000_000])
def test_a_service_that_never_answers_is_504_in_mlflows_form(slow: Slow, body: bytes) -> None:
    with gateway_to(slow) as port:
        began = time.monotonic()
        answer = httpx2.put(f"http://127.0.0.1:{port}{FILES}/hangs", content=body, timeout=90)
        slow.may_answer.set()
    assert PATIENCE <= time.monotonic() - began < 30
    assert (answer.status_code, answer.headers["retry-after"]) == (504, "5")
    assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert "artifact" in answer.json()["message"]


def test_a_service_that_hangs_within_its_answer_is_not_taken_for_done(slow: Slow) -> None:
    with gateway_to(slow) as port:
        with pytest.raises(httpx2.RemoteProtocolError):
            httpx2.get(f"http://127.0.0.1:{port}{FILES}/breaks-off", timeout=90)
        slow.may_answer.set()


def test_a_service_that_does_not_read_a_body_is_504() -> None:
    """Its machine takes what fits into buffers; the rest waits at the gateway."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = services_at(listener.getsockname()[1])
        settings = settings.model_copy(update={"gateway_timeout_seconds": PATIENCE})
        with serving_gateway(settings) as port:
            answer = httpx2.put(f"http://127.0.0.1:{port}{FILES}/f", content=b"x" * 40_000_000, timeout=90)
    assert answer.status_code == 504


def test_a_long_download_is_not_broken_off(slow: Slow) -> None:
    with gateway_to(slow) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}{FILES}/slow", timeout=90)
    assert answer.content == b"block" * 8 + b"0"


def test_a_caller_may_take_its_time_with_a_body(slow: Slow) -> None:
    pause = threading.Event()

    def blocks() -> Iterator[bytes]:
        for _ in range(3):
            pause.wait(PATIENCE * 1.5)
            yield b"block"

    with gateway_to(slow) as port:
        answer = httpx2.put(f"http://127.0.0.1:{port}{FILES}/f", content=blocks(), timeout=90)
    assert (answer.status_code, answer.content) == (200, b"15")


def test_a_caller_may_take_its_time_with_an_answer(slow: Slow) -> None:
    pause = threading.Event()
    with (
        gateway_to(slow) as port,
        httpx2.stream("GET", f"http://127.0.0.1:{port}{FILES}/slow", timeout=90) as answer,
    ):
        taken = b""
        for block in answer.iter_raw():
            pause.wait(PATIENCE * 0.6)
            taken += block
    assert taken == b"block" * 8 + b"0"
