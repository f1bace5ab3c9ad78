"""A bucket as an object store: what the port promises holds for it, and its failures are told apart."""

import io
import socket
from collections.abc import AsyncIterator, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from tests.fixtures.objects import body, content, entries, key
from tests.fixtures.s3 import BUCKET, S3Server, new_bucket
from tests.integration.artifact.conftest import serving_live
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.remote import MOST_PARTS, PART_BYTES, RemoteStore
from trackhelm_artifact.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    MissingObjectError,
    ObjectStore,
    StoreUnavailableError,
    StoreUrlError,
    TooLargeError,
    UnfitKeyError,
)
from trackhelm_core.settings import ObjectSettings, StorageSettings

IMPATIENT: dict[str, Any] = {
    "artifacts_timeout_seconds": 1,
    "artifacts_connect_timeout_seconds": 1,
    "artifacts_retries": 1,
}


def opened(artifacts: ObjectSettings) -> ObjectStore:
    assert artifacts.artifacts_url
    return open_store(artifacts.artifacts_url, artifacts)


@pytest.fixture
def artifacts(s3_server: S3Server) -> ObjectSettings:
    return s3_server.settings()


@pytest.fixture
def store(artifacts: ObjectSettings) -> ObjectStore:
    return opened(artifacts)


def uploads(server: S3Server, store: ObjectStore) -> list[str]:
    assert isinstance(store, RemoteStore)
    return server.unfinished_uploads(str(store.bucket.prefix))


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 5])
def test_a_file_of_any_size_is_stored_whole(store: ObjectStore, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    chunks = [data[start : min(start + 70_000, size)] for start in range(0, size, 70_000)]

    async def scenario() -> None:
        await store.put(key("a/f"), body(*chunks), length=size)
        assert await content(store, "a/f") == data[:size]
        assert await entries(store, key("a")) == [Entry("f", size)]
        if size > 100:
            assert await content(store, "a/f", 7, 60) == data[7:60]

    anyio.run(scenario)


@pytest.mark.parametrize("size", [1, PART_BYTES + 1, 3 * PART_BYTES])
def test_an_upload_that_breaks_off_leaves_the_old_file_and_no_parts(
    store: ObjectStore, s3_server: S3Server, size: int
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * size
        raise ConnectionResetError("the client went away")

    async def scenario() -> None:
        await store.put(key("a/kept"), body(b"old"))
        for path in ("a/kept", "b/new"):
            with pytest.raises(ConnectionResetError):
                await store.put(key(path), broken())
        assert await content(store, "a/kept") == b"old"
        assert await entries(store, ObjectKey()) == [Entry("a", None)]

    anyio.run(scenario)
    assert uploads(s3_server, store) == []


def test_a_range_of_a_file_that_was_replaced_breaks_off(store: ObjectStore) -> None:
    async def scenario() -> None:
        await store.put(key("f"), body(b"first"))
        found = await store.open(key("f"), whole=False)
        await store.put(key("f"), body(b"other"))
        with pytest.raises(StoreUnavailableError):
            [block async for block in found.blocks(1, 3)]
        replaced = await store.open(key("f"), whole=False)
        assert replaced.etag != found.etag

    anyio.run(scenario)


def test_a_name_cannot_be_a_file_and_a_directory(store: ObjectStore, artifacts: ObjectSettings) -> None:
    other_process = opened(artifacts)

    async def scenario() -> None:
        await store.put(key("a/b"), body(b"x"))
        for store_ in (store, other_process):
            for path in ("a", "a/b/c", "a/b/c/d"):
                with pytest.raises(ConflictError):
                    await store_.check_free(key(path))
                with pytest.raises(ConflictError):
                    await store_.put(key(path), body(b"y"))
            with pytest.raises(DirectoryError):
                await store_.open(key("a"))
            with pytest.raises(MissingObjectError):
                await store_.open(key("a/b/c"))
        await store.delete(key("a"))
        await store.put(key("a"), body(b"now a file"))
        with pytest.raises(ConflictError):
            await store.put(key("a/b"), body(b"y"))

    anyio.run(scenario)


def test_what_a_console_marks_as_a_directory_is_none_before_it_holds_a_file(
    store: ObjectStore, s3_server: S3Server
) -> None:
    assert isinstance(store, RemoteStore)
    for marker in ("a/", "a/b/", "a/b/c/"):
        s3_server.client.put_object(BUCKET, f"{store.bucket.prefix}/{marker}", io.BytesIO(), 0)

    async def scenario() -> None:
        assert await entries(store, ObjectKey()) == []
        assert await entries(store, key("a")) == []
        for path in ("a", "a/b"):
            with pytest.raises(MissingObjectError):
                await store.open(key(path))
        await store.check_free(key("a/b"))
        await store.put(key("a/b/c/empty"), body())
        assert await entries(store, key("a")) == [Entry("b", None)]
        with pytest.raises(ConflictError):
            await store.check_free(key("a/b"))
        await store.delete(key("a/b"))
        assert await entries(store, ObjectKey()) == []
        await store.put(key("a"), body(b"now a file"))
        assert await entries(store, ObjectKey()) == [Entry("a", 10)]

    anyio.run(scenario)


def test_a_key_that_s3_cannot_hold_is_refused(store: ObjectStore) -> None:
    # The prefix counts, too: what is left of S3's 1024 bytes is less than a key may have.
    long = key("/".join(["x" * 250] * 4))

    async def scenario() -> None:
        with pytest.raises(UnfitKeyError, match="1024"):
            await store.put(long, body(b"x"))

    anyio.run(scenario)


def test_a_file_that_does_not_fit_the_memory_is_refused_before_it_is_sent(
    s3_server: S3Server, tmp_path: Path
) -> None:
    artifacts = s3_server.settings(artifacts_upload_memory_mebibytes=32)
    most = 32 * 1024 * 1024 // 3 * MOST_PARTS

    async def refused() -> None:
        with pytest.raises(TooLargeError, match=f"at most {most}"):
            await opened(artifacts).put(key("f"), body(b"x"), length=most + 1)

    anyio.run(refused)
    with serving_live(StorageSettings(data=tmp_path), artifacts) as live:
        connection = HTTPConnection("127.0.0.1", live.port, timeout=180)
        connection.putrequest("PUT", "/api/2.0/mlflow-artifacts/artifacts/d/f")
        connection.putheader("Content-Length", str(most + 1))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert "TRACKHELM_ARTIFACTS_UPLOAD_MEMORY_MEBIBYTES" in answer.read().decode()
        connection.close()


def test_a_file_of_unknown_length_that_has_too_many_parts_is_refused(
    store: ObjectStore, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackhelm_artifact.objects.remote.MOST_PARTS", 2)

    async def scenario() -> None:
        with pytest.raises(TooLargeError, match="announce its length"):
            await store.put(key("f"), body(*[b"x" * PART_BYTES] * 3))
        await store.put(key("f"), body(*[b"x" * PART_BYTES] * 2))
        assert await entries(store, ObjectKey()) == [Entry("f", 2 * PART_BYTES)]

    anyio.run(scenario)
    assert uploads(s3_server, store) == []


async def attempt_all(store: ObjectStore) -> None:
    """Make each call of the port, each of which must find the store unavailable."""
    large = b"x" * (PART_BYTES + 1)
    for call in (
        lambda: store.put(key("a/f"), body(b"x")),
        lambda: store.put(key("a/f"), body(large)),
        lambda: store.check_free(key("a/f")),
        lambda: store.open(key("a/f")),
        lambda: store.open(key("a/f"), whole=False),
        lambda: entries(store, key("a")),
        lambda: store.delete(key("a")),
    ):
        with pytest.raises(StoreUnavailableError):
            await call()


def test_a_missing_bucket_is_a_store_that_is_not_available(s3_server: S3Server) -> None:
    anyio.run(attempt_all, opened(s3_server.settings(new_bucket(), s3_create_bucket=False)))


def test_a_bucket_that_went_is_made_again(s3_server: S3Server) -> None:
    bucket = new_bucket()
    store = opened(s3_server.settings(bucket))
    s3_server.client.remove_bucket(bucket)

    async def scenario() -> None:
        with anyio.fail_after(20):
            while True:
                try:
                    await store.put(key("f"), body(b"x"))
                    break
                except StoreUnavailableError:
                    await anyio.sleep(0.05)
        assert await content(store, "f") == b"x"

    anyio.run(scenario)


def test_wrong_credentials_are_a_store_that_is_not_available(s3_server: S3Server) -> None:
    anyio.run(attempt_all, opened(s3_server.settings(s3_secret_key=SecretStr("wrong"))))


@pytest.fixture
def stalled() -> Iterator[str]:
    """Yield the address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(100)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_store_that_is_away_is_given_up_soon(s3_server: S3Server) -> None:
    away = opened(s3_server.settings(s3_endpoint="http://127.0.0.1:1", **IMPATIENT))

    async def scenario() -> None:
        with anyio.fail_after(15):
            await attempt_all(away)

    anyio.run(scenario)


def test_a_store_that_never_answers_is_given_up_soon(s3_server: S3Server, stalled: str) -> None:
    store = opened(s3_server.settings(s3_endpoint=stalled, **IMPATIENT))

    async def scenario() -> None:
        with anyio.fail_after(5), pytest.raises(StoreUnavailableError):
            await store.open(key("a/f"))

    anyio.run(scenario)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///x",
        "gs:",
        "ftp://x/y",
        "file://host/x",
        "file:x",
        "s3://bucket/x?y=1",
        "no url",
        "hdfs://a",
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(StoreUrlError):
        open_store(url, ObjectSettings())


def test_keys_may_lie_in_files(s3_server: S3Server, tmp_path: Path) -> None:
    for name in ("access_key", "secret_key"):
        (tmp_path / name).write_text(f"{getattr(s3_server, name)}\n")
    artifacts = s3_server.settings(
        s3_access_key=None,
        s3_secret_key=None,
        s3_access_key_file=tmp_path / "access_key",
        s3_secret_key_file=tmp_path / "secret_key",
    )
    store = opened(artifacts)
    assert isinstance(store, RemoteStore)
    assert anyio.run(entries, store, ObjectKey()) == []
    with pytest.raises(StoreUrlError, match="none"):
        opened(artifacts.model_copy(update={"s3_secret_key_file": tmp_path / "none"}))
