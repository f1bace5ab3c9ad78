"""`trackhelm-server artifacts reconcile` finds what is left over, and with `--delete` deletes that alone."""

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import update
from typer.testing import CliRunner

from tests.fixtures.api import Api, api_of
from tests.fixtures.objects import body, key, walked
from tests.fixtures.s3 import BUCKET, S3Server, new_bucket
from trackhelm_artifact.objects.keys import RESERVED
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.remote import RemoteStore
from trackhelm_artifact.tasks import SWEEP_UPLOADS
from trackhelm_cli.gc import cutoff
from trackhelm_cli.main import app
from trackhelm_core.runtime import Runtime  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_core.settings import ObjectSettings, StorageSettings
from trackhelm_domain.locations import location_key
from trackhelm_domain.tables import ModelVersion

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"

Bucket = Callable[[str, bytes], None]


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

    @property
    def url(self) -> str:
        """What the server opens its store by."""
        return os.environ.get("TRACKHELM_ARTIFACTS_URL") or (self.data / "artifacts").as_uri()

    def upload(self, path: str) -> None:
        assert self.api.client.put(f"{FILES}/{path}", content=b"data").status_code == 200

    def put(self, path: str) -> None:
        anyio.run(stores_of(self.runtime).objects.put, key(path), body(b"data"))

    def findings(self, *options: str) -> list[tuple[str, str]]:
        arguments = ["artifacts", "reconcile", "--data", str(self.data), "--json", *options]
        result = CliRunner().invoke(app, arguments)
        *found, summary = map(json.loads, result.output.splitlines())
        assert result.exit_code == (1 if found and "--delete" not in options else 0), result.output
        assert summary["findings"] == len(found)
        return sorted((each["finding"], each["path"]) for each in found)

    def interrupt(self) -> str:
        """Leave an upload unfinished, and return what it is called."""
        if stores_of(self.runtime).objects.direct is None:
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


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command as if two seconds later: what S3 says of a file's age has a second's grain."""
    monkeypatch.setattr("trackhelm_cli.artifacts.cutoff", lambda age: cutoff(age - 2))


def test_nothing_is_left_over_where_all_is_as_it_should_be(server: Server) -> None:
    assert server.findings("--older-than", "0s") == []


def test_what_is_left_over_is_found_and_deleted_and_nothing_else(server: Server) -> None:
    server.upload("nobody/deep/x")
    server.upload("nobody.txt")
    server.upload(f"{server.root}2/not below the run")
    server.upload(f"{server.root}/gone")
    anyio.run(stores_of(server.runtime).objects.delete, key(f"{server.root}/gone"))
    expected = [
        ("orphan", f"{server.root}2/not below the run"),
        ("orphan", "nobody.txt"),
        ("orphan", "nobody/deep/x"),
        ("record without file", f"{server.root}/gone"),
    ]
    assert server.findings() == [], "a day old is what is named unless told otherwise"
    assert server.findings("--older-than", "0s") == sorted(expected)
    assert server.findings("--older-than", "0s", "--prefix", "nobody") == [("orphan", "nobody/deep/x")]
    assert server.findings("--older-than", "0s", "--delete") == sorted(expected)
    assert server.findings("--older-than", "0s") == []
    assert anyio.run(walked, stores_of(server.runtime).objects) == {f"{server.root}/a": 4}
    verified = CliRunner().invoke(app, ["artifacts", "verify", "--data", str(server.data)])
    assert verified.output == "1 files, 4 bytes: 0 findings\n"


@pytest.fixture
def bucket(s3_server: S3Server, server: Server) -> Bucket:
    """Return what puts objects into the server's bucket that it would not put there itself."""
    objects = stores_of(server.runtime).objects
    if not isinstance(objects, RemoteStore):
        pytest.skip("a folder knows no such files")
    prefix = objects.bucket.prefix
    client = s3_server.client

    def put(path: str, data: bytes) -> None:
        client.put_object(BUCKET, f"{prefix}/{path}", io.BytesIO(data), len(data))

    return put


def test_the_mark_of_a_directory_is_no_file_and_costs_no_file_below_it(
    server: Server, bucket: Bucket
) -> None:
    bucket(f"{server.root.partition('/')[0]}/", b"")
    bucket(f"{server.root}/", b"")
    bucket(f"{server.root}/empty", b"")
    bucket("nobody/", b"")
    assert server.findings("--older-than", "0s", "--delete") == []
    files = {f"{server.root}/a": 4, f"{server.root}/empty": 0}
    assert anyio.run(walked, stores_of(server.runtime).objects) == files
    for path in ("", server.root):
        assert anyio.run(walked, stores_of(server.runtime).objects, path) == files
    found = CliRunner().invoke(app, ["artifacts", "verify", "--data", str(server.data)]).output
    assert found.splitlines()[-1] == "2 files, 4 bytes: 1 findings"
    assert "unrecorded" in found


