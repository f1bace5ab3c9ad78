"""`trackhelm-server artifacts verify` names what is missing, changed, replaced or unrecorded."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from tests.fixtures.api import Api, api_of
from tests.fixtures.objects import body, key
from tests.fixtures.s3 import S3Server  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.store import ObjectStore, StoreUnavailableError
from trackhelm_cli.main import app
from trackhelm_core.settings import ObjectSettings, StorageSettings

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"


class Kept:
    """A server with a few files, its store, and the command beside it."""

    def __init__(self, api: Api, objects: ObjectStore, data: Path) -> None:
        self.api = api
        self.objects = objects
        self.data = data
        self.run_id = api.new_run()
        self.root = api.get("runs/get", run_id=self.run_id)["run"]["info"]["artifact_uri"].partition(":/")[2]
        for name in ("a", "b", "sub/c"):
            self.put(f"{self.root}/{name}", f"content of {name}".encode())
        self.put("elsewhere/d", b"d")

    def put(self, path: str, data: bytes) -> None:
        assert self.api.client.put(f"{FILES}/{path}", content=data).status_code == 200

    def verify(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["artifacts", "verify", "--data", str(self.data), *options])

    def findings(self, *options: str) -> list[tuple[str, str]]:
        result = self.verify("--json", *options)
        *found, summary = map(json.loads, result.output.splitlines())
        assert summary["findings"] == len(found)
        assert result.exit_code == (1 if found else 0), result.output
        return sorted((finding["finding"], finding["path"]) for finding in found)


@pytest.fixture(params=["folder", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    storage = StorageSettings(data=tmp_path / "data")
    artifacts = ObjectSettings()
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3_server")
        artifacts = server.settings(artifacts_presigned=True)
        for name, value in artifacts.model_dump(exclude_defaults=True).items():
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            monkeypatch.setenv(f"TRACKHELM_{name.upper()}", text)
    with api_of(storage, artifacts=artifacts) as api:
        url = artifacts.artifacts_url or storage.artifact_folder.as_uri()
        yield Kept(api, open_store(url, artifacts), storage.data)


def test_whole_files_are_verified(kept: Kept) -> None:
    result = kept.verify()
    assert (result.exit_code, result.output) == (0, "4 files, 41 bytes: 0 findings\n")


def test_each_file_with_which_something_is_wrong_is_named(kept: Kept) -> None:
    anyio.run(kept.objects.delete, key(f"{kept.root}/a"))
    anyio.run(kept.objects.put, key(f"{kept.root}/sub/c"), body(b"past the server"))
    anyio.run(kept.objects.put, key(f"{kept.root}/new"), body(b"new"))
    expected = [
        ("missing", f"{kept.root}/a"),
        ("replaced", f"{kept.root}/sub/c"),
        ("unrecorded", f"{kept.root}/new"),
    ]
    assert kept.findings() == expected
    assert kept.findings("--run", kept.run_id) == expected
    assert kept.findings("--experiment", kept.root.partition("/")[0]) == expected
    assert kept.findings("--prefix", "elsewhere") == []
    assert kept.findings("--prefix", f"{kept.root}/sub") == [expected[1]]
    shown = kept.verify().output
    assert f"missing  {kept.root}/a  (recorded: 12 bytes, sha256 " in shown
    # What was not recorded can be, what is missing cannot.
    assert kept.findings("--record") == [expected[0]]
    assert kept.findings() == [expected[0]]
    kept.put(f"{kept.root}/a", b"again")
    assert kept.findings() == []


def test_a_file_whose_bytes_changed_in_place_is_told_apart_and_never_recorded(kept: Kept) -> None:
    file = kept.data / "artifacts" / kept.root / "b"
    if not file.exists():
        pytest.skip("a bucket's files cannot be damaged from here")
    facts = file.stat()
    with file.open("r+b") as damaged:
        damaged.write(b"C")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    for _ in range(2):
        assert kept.findings("--record") == [("changed", f"{kept.root}/b")]


def test_what_clients_sent_to_the_store_themselves_is_recorded_when_it_is_verified(kept: Kept) -> None:
    if kept.objects.direct is None:
        pytest.skip("clients do not reach a folder")
    client = kept.api.client
    mpu = "/api/2.0/mlflow-artifacts/mpu"
    upload = client.post(f"{mpu}/create/{kept.root}", json={"path": "parts", "num_parts": 1}).json()
    part: dict[str, Any] = upload["credentials"][0]
    etag = httpx2.put(part["url"], content=b"in parts").headers["etag"]
    message = {
        "path": "parts",
        "upload_id": upload["upload_id"],
        "parts": [{"part_number": 1, "etag": etag, "url": part["url"]}],
    }
    assert client.post(f"{mpu}/complete/{kept.root}", json=message).status_code == 200
    signed = client.post(
        "/api/2.0/mlflow/artifacts/presigned-upload-url", json={"run_id": kept.run_id, "path": "signed"}
    ).json()
    assert httpx2.put(signed["presigned_url"], content=b"signed").status_code == 200
    # Completed by the server, so its size and version are known; of the other nothing was heard.
    assert kept.findings() == [("unrecorded", f"{kept.root}/signed")]
    anyio.run(kept.objects.put, key(f"{kept.root}/parts"), body(b"in part!"))
    assert kept.findings() == [("replaced", f"{kept.root}/parts"), ("unrecorded", f"{kept.root}/signed")]
    assert kept.findings("--record") == []
    assert kept.findings() == []


def _failing(kept: Kept, monkeypatch: pytest.MonkeyPatch, fails: Callable[[str], Exception | None]) -> None:
    """Let files fail while they are read, by their paths."""
    opening = type(kept.objects).open

    async def opened(store: Any, path: ObjectKey, *, whole: bool = True) -> Any:
        found = await opening(store, path, whole=whole)
        reading = found.blocks

        async def blocks(start: int, stop: int) -> AsyncIterator[Any]:
            if error := fails(str(path)):
                raise error
            async for block in reading(start, stop):
                yield block

        monkeypatch.setattr(found, "blocks", blocks, raising=False)
        return found

    monkeypatch.setattr(type(kept.objects), "open", opened)


FAILURES = [OSError(5, "Input/output error"), StoreUnavailableError("away", "it did not answer")]


@pytest.mark.parametrize("error", FAILURES)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    anyio.run(kept.objects.put, key("elsewhere/new"), body(b"new"))
    bad = {f"{kept.root}/b", "elsewhere/new"}
    _failing(kept, monkeypatch, lambda path: error if path in bad else None)
    assert kept.findings() == sorted(("unreadable", path) for path in bad)
    shown = kept.verify("--record").output
    assert f"unreadable  {kept.root}/b  (recorded: 12 bytes, sha256 " in shown
    assert (
        f"unreadable  elsewhere/new  ({'Input/output error' if error is FAILURES[0] else 'it did'}" in shown
    )
    assert "3 files, 29 bytes: 2 findings, 0 recorded" in shown


@pytest.mark.parametrize("error", FAILURES)
def test_a_file_that_is_replaced_while_it_is_read_is_read_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failed: set[str] = set()

    def once(path: str) -> Exception | None:
        if path in failed:
            return None
        failed.add(path)
        return error

    _failing(kept, monkeypatch, once)
    assert kept.findings() == []
    assert len(failed) == 4


def test_a_store_that_goes_away_ends_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailableError("The store is away.")

    _failing(kept, monkeypatch, lambda _: FAILURES[1])
    monkeypatch.setattr(type(kept.objects), "page", away)
    result = kept.verify()
    assert result.exit_code == 2
    assert "The store is away." in result.stderr


def test_a_directory_that_cannot_be_read_is_named(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(kept.objects), "walk", broken)
    assert kept.findings() == [("unreadable", ".")]
    assert "4 files" in kept.verify().output


def test_what_cannot_be_verified_is_said(kept: Kept, tmp_path: Path) -> None:
    experiment = kept.api.new_experiment(artifact_location="s3://elsewhere/x")
    for options, message in (
        (["--run", "0" * 32], "not found"),
        (["--run", kept.run_id, "--prefix", "x"], "At most one"),
        (["--prefix", "../x"], "Invalid path"),
        (["--experiment", experiment], "outside of the server's own store"),
    ):
        result = kept.verify(*options)
        assert result.exit_code == 2
        assert message in result.stderr
    result = CliRunner().invoke(app, ["artifacts", "verify", "--data", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "there is no database" in result.stderr
