"""`trackhelm-server artifacts reconcile` finds what is left over, and with `--delete` deletes that alone."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from tests.fixtures.api import Api, api_of
from tests.fixtures.objects import body, key, walked
from tests.fixtures.s3 import S3Server  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_artifact.tasks import SWEEP_UPLOADS
from trackhelm_cli.main import app
from trackhelm_core.objects.keys import RESERVED
from trackhelm_core.runtime import Runtime  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_core.settings import ObjectSettings, StorageSettings

FILES = "/api/2.0/mlflow-artifacts/artifacts"


class Server:
    """A server with a run and its files, and the command beside it."""

    def __init__(self, api: Api, data: Path) -> None:
        self.api = api
        self.data = data
        application: Any = api.client.app
        self.runtime: Runtime = application.state.runtime
        self.run_id = api.new_run()
        self.root = api.get("runs/get", run_id=self.run_id)["run"]["info"]["artifact_uri"].partition(":/")[2]
        self.upload(f"{self.root}/a")

    def upload(self, path: str) -> None:
        assert self.api.client.put(f"{FILES}/{path}", content=b"data").status_code == 200

    def put(self, path: str) -> None:
        anyio.run(self.runtime.objects.put, key(path), body(b"data"))

    def findings(self, *options: str) -> list[tuple[str, str]]:
        arguments = ["artifacts", "reconcile", "--data", str(self.data), "--json", *options]
        result = CliRunner().invoke(app, arguments)
        *found, summary = map(json.loads, result.output.splitlines())
        assert result.exit_code == (1 if found and "--delete" not in options else 0), result.output
        assert summary["findings"] == len(found)
        return sorted((each["finding"], each["path"]) for each in found)

    def interrupt(self) -> str:
        """Leave an upload unfinished, and return what it is called."""
        if self.runtime.objects.direct is None:
            drafts = self.data / "artifacts" / RESERVED
            drafts.mkdir(exist_ok=True)
            (drafts / "left").write_bytes(b"half")
            return f"{RESERVED}/left"
        answer = self.api.client.post(
            f"/api/2.0/mlflow-artifacts/mpu/create/{self.root}", json={"path": "big", "num_parts": 2}
        )
        url = answer.json()["credentials"][0]["url"]
        assert httpx2.put(url, content=b"part").status_code == 200
        return f"{self.root}/big"


@pytest.fixture(params=["folder", "s3"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    artifacts = ObjectSettings()
    if request.param == "s3":
        found: S3Server = request.getfixturevalue("s3_server")
        artifacts = found.settings(artifacts_presigned=True)
        for name, value in artifacts.model_dump(exclude_defaults=True).items():
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            monkeypatch.setenv(f"TRACKHELM_{name.upper()}", text)
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage, artifacts=artifacts) as api:
        yield Server(api, storage.data)


def test_nothing_is_left_over_where_all_is_as_it_should_be(server: Server) -> None:
    assert server.findings("--older-than", "0s") == []


def test_what_is_left_over_is_found_and_deleted_and_nothing_else(server: Server) -> None:
    server.upload("nobody/deep/x")
    server.upload("nobody.txt")
    server.upload(f"{server.root}2/not below the run")
    server.upload(f"{server.root}/gone")
    anyio.run(server.runtime.objects.delete, key(f"{server.root}/gone"))
    expected = [
        ("orphan", f"{server.root}2/not below the run"),
        ("orphan", "nobody.txt"),
        ("orphan", "nobody/deep/x"),
        ("record without file", f"{server.root}/gone"),
    ]
    assert server.findings() == [], "a day old is what is named unless told otherwise"
    # What S3 says of a file's age has a second's grain.
    time.sleep(1.1)
    assert server.findings("--older-than", "0s") == sorted(expected)
    assert server.findings("--older-than", "0s", "--prefix", "nobody") == [("orphan", "nobody/deep/x")]
    assert server.findings("--older-than", "0s", "--delete") == sorted(expected)
    assert server.findings("--older-than", "0s") == []
    assert anyio.run(walked, server.runtime.objects) == {f"{server.root}/a": 4}
    verified = CliRunner().invoke(app, ["artifacts", "verify", "--data", str(server.data)])
    assert verified.output == "1 files, 4 bytes: 0 findings\n"


def test_files_of_logged_models_and_versions_are_somebodys(server: Server) -> None:
    experiment = server.root.partition("/")[0]
    model = server.api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]
    server.upload(f"{model['artifact_uri'].partition(':/')[2]}/model.pkl")
    server.api.post("runs/delete", run_id=server.run_id)
    server.api.call("DELETE", f"logged-models/{model['model_id']}")
    assert server.findings("--older-than", "0s") == [], "what is in the bin may come back"


def test_interrupted_uploads_are_found_and_dropped(server: Server) -> None:
    name = server.interrupt()
    time.sleep(1.1)
    assert server.findings() == []
    if server.runtime.objects.direct is None:
        # Whoever opens a folder sweeps it, the command too.
        assert not (server.data / "artifacts" / name).exists()
        return
    assert server.findings("--older-than", "0s") == [("interrupted upload", name)]
    SWEEP_UPLOADS.run(server.runtime)
    assert server.findings("--older-than", "0s") == [("interrupted upload", name)], "it is not a day old"
    assert server.findings("--older-than", "0s", "--delete") == [("interrupted upload", name)]
    assert server.findings("--older-than", "0s") == []


def test_uploads_are_swept_a_day_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.interrupt()
    monkeypatch.setattr("trackhelm_artifact.logic.sweeping.time.time", lambda: time.monotonic() + 4e9)
    SWEEP_UPLOADS.run(server.runtime)

    async def left() -> list[Any]:
        return [page async for page in server.runtime.objects.interrupted(4e9) if page]

    assert anyio.run(left) == []
