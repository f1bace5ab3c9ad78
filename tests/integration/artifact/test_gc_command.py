"""`trackhelm-server gc` deletes for good what is in the bin, and never the files of a registered version."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from tests.fixtures.api import Api, api_of
from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.objects import walked
from tests.fixtures.programs import worker
from tests.fixtures.s3 import S3Server
from tests.fixtures.waiting import wait_until
from trackhelm_artifact.integrity import purging as files_purging
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import ObjectStore
from trackhelm_cli.main import app
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.deletion import FilesInUse
from trackhelm_domain.tables import (
    ArtifactRecord,
    ArtifactTombstone,
    Base,
    Dataset,
    LoggedModel,
    MetricChunk,
    Run,
    RunParam,
    RunTag,
    Series,
)
from trackhelm_embedded.app import open_all
from trackhelm_ingest.deletion import logic as deletion_logic
from trackhelm_ingest.deletion import store as deletion_store

pytestmark = [pytest.mark.over("sqlite", "postgresql", "s3"), pytest.mark.long]

FILES = "/api/2.0/mlflow-artifacts/artifacts"
OWNED = (Run, RunParam, RunTag, Series, MetricChunk, LoggedModel, ArtifactRecord, ArtifactTombstone, Dataset)


class Server:
    """A server with runs, and the command beside it."""

    def __init__(self, api: Api, storage: StorageSettings, *, waits: bool) -> None:
        self.api = api
        self.storage = storage
        self.waits = waits
        application: Any = api.client.app
        self.runtime = application.state.runtime

    @property
    def objects(self) -> ObjectStore:
        return stores_of(self.runtime).objects

    def gc(self, *options: str, expected: int = 0) -> str:
        arguments = ["gc", "--data", str(self.storage.data), *options]
        if self.storage.database_url:
            arguments += ["--database-url", self.storage.database_url]
        result: Result = CliRunner().invoke(app, arguments)
        assert result.exit_code == expected, (result.output, result.exception)
        if self.waits and "--dry-run" not in options and not expected:
            wait_until(lambda: self.count(ArtifactTombstone) == 0, seconds=180)
            wait_until(lambda: not self.purged(), seconds=180)
        return result.output

    def purged(self) -> bool:
        with self.runtime.database.reading() as session:
            return (
                session.scalar(select(Run.id).where(Run.lifecycle_stage == "purged")) is not None
                or self.count(Dataset) > 0
            )

    def count(self, table: type[Base]) -> int:
        with self.runtime.database.reading() as session:
            return int(session.scalar(select(func.count()).select_from(table)) or 0)

    def counts(self) -> dict[str, int]:
        return {table.__tablename__: self.count(table) for table in OWNED}

    def new_run(self, experiment_id: str, files: int = 2) -> str:
        run_id = self.api.new_run(experiment_id)
        self.api.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[
                {"key": key, "value": step, "timestamp": step, "step": step}
                for key in ("loss", "accuracy")
                for step in range(5)
            ],
            params=[{"key": "depth", "value": "3"}],
            tags=[{"key": "team", "value": "vision"}],
        )
        self.api.get("metrics/get-history", run_id=run_id, metric_key="loss")
        for number in range(files):
            self.put(self.root(run_id), f"{number}.txt")
        return run_id

    def root(self, run_id: str) -> str:
        uri: str = self.api.get("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"]
        return uri.partition(":/")[2]

    def put(self, root: str, name: str) -> None:
        assert self.api.client.put(f"{FILES}/{root}/{name}", content=b"data").status_code == 200

    def delete_run(self, run_id: str) -> None:
        self.api.post("runs/delete", run_id=run_id)

    def files(self, path: str) -> dict[str, int]:
        return anyio.run(walked, self.objects, path)

    def events(self, entity_id: str) -> list[tuple[str, str]]:
        found = self.api.get("/api/2.0/trackhelm/audit/events", entity_id=entity_id)
        return [(event["action"], event["actor_kind"]) for event in found.get("events", [])]


# Where the command deletes nothing, a worker has nothing to do.
nothing_deleted = pytest.mark.parametrize("server", ["sqlite", "s3", "postgresql"], indirect=True)


@pytest.fixture(params=["sqlite", "s3", "queue"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Yield a server of each shape: embedded over a folder and over S3, and with queue and workers."""
    artifacts = ObjectSettings()
    redis = RedisSettings()
    url = None
    with ExitStack() as running:
        if request.param == "s3":
            found: S3Server = request.getfixturevalue("s3_server")
            artifacts = found.settings()
            for name, value in artifacts.model_dump(exclude_defaults=True).items():
                text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                monkeypatch.setenv(f"TRACKHELM_{name.upper()}", text)
        if request.param in {"queue", "postgresql"}:
            url = migrated_postgres_database(request.getfixturevalue("postgres_server"))
        if request.param == "queue":
            redis = RedisSettings(redis_url=request.getfixturevalue("own_redis_url"))
            monkeypatch.setenv("TRACKHELM_REDIS_URL", str(redis.redis_url))
        storage = StorageSettings(data=tmp_path / "data", database_url=url)
        api = running.enter_context(api_of(storage, redis, artifacts))
        if request.param == "queue":
            running.enter_context(worker(storage, redis, tmp_path))
        yield Server(api, storage, waits=request.param == "queue")


