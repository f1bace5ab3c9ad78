"""A store that goes away or hangs in the middle of something: callers are told in time, and can try again."""

import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.fixtures.stoppable_s3 import StoppableS3
from tests.fixtures.waiting import wait_until
from tests.integration.artifact.conftest import LiveServer, serving_live
from trackhelm_core.settings import StorageSettings

pytestmark = pytest.mark.long

FILES = "/api/2.0/mlflow-artifacts/artifacts"
MEBIBYTE = 1024 * 1024
BLOCK = os.urandom(MEBIBYTE)
SIZE = 40
"""MiB: several parts."""

TIMEOUT = 2.0
BOUND = 60.0
"""Seconds within which everything is answered: some timeouts, on a machine that does much else."""


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, store: StoppableS3) -> Iterator[LiveServer]:
    """Yield a server that waits seconds for its store."""
    artifacts = store.server.settings(
        artifacts_timeout_seconds=TIMEOUT, artifacts_retries=1, artifacts_presigned=True
    )
    with serving_live(StorageSettings(data=tmp_path_factory.mktemp("server")), artifacts) as live:
        yield live


def body(then: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """Yield a large file; `then` is called in the middle of it."""
    yield from itertools.repeat(BLOCK, SIZE // 2)
    then()
    yield from itertools.repeat(BLOCK, SIZE - SIZE // 2)


def put(live: LiveServer, path: str, then: Callable[[], None] = lambda: None) -> httpx2.Response:
    headers = {"Content-Length": str(SIZE * MEBIBYTE)}
    return live.client.put(f"{FILES}/{path}", content=body(then), headers=headers)


def length_of(live: LiveServer, path: str) -> int:
    with live.client.stream("GET", f"{FILES}/{path}") as answer:
        assert answer.status_code == 200
        return sum(len(chunk) for chunk in answer.iter_raw())


@pytest.mark.parametrize("how", ["hangs", "is killed"])
def test_an_upload_whose_store_ends_is_told_and_can_be_sent_again(
    store: StoppableS3, impatient: LiveServer, how: str
) -> None:
    path = f"{uuid.uuid4().hex}/f"
    impatient.client.put(f"{FILES}/{path}", content=b"old")
    began = time.monotonic()
    answer = put(impatient, path, then=lambda: store.end(how))
    assert time.monotonic() - began < BOUND
    try:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    finally:
        store.bring_back(how)
    assert impatient.client.get(f"{FILES}/{path}").content == b"old"
    # On a busy machine the store may need longer than the server is patient more than once.
    wait_until(lambda: put(impatient, path).status_code == 200, seconds=180)
    assert length_of(impatient, path) == SIZE * MEBIBYTE


@pytest.mark.parametrize("how", ["hangs", "is killed"])
def test_a_download_whose_store_ends_is_cut_in_time_and_can_be_asked_for_again(
    store: StoppableS3, impatient: LiveServer, how: str
) -> None:
    path = f"{uuid.uuid4().hex}/f"
    wait_until(lambda: put(impatient, path).status_code == 200, seconds=180)

    def is_cut() -> bool:
        began = time.monotonic()
        try:
            with impatient.client.stream("GET", f"{FILES}/{path}") as answer:
                chunks = answer.iter_raw()
                length = len(next(chunks))
                store.end(how)
                try:
                    length += sum(len(chunk) for chunk in chunks)
                except httpx2.RemoteProtocolError:
                    # What has come is less than was announced, so that no client takes it for the file.
                    return True
            assert length == SIZE * MEBIBYTE
        finally:
            assert time.monotonic() - began < BOUND
            store.bring_back(how)
        return False

    # If others have the processors, the whole file may be on its way before the store ends.
    wait_until(is_cut, seconds=180)
    assert length_of(impatient, path) == SIZE * MEBIBYTE


@pytest.mark.parametrize("how", ["hangs", "is killed"])
def test_every_request_for_files_is_told_in_time(store: StoppableS3, impatient: LiveServer, how: str) -> None:
    folder = uuid.uuid4().hex
    impatient.client.put(f"{FILES}/{folder}/f", content=b"old")
    base = FILES.removesuffix("/artifacts")
    upload = {"path": "g", "num_parts": 1}
    complete = {"path": "g", "upload_id": "u", "parts": [{"part_number": 1, "etag": "e", "url": ""}]}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"{FILES}?path={folder}", {}),
        ("GET", f"{FILES}/{folder}/f", {}),
        ("GET", f"{FILES}/{folder}/f", {"headers": {"Range": "bytes=0-1"}}),
        ("HEAD", f"{FILES}/{folder}/f", {}),
        ("PUT", f"{FILES}/{folder}/f", {"content": b"new"}),
        ("DELETE", f"{FILES}/{folder}/f", {}),
        ("GET", f"{base}/presigned/{folder}/f", {}),
        ("POST", f"{base}/mpu/create/{folder}", {"json": upload}),
        ("POST", f"{base}/mpu/complete/{folder}", {"json": complete}),
        ("POST", f"{base}/mpu/abort/{folder}", {"json": {"path": "g", "upload_id": "u"}}),
    ]
    store.end(how)
    try:
        for method, path, options in requests:
            began = time.monotonic()
            answer = impatient.client.request(method, path, **options)
            assert time.monotonic() - began < BOUND, (method, path)
            assert answer.status_code == 503, (method, path, answer.text)
            assert int(answer.headers["retry-after"]) > 0
    finally:
        store.bring_back(how)
    assert impatient.client.get(f"{FILES}/{folder}/f").content == b"old"


def test_a_store_that_hangs_for_a_moment_only_delays(store: StoppableS3, impatient: LiveServer) -> None:
    path = f"{uuid.uuid4().hex}/f"

    def hang_for_a_moment() -> None:
        store.hang()
        threading.Timer(TIMEOUT / 4, store.go_on).start()

    assert put(impatient, path, then=hang_for_a_moment).status_code == 200
    assert length_of(impatient, path) == SIZE * MEBIBYTE
