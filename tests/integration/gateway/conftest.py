"""A gateway in front of one application that stands for all services."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving


@dataclass
class Mirror:
    """A service that answers with what it was asked, and notes callers who left."""

    began: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].endswith("/endless"):
            await self._stream_until_left(receive, send)
            return
        digest, size = hashlib.sha256(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            self.began.set()
            digest.update(message["body"])
            size += len(message["body"])
            if not message["more_body"]:
                break
        told = {
            "method": scope["method"],
            "raw_path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
            ],
            "size": size,
            "sha256": digest.hexdigest(),
        }
        body = json.dumps(told).encode()
        headers = [
            (b"content-length", b"%d" % len(body)),
            (b"x-mirror", b"yes"),
            # By which a service could steer nginx.
            (b"x-accel-redirect", b"/.refusal/400"),
        ]
        await send({"type": "http.response.start", "status": 203, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream_until_left(self, receive: Receive, send: Send) -> None:
        await receive()
        gone = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            await asyncio.sleep(0)
        self.left.set()


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


@pytest.fixture
def gateway_port(mirror: Mirror) -> Iterator[int]:
    with serving(mirror) as port, serving_gateway(services_at(port)) as gateway:
        yield gateway


@pytest.fixture
def gateway(gateway_port: int) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"http://127.0.0.1:{gateway_port}", timeout=180) as client:
        yield client