def test_runs_in_the_bin_are_deleted_with_all_that_is_theirs(server: Server) -> None:
    experiment = server.api.new_experiment()
    before = server.counts()
    gone = [server.new_run(experiment) for _ in range(3)]
    roots = [server.root(run_id) for run_id in gone]
    for run_id in gone:
        server.delete_run(run_id)
    full = server.counts()

    planned = server.gc("--dry-run")
    assert f"run {gone[0]}: 2 files, 8 bytes" in planned
    assert "would delete 3 runs, 0 experiments, 0 logged models, 6 files, 24 bytes" in planned
    assert server.counts() == full, "a dry run changes nothing"
    assert "0 runs" in server.gc("--older-than", "1h")

    stays = server.new_run(experiment)
    assert "deleted 3 runs" in server.gc()
    for run_id, root in zip(gone, roots, strict=True):
        server.api.refused("GET", "runs/get", "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id)
        server.api.refused("POST", "runs/restore", "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id)
        server.api.refused(
            "POST", "runs/log-metric", "RESOURCE_DOES_NOT_EXIST", 404,
            run_id=run_id, key="loss", value=1, timestamp=1,
        )  # fmt: skip
        assert server.files(root) == {}
        assert server.events(run_id) == [("purged", "operator"), ("deleted", "anonymous")]
    found = server.api.post("runs/search", experiment_ids=[experiment], run_view_type="ALL")
    assert [run["info"]["run_id"] for run in found["runs"]] == [stays]
    assert len(server.files(server.root(stays))) == 2
    server.delete_run(stays)
    server.gc()
    assert server.counts() == before
    assert "deleted 0 runs" in server.gc(), "again is no fault"


def test_an_experiment_goes_with_all_that_is_in_it_and_its_name_is_free(server: Server) -> None:
    experiment = server.api.new_experiment(name="iris", tags=[{"key": "team", "value": "vision"}])
    run_id = server.new_run(experiment)
    server.api.post(
        "runs/log-inputs",
        run_id=run_id,
        datasets=[{"dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}}],
    )
    model = server.api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]
    server.put(model["artifact_uri"].partition(":/")[2], "model.pkl")
    server.api.post("experiments/delete", experiment_id=experiment)

    planned = server.gc("--dry-run", "--experiment-ids", experiment)
    assert "would delete 1 runs, 1 experiments, 1 logged models, 3 files, 12 bytes" in planned
    server.gc("--experiment-ids", experiment)
    server.api.refused("GET", "experiments/get", "RESOURCE_DOES_NOT_EXIST", 404, experiment_id=experiment)
    server.api.refused(
        "POST", "experiments/restore", "RESOURCE_DOES_NOT_EXIST", 404, experiment_id=experiment
    )
    assert server.files(experiment) == {}
    assert all(count == 0 for count in server.counts().values()), server.counts()
    assert server.events(experiment)[0] == ("purged", "operator")
    assert server.events(model["model_id"])[0] == ("purged", "operator")
    assert server.api.new_experiment(name="iris") != experiment


def test_a_registered_version_never_loses_its_files(server: Server) -> None:
    experiment = server.api.new_experiment()
    runs = [server.new_run(experiment) for _ in range(4)]
    api = server.api
    uri = api.get("runs/get", run_id=runs[0])["run"]["info"]["artifact_uri"]
    api.post("registered-models/create", name="iris")
    api.post("model-versions/create", name="iris", source=f"{uri}/model", run_id=runs[0])
    api.post("model-versions/create", name="iris", source=f"runs:/{runs[1]}/model", run_id=runs[1])
    logged = api.post("logged-models", experiment_id=experiment, name="m", source_run_id=runs[2])
    model_id = logged["model"]["info"]["model_id"]
    api.post("model-versions/create", name="iris", source=f"models:/{model_id}", model_id=model_id)
    for run_id in runs:
        server.delete_run(run_id)
    api.call("DELETE", f"logged-models/{model_id}")

    for options in (["--dry-run"], []):
        said = server.gc(*options)
        assert f"run {runs[0]} is kept: its files are those of version 1 of registered model 'iris'" in said
        assert f"run {runs[1]} is kept: its files are those of version 2 of registered model 'iris'" in said
        assert f"logged model {model_id} is kept: its files are those of version 3" in said
        assert "2 runs, 0 experiments, 0 logged models" in said
    assert api.get("runs/get", run_id=runs[0])["run"]["info"]["lifecycle_stage"] == "deleted"
    assert len(server.files(server.root(runs[0]))) == 2
    assert "is kept" in server.gc("--run-ids", runs[0], expected=1)

    api.post("experiments/delete", experiment_id=experiment)
    assert f"experiment {experiment} is kept: what is in it is kept" in server.gc()
    api.call("DELETE", "registered-models/delete", name="iris")
    assert "deleted 2 runs, 1 experiments, 1 logged models" in server.gc()


@nothing_deleted
def test_what_is_restored_meanwhile_stays_with_its_files(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The experiments in the bin are read once, and much time may pass until it is one's turn."""
    api = server.api
    experiment = api.new_experiment()
    run_id = server.new_run(experiment)
    model = api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]
    root = model["artifact_uri"].partition(":/")[2]
    server.put(root, "model.pkl")
    api.post("experiments/delete", experiment_id=experiment)
    original = deletion_store.experiments_in_bin

    def experiments_in_bin(*arguments: Any, **named: Any) -> list[int]:
        found = original(*arguments, **named)
        api.post("experiments/restore", experiment_id=experiment)
        # Into the bin by itself, and not yet for so long.
        server.delete_run(run_id)
        return found

    monkeypatch.setattr(deletion_store, "experiments_in_bin", experiments_in_bin)
    said = server.gc("--older-than", "0s")
    assert "deleted 0 runs, 0 experiments, 0 logged models" in said
    for what in (f"logged model {model['model_id']}", f"experiment {experiment}"):
        assert f"{what} is kept: it is not in the bin any more" in said
    assert api.get(f"logged-models/{model['model_id']}")["model"]["info"]["model_id"] == model["model_id"]
    assert len(server.files(root)) == 1
    assert len(server.files(server.root(run_id))) == 2


def test_a_version_whose_source_is_spelled_as_the_bucket_keeps_its_files(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = s3_server.settings()
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRACKHELM_ARTIFACTS_URL", str(artifacts.artifacts_url))
    storage = StorageSettings(data=tmp_path)
    with api_of(storage, artifacts=artifacts) as api:
        server = Server(api, storage, waits=False)
        run_id = server.new_run(api.new_experiment())
        model = api.post("logged-models", experiment_id=api.new_experiment(), name="m")["model"]["info"]
        model_root = model["artifact_uri"].partition(":/")[2]
        api.post("registered-models/create", name="iris")
        for root, origin in (
            (server.root(run_id), {"run_id": run_id}),
            (model_root, {"model_id": model["model_id"]}),
        ):
            source = f"{artifacts.artifacts_url}/{root}/model"
            api.post("model-versions/create", name="iris", source=source, **origin)
        server.delete_run(run_id)
        api.call("DELETE", f"logged-models/{model['model_id']}")
        for options in (["--dry-run"], []):
            said = server.gc(*options)
            assert f"run {run_id} is kept: its files are those of version 1" in said
            assert f"logged model {model['model_id']} is kept: its files are those of version 2" in said
        assert len(server.files(server.root(run_id))) == 2


@nothing_deleted
def test_a_run_that_is_not_long_enough_in_the_bin_is_refused(server: Server) -> None:
    run_id = server.new_run(server.api.new_experiment())
    server.delete_run(run_id)
    server.gc("--run-ids", run_id, "--older-than", "1d", expected=2)
    server.api.post("runs/restore", run_id=run_id)
    server.gc("--run-ids", run_id, expected=2)


def test_files_that_the_server_does_not_reach_stay(server: Server, tmp_path: Path) -> None:
    experiment = server.api.new_experiment(artifact_location="s3://team-bucket/x")
    run_id = server.api.new_run(experiment)
    server.delete_run(run_id)
    for options in (["--dry-run"], []):
        said = server.gc(*options)
        assert f"run {run_id}: files at s3://team-bucket/x/{run_id}/artifacts stay" in said
    assert server.count(ArtifactTombstone) == 0


KILLED = """
import os, signal, sys
from trackhelm_ingest.deletion import store
from trackhelm_artifact.objects.folder import FolderStore
module, name = sys.argv[1:3]
target = {"rows": store, "files": FolderStore}[module]
original = getattr(target, name)
calls = 0
def dies(*arguments, **named):
    global calls
    calls += 1
    if calls == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **named)
setattr(target, name, dies)
from trackhelm_cli.main import app
sys.argv = ["trackhelm-server", "gc", "--data", sys.argv[3]]
app()
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [("rows", "mark_purged"), ("rows", "delete_some_rows"), ("rows", "delete_run"), ("files", "deleting")],
)
def test_a_process_that_is_killed_leaves_work_that_the_next_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage) as api:
        server = Server(api, storage, waits=False)
        experiment = api.new_experiment()
        # 100 are marked at once.
        number = 120 if name == "mark_purged" else 20
        runs = [server.new_run(experiment, files=2 if index < 20 else 0) for index in range(number)]
        stays = server.new_run(experiment)
        for run_id in runs:
            server.delete_run(run_id)
        services = Path(__file__).parents[3] / "services"
        died = subprocess.run(
            [sys.executable, "-c", KILLED, module, name, str(storage.data)], cwd=services, check=False
        )
        assert died.returncode == -signal.SIGKILL
        left = api.post("runs/search", experiment_ids=[experiment], run_view_type="ALL", max_results=1000)
        # All of them are marked, or all but the second batch.
        assert len(left["runs"]) == (21 if name == "mark_purged" else 1)
        server.gc()
        assert set(server.files(experiment)) == {f"{server.root(stays)}/{name}.txt" for name in range(2)}
        assert server.counts() | {"logged_model": 0, "dataset": 0} == {
            "run": 1, "run_param": 1, "run_tag": 2, "series": 2, "metric_chunk": 2, "artifact_record": 2,
            "artifact_tombstone": 0, "logged_model": 0, "dataset": 0,
        }  # fmt: skip


def test_what_is_marked_is_found_by_nobody_while_its_rows_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_database_url: str
) -> None:
    monkeypatch.setattr("trackhelm_ingest.metrics.upkeep.delete_some", lambda _session: False)
    storage = StorageSettings(data=tmp_path, database_url=own_database_url)
    with api_of(storage) as api:
        server = Server(api, storage, waits=False)
        home, gone = api.new_experiment(), api.new_experiment()
        model_id = api.post("logged-models", experiment_id=home, name="m")["model"]["info"]["model_id"]
        run_id = server.new_run(gone)
        dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}
        api.post(
            "runs/log-inputs",
            run_id=run_id,
            datasets=[{"dataset": dataset}],
            models=[{"model_id": model_id}],
        )
        metric = {"key": "auc", "value": 1, "timestamp": 1, "model_id": model_id}
        api.post("runs/log-batch", run_id=run_id, metrics=[metric])
        assert api.get(f"logged-models/{model_id}")["model"]["data"]["metrics"]
        of_dataset = {"dataset_name": "d", "dataset_digest": "1"}
        assert _linked(api, model_id=model_id) == _linked(api, **of_dataset) == {run_id}
        api.post("experiments/delete", experiment_id=gone)
        with server.runtime.database.writing() as session:
            assert (
                deletion_logic.purge_runs(session, in_use(server), [run_id], audit_context_of(server)) == []
            )
            assert deletion_logic.purge_experiment(session, int(gone), audit_context_of(server)) is None

        assert server.count(Run) == 1
        api.refused("GET", "runs/get", "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id)
        for view in ("ALL", "DELETED_ONLY", "ACTIVE_ONLY"):
            found = api.post("runs/search", experiment_ids=[home, gone], run_view_type=view)
            assert found.get("runs", []) == []
        api.refused("POST", "runs/create", "RESOURCE_DOES_NOT_EXIST", 404, experiment_id=gone)
        assert "metrics" not in api.get(f"logged-models/{model_id}")["model"].get("data", {})
        assert _linked(api, model_id=model_id) == _linked(api, **of_dataset) == set()


def _linked(api: Api, **start: str) -> set[str]:
    """Return the runs of the graph of lineage from somewhere."""
    graph = api.get("/api/2.0/trackhelm/lineage/graph", **start)
    return {node["attributes"]["run_id"] for node in graph["nodes"] if node["type"] == "run"}


def test_a_store_that_is_away_is_tried_again(tmp_path: Path, s3_server: S3Server) -> None:
    artifacts = s3_server.settings(artifacts_timeout_seconds=1, artifacts_retries=0)
    away = artifacts.model_copy(update={"s3_endpoint": "http://127.0.0.1:1"})
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage, artifacts=artifacts) as api:
        server = Server(api, storage, waits=False)
        run_id = server.new_run(api.new_experiment())
        root = server.root(run_id)
        server.delete_run(run_id)
        with server.runtime.database.writing() as session:
            deletion_logic.purge_runs(session, in_use(server), [run_id], audit_context_of(server))
        unreachable = open_all(storage, artifacts=away)
        deleted = anyio.run(lambda: files_purging.purge_files(unreachable, seconds=60))
        unreachable.close()
        assert (deleted.is_away, deleted.tombstones) == (True, 0)
        assert server.count(ArtifactTombstone) == 1
        deleted = anyio.run(lambda: files_purging.purge_files(server.runtime, seconds=60))
        assert (deleted.is_away, deleted.tombstones, deleted.files) == (False, 1, 2)
        assert server.files(root) == {}


@pytest.mark.parametrize("over", ["folder", "s3"])
def test_the_embedded_server_finishes_what_a_killed_command_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, over: str
) -> None:
    monkeypatch.setattr("trackhelm_artifact.upkeep.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("trackhelm_ingest.metrics.upkeep.FINALIZE_EVERY_SECONDS", 0.05)
    s3: S3Server | None = request.getfixturevalue("s3_server") if over == "s3" else None
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage, artifacts=s3.settings() if s3 else None) as api:
        server = Server(api, storage, waits=True)
        experiment = api.new_experiment()
        run_id, stays = server.new_run(experiment), server.new_run(experiment)
        root = server.root(run_id)
        server.delete_run(run_id)
        with server.runtime.database.writing() as session:
            deletion_logic.purge_runs(session, in_use(server), [run_id], audit_context_of(server))
        # Marked, and then nobody: what the command does next is the server's to do.
        wait_until(lambda: server.count(ArtifactTombstone) == 0 and not server.purged(), seconds=180)
        assert server.files(root) == {}
        assert len(server.files(server.root(stays))) == 2
        assert server.count(Run) == 1


def test_a_turn_ends_in_the_middle_of_many_files_and_the_next_goes_on(
    tmp_path: Path, s3_server: S3Server
) -> None:
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage, artifacts=s3_server.settings()) as api:
        server = Server(api, storage, waits=False)
        run_id = server.new_run(api.new_experiment(), files=1)
        root = server.root(run_id)
        server.delete_run(run_id)
        with server.runtime.database.writing() as session:
            deletion_logic.purge_runs(session, in_use(server), [run_id], audit_context_of(server))
        first = anyio.run(lambda: files_purging.purge_files(server.runtime, seconds=-1))
        assert (first.is_more, first.tombstones) == (True, 0)
        second = anyio.run(lambda: files_purging.purge_files(server.runtime, seconds=60))
        assert (second.is_more, second.tombstones) == (False, 1)
        assert server.files(root) == {}


def in_use(server: Server) -> FilesInUse:
    """Return who uses files now, as a command that begins reads it."""
    return FilesInUse(stores_of(server.runtime).places, server.runtime.clock)


def audit_context_of(server: Server) -> Any:
    return AuditContext(Actor("ada", ActorKind.OPERATOR, "", "r"), server.runtime.clock())
