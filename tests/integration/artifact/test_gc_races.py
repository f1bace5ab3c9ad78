"""Deleting for good while others restore and register, on PostgreSQL: transactions wait for one another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.fixtures.api import api_of
from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.waiting import wait_until
from tests.integration.artifact.test_gc_command import Server, audit_context_of, in_use
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_domain.tables import (
    ArtifactTombstone,
    Dataset,
    LoggedModel,
    MetricChunk,
    ModelVersion,
    Run,
    Series,
)
from trackhelm_ingest.deletion import store as deletion_store
from trackhelm_ingest.deletion.logic import delete_some, purge_experiment, purge_runs
from trackhelm_ingest.experiments.logic import restore_experiment
from trackhelm_registry.model_versions.logic import NewVersion, create_version
from trackhelm_registry.registered_models.purging import purge_models

SOURCES = ("runs:/{run}/model", "{uri}/model", "models:/copied/1")


@pytest.fixture
def server(tmp_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Yield a server that deletes no rows by itself."""
    monkeypatch.setattr("trackhelm_ingest.metrics.upkeep.delete_some", lambda _session: False)
    storage = StorageSettings(data=tmp_path, database_url=migrated_postgres_database(postgres_server))
    with api_of(storage) as api:
        yield Server(api, storage, waits=False)


def waiting(server: Server) -> int:
    """Return how many sessions wait for a lock."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with server.runtime.database.reading_once() as session:
        return int(session.execute(text(statement)).scalar_one())


def new_version(source: str, run: str) -> NewVersion:
    return NewVersion("iris", source, run, None, "", "", {})


def binned_run(server: Server) -> tuple[str, str]:
    """Return a run in the bin whose files are in a bucket, and where they are."""
    api = server.api
    experiment = api.new_experiment(artifact_location="s3://team-bucket/x")
    run = api.new_run(experiment)
    uri: str = api.get("runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    api.post("registered-models/create", name="iris")
    api.post("registered-models/create", name="copied")
    api.post("model-versions/create", name="copied", source=f"{uri}/model", run_id=run)
    server.delete_run(run)
    return run, uri


def test_a_restoration_that_is_under_way_is_waited_for(server: Server) -> None:
    experiment = server.api.new_experiment()
    model = server.api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]["model_id"]
    run = server.api.new_run(experiment)
    server.api.post("experiments/delete", experiment_id=experiment)
    database = server.runtime.database
    gone, context = int(experiment), audit_context_of(server)

    def purge() -> list[str]:
        with database.writing() as session:
            kept = purge_runs(session, in_use(server), [run], context, experiment_id=gone)
            models = purge_models(session, in_use(server), [model], context, experiment_id=gone)
        return [each.id for each in kept] + list(models)

    with ThreadPoolExecutor(1) as threads:
        with database.writing() as session:
            restore_experiment(session, experiment, audit_context_of(server))
            purging = threads.submit(purge)
            wait_until(lambda: waiting(server) == 1)
        assert purging.result() == [run, model]
    assert (server.count(LoggedModel), server.count(ArtifactTombstone)) == (1, 0)


@pytest.mark.parametrize("source", SOURCES)
def test_a_registration_that_is_under_way_keeps_its_run(server: Server, source: str) -> None:
    run, uri = binned_run(server)
    database = server.runtime.database

    def purge() -> list[str]:
        with database.writing() as session:
            return [kept.id for kept in purge_runs(session, in_use(server), [run], audit_context_of(server))]

    with ThreadPoolExecutor(1) as threads:
        with database.writing() as session:
            create_version(
                session,
                server.runtime.part(Places),
                new_version(source.format(run=run, uri=uri), run),
                audit_context_of(server),
            )
            server.api.call("DELETE", "registered-models/delete", name="copied")
            purging = threads.submit(purge)
            wait_until(lambda: waiting(server) == 1)
        assert purging.result() == [run]
    assert server.count(ArtifactTombstone) == 0


@pytest.mark.parametrize("source", SOURCES[:2])
def test_a_registration_that_waits_for_a_deletion_keeps_the_files(server: Server, source: str) -> None:
    run, uri = binned_run(server)
    server.api.call("DELETE", "registered-models/delete", name="copied")
    message = {"name": "iris", "source": source.format(run=run, uri=uri), "run_id": run}
    with ThreadPoolExecutor(1) as threads:
        with server.runtime.database.writing() as session:
            assert purge_runs(session, in_use(server), [run], audit_context_of(server)) == []
            registering = threads.submit(server.api.post, "model-versions/create", **message)
            wait_until(lambda: waiting(server) == 1)
        version = registering.result()["model_version"]
    assert (version["source"], version["run_id"]) == (message["source"], run)
    assert server.count(ModelVersion) == 1


def test_two_who_delete_rows_do_not_wait_for_one_another_nor_delete_more(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_store, "ROWS_AT_ONCE", 1)
    database = server.runtime.database
    runs = [server.new_run(server.api.new_experiment(), files=0) for _ in range(2)]
    for run in runs:
        server.delete_run(run)
    with database.writing() as session:
        assert purge_runs(session, in_use(server), runs, audit_context_of(server)) == []
    chunks = server.count(MetricChunk)
    with database.writing() as first, database.writing() as second:
        first.execute(text("SET LOCAL lock_timeout = '1s'"))
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert delete_some(first)
        assert delete_some(second), "it takes another run"
        with database.writing() as third:
            assert not delete_some(third), "there is no run that nobody deletes"
    assert server.count(MetricChunk) == chunks - 2
    with database.writing() as first, database.writing() as second:
        # The last row of a run's chunks, and then nobody may take the series with what hangs on them.
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert delete_some(first)
        assert delete_some(second)
    assert server.count(MetricChunk) == chunks - 4
    assert server.count(Series) == 4


def test_two_who_delete_datasets_leave_the_experiment_to_the_last(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_store, "ROWS_AT_ONCE", 1)
    database, api = server.runtime.database, server.api
    experiment = api.new_experiment()
    run = api.new_run(experiment)
    datasets = [
        {"dataset": {"name": "d", "digest": str(number), "source_type": "local", "source": "{}"}}
        for number in range(2)
    ]
    api.post("runs/log-inputs", run_id=run, datasets=datasets)
    api.post("experiments/delete", experiment_id=experiment)
    with database.writing() as session:
        assert purge_runs(session, in_use(server), [run], audit_context_of(server)) == []
        assert purge_experiment(session, int(experiment), audit_context_of(server)) is None
    while server.count(Run):
        with database.writing() as session:
            assert delete_some(session)
    with database.writing() as first, database.writing() as second:
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert delete_some(first)
        assert not delete_some(second)
    assert server.count(Dataset) == 1
