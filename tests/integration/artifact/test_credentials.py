"""Keys of S3 that no setting names: from the process's variables, and from what a container is given."""

import asyncio
import json
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.s3 import S3Server
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.store import Label, ObjectStore, StoreUnavailableError
from trackhelm_core.settings import ObjectSettings

TOKEN = "a token of this test"
BOUND = 60.0
"""Seconds within which nobody waits any more, on a machine that does much else."""

key = ObjectKey.parse


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide what the machine itself gives its processes."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ):
        monkeypatch.delenv(name, raising=False)


def without_keys(server: S3Server, **others: Any) -> ObjectSettings:
    return server.settings(s3_access_key=None, s3_secret_key=None, artifacts_presigned=True, **others)


def opened(settings: ObjectSettings) -> ObjectStore:
    assert settings.artifacts_url
    return open_store(settings.artifacts_url, settings)


async def body(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def move_a_file(store: ObjectStore) -> bytes:
    """Store a file, and fetch it by an address that is signed: obstore and the SDK each need keys."""
    data = uuid.uuid4().bytes
    await store.put(key("a/f"), body(data), length=len(data))
    found = await store.open(key("a/f"))
    assert b"".join([bytes(block) async for block in found.blocks(0, found.size)]) == data
    assert store.direct
    signed = await store.direct.download_url(key("a/f"), 60, Label("text/plain", "attachment"))
    return await asyncio.to_thread(fetched, signed.url) + data


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def assert_moves_a_file(store: ObjectStore) -> None:
    there_and_back = asyncio.run(move_a_file(store))
    assert there_and_back[:16] == there_and_back[16:]


@contextmanager
def giving(keys: dict[str, str], asked: list[str]) -> Iterator[str]:
    """Run a server that gives a container its keys for its token; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = self.headers.get("Authorization", "")
            asked.append(said)
            content = json.dumps(keys).encode()
            self.send_response(200 if said == TOKEN else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/keys"
        finally:
            server.shutdown()
            thread.join()


def test_keys_may_be_variables_of_the_process(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    assert_moves_a_file(opened(without_keys(s3_server)))


def test_a_container_is_given_keys_for_its_token(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = {
        "AccessKeyId": s3_server.access_key,
        "SecretAccessKey": s3_server.secret_key,
        "Token": "",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    (tmp_path / "token").write_text(TOKEN)
    asked: list[str] = []
    with giving(keys, asked) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        assert_moves_a_file(opened(without_keys(s3_server)))
    assert len(asked) >= 2
    assert set(asked) == {TOKEN}


def test_what_gives_keys_and_never_answers_is_given_up_soon(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/keys"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        began = time.monotonic()
        patience: dict[str, Any] = {"artifacts_timeout_seconds": 1, "artifacts_retries": 0}
        store = opened(without_keys(s3_server, **patience))
        assert store.direct
        with pytest.raises(StoreUnavailableError):
            asyncio.run(store.put(key("a/f"), body(b"x"), length=1))
        with pytest.raises(StoreUnavailableError):
            asyncio.run(store.direct.upload_url(key("a/f"), 60))
        assert time.monotonic() - began < BOUND
