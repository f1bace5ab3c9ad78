"""Azure Blob Storage, by Microsoft's emulator: what the port promises of a bucket holds there too.

Opt-in, `make test-azure`: the emulator is a program for Node.js, and `TEST_AZURITE` names it.
"""

import asyncio
import base64
import email.utils
import hashlib
import hmac
import os
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.artifact.conftest import serving_live
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.remote import PART_BYTES
from trackhelm_artifact.objects.store import (
    ConflictError,
    DirectoryError,
    Label,
    MissingObjectError,
    ObjectStore,
)
from trackhelm_core.settings import ObjectSettings, StorageSettings
from trackhelm_stack.program import free_ports

AZURITE = os.environ.get("TEST_AZURITE", "")
pytestmark = pytest.mark.skipif(not AZURITE, reason="opt-in: make test-azure")

ACCOUNT = "devstoreaccount1"
# The emulator's own, which stands in its documentation.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
FILES = "/api/2.0/mlflow-artifacts/artifacts"

key = ObjectKey.parse


def make_container(endpoint: str, name: str) -> bool:
    """Make a container; returns whether the emulator answered."""
    date, version = email.utils.formatdate(usegmt=True), "2021-12-02"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signed = f"PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:{version}\n{resource}"
    digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": version,
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
        "Content-Length": "0",
    }
    request = urllib.request.Request(f"{endpoint}/{name}?restype=container", method="PUT", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except ConnectionError:
        return False
    except urllib.error.URLError as error:
        if isinstance(error, urllib.error.HTTPError):
            raise
        return False


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the emulator, and yield the URL of a container; the process's variables lead there."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("azurite")
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    command = [AZURITE, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    variables = {
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_ENDPOINT": endpoint,
        "AZURE_ALLOW_HTTP": "true",
    }
    name = f"container-{uuid.uuid4().hex}"
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
    ):
        for variable, value in variables.items():
            patch.setenv(variable, value)
        try:
            wait_until(lambda: make_container(endpoint, name), seconds=180)
            yield f"az://{ACCOUNT}/{name}"
        finally:
            process.kill()


@pytest.fixture
def settings(container: str) -> ObjectSettings:
    return ObjectSettings(
        artifacts_url=f"{container}/{uuid.uuid4().hex}/below", artifacts_presigned=True, s3_allow_http=True
    )


@pytest.fixture
def store(settings: ObjectSettings) -> ObjectStore:
    assert settings.artifacts_url
    return open_store(settings.artifacts_url, settings)


async def body(data: bytes, *, breaks: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 70_000):
        yield data[start : start + 70_000]
    if breaks:
        raise ConnectionResetError("the client went away")


async def content(store: ObjectStore, path: str, start: int = 0, stop: int | None = None) -> bytes:
    found = await store.open(key(path), whole=stop is None)
    try:
        return b"".join([block async for block in found.blocks(start, found.size if stop is None else stop)])
    finally:
        found.close()


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, 3 * PART_BYTES + 5])
def test_a_file_of_any_size_is_stored_whole(store: ObjectStore, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]

    async def scenario() -> None:
        await store.put(key("a/größe %20.bin"), body(data), length=size)
        assert await content(store, "a/größe %20.bin") == data
        if size > 100:
            assert await content(store, "a/größe %20.bin", 7, 60) == data[7:60]

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [1, 3 * PART_BYTES])
def test_an_upload_that_breaks_off_leaves_the_old_file(store: ObjectStore, size: int) -> None:
    async def scenario() -> None:
        await store.put(key("a/f"), body(b"old"))
        with pytest.raises(ConnectionResetError):
            await store.put(key("a/f"), body(b"x" * size, breaks=True))
        assert await content(store, "a/f") == b"old"

    asyncio.run(scenario())


def test_a_name_is_a_file_or_a_directory(store: ObjectStore) -> None:
    async def scenario() -> None:
        await store.put(key("a/f"), body(b"x"))
        with pytest.raises(ConflictError):
            await store.put(key("a"), body(b"x"))
        with pytest.raises(ConflictError):
            await store.put(key("a/f/g"), body(b"x"))
        with pytest.raises(DirectoryError):
            await store.open(key("a"))
        await store.delete(key("a"))
        await store.delete(key("a"))
        with pytest.raises(MissingObjectError):
            await store.open(key("a/f"))

    asyncio.run(scenario())


def test_files_go_past_the_server_by_addresses_that_it_signs(store: ObjectStore) -> None:
    async def addresses() -> tuple[str, dict[str, str], str]:
        assert store.direct
        upload = await store.direct.upload_url(key("a/f"), 60)
        download = await store.direct.download_url(key("a/f"), 60, Label("text/plain", "attachment"))
        return upload.url, upload.headers, download.url

    upload, headers, download = asyncio.run(addresses())
    with urllib.request.urlopen(
        urllib.request.Request(upload, data=b"sent", method="PUT", headers=headers), timeout=60
    ):
        pass
    with urllib.request.urlopen(download, timeout=60) as answer:
        assert answer.read() == b"sent"


def test_a_server_keeps_its_files_there(settings: ObjectSettings, tmp_path: Path) -> None:
    with serving_live(StorageSettings(data=tmp_path / "data"), settings) as live:
        data = os.urandom(PART_BYTES + 10)
        for path in ("a/f", "a/g", "a/sub/h"):
            assert live.client.put(f"{FILES}/{path}", content=data).status_code == 200
        listed = live.client.get(FILES, params={"path": "a"}).json()["files"]
        assert [(file["path"], file["is_dir"]) for file in listed] == [
            ("f", False),
            ("g", False),
            ("sub", True),
        ]
        assert live.client.get(f"{FILES}/a/f").content == data
        assert live.client.get(f"{FILES}/a/f", headers={"Range": "bytes=5-9"}).content == data[5:10]
        etag = live.client.head(f"{FILES}/a/f").headers["etag"]
        assert live.client.get(f"{FILES}/a/f", headers={"If-None-Match": etag}).status_code == 304
        assert live.client.delete(f"{FILES}/a").status_code == 200
        assert live.client.get(FILES, params={"path": "a"}).json() == {}