def test_a_file_with_the_name_of_a_directory_of_somebodys_stays(server: Server, bucket: Bucket) -> None:
    above = [server.root.partition("/")[0], server.root.rpartition("/")[0]]
    for path in above:
        bucket(path, b"in the way")
    assert server.findings("--older-than", "0s", "--delete") == []
    assert set(anyio.run(walked, stores_of(server.runtime).objects)) == {*above, f"{server.root}/a"}


def test_an_orphan_is_deleted_by_its_own_name_alone(
    server: Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.upload("nobody/b")
    bucket("nobody", b"in the way")
    server.api.post("registered-models/create", name="kept")
    server.api.post("model-versions/create", name="kept", source="s3://elsewhere/b")
    # As a version before this one registered it, which asked for no run.
    with server.runtime.database.writing() as session:
        source = f"{server.url}/nobody/b"
        values = {"source": source, "storage_location": source, "location_key": location_key(source)}
        session.execute(update(ModelVersion).values(values))
    # As if what lies below had come to an owner since owners were read.
    monkeypatch.setattr("trackhelm_artifact.integrity.reconciliation.Owners.is_below", lambda *_: False)
    assert server.findings("--older-than", "0s", "--delete") == [("orphan", "nobody")]
    assert set(anyio.run(walked, stores_of(server.runtime).objects)) == {f"{server.root}/a", "nobody/b"}
    verified = CliRunner().invoke(app, ["artifacts", "verify", "--data", str(server.data)])
    assert verified.output == "2 files, 8 bytes: 0 findings\n"


def test_files_of_owners_that_are_spelled_by_the_url_of_the_store_are_somebodys(server: Server) -> None:
    experiment = server.api.new_experiment(artifact_location=f"{server.url}/team")
    run_id = server.api.new_run(experiment)
    server.put(f"team/{run_id}/artifacts/a")
    server.put("team/nobody")
    assert server.findings("--older-than", "0s") == [("orphan", "team/nobody")]


def test_nothing_is_deleted_for_a_database_that_knows_nobody(server: Server, tmp_path: Path) -> None:
    fresh = StorageSettings(data=tmp_path / "fresh")
    with api_of(fresh):
        url = fresh.effective_database_url
    command = ["artifacts", "reconcile", "--data", str(server.data), "--database-url", url]
    command += ["--older-than", "0s"]
    assert CliRunner().invoke(app, command).exit_code == 1
    refused = CliRunner().invoke(app, [*command, "--delete"])
    assert refused.exit_code == 2
    assert "Nothing is deleted" in refused.stderr
    assert anyio.run(walked, stores_of(server.runtime).objects) == {f"{server.root}/a": 4}
    nothing = CliRunner().invoke(app, [*command, "--delete", "--prefix", "none"])
    assert (nothing.exit_code, nothing.output) == (0, "0 findings, 0 bytes, deleted\n")


def test_files_of_logged_models_and_versions_are_somebodys(server: Server) -> None:
    experiment = server.root.partition("/")[0]
    model = server.api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]
    server.upload(f"{model['artifact_uri'].partition(':/')[2]}/model.pkl")
    server.api.post("runs/delete", run_id=server.run_id)
    server.api.call("DELETE", f"logged-models/{model['model_id']}")
    assert server.findings("--older-than", "0s") == [], "what is in the bin may come back"


def test_interrupted_uploads_are_found_and_dropped(server: Server) -> None:
    name = server.interrupt()
    assert server.findings() == []
    for looks in (["artifacts", "verify"], ["gc", "--dry-run"], ["doctor"]):
        assert CliRunner().invoke(app, [*looks, "--data", str(server.data)]).exit_code == 0
    assert server.findings("--older-than", "0s") == [("interrupted upload", name)]
    SWEEP_UPLOADS.run(server.runtime)
    assert server.findings("--older-than", "0s") == [("interrupted upload", name)], "it is not a day old"
    assert server.findings("--older-than", "0s", "--delete") == [("interrupted upload", name)]
    assert server.findings("--older-than", "0s") == []


def test_uploads_are_swept_a_day_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.interrupt()
    monkeypatch.setattr(
        "trackhelm_artifact.integrity.reconciliation.time.time", lambda: time.monotonic() + 4e9
    )
    SWEEP_UPLOADS.run(server.runtime)

    async def left() -> list[Any]:
        return [page async for page in stores_of(server.runtime).objects.interrupted(4e9) if page]

    assert anyio.run(left) == []


def test_uploads_of_others_in_a_bucket_without_prefix_are_not_swept(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = new_bucket()
    artifacts = s3_server.settings(bucket, artifacts_url=f"s3://{bucket}", artifacts_presigned=True)
    with api_of(StorageSettings(data=tmp_path), artifacts=artifacts) as api:
        server = Server(api, tmp_path)
        server.interrupt()
        client = s3_server.client
        client._create_multipart_upload(bucket, "backups/others.tar", {})
        monkeypatch.setattr(
            "trackhelm_artifact.integrity.reconciliation.time.time", lambda: time.monotonic() + 4e9
        )
        SWEEP_UPLOADS.run(server.runtime)
        left = client._list_multipart_uploads(bucket).uploads
        assert [upload.object_name for upload in left] == ["backups/others.tar"]
