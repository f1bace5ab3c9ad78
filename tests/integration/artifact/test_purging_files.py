"""A turn of deleting files ends in time, and what fails in it holds up nothing else."""

import errno
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner

from tests.fixtures.api import api_of
from tests.integration.artifact.test_gc_command import Server
from trackhelm_artifact.integrity.purging import Deleted, purge_files
from trackhelm_artifact.objects.folder import FolderStore
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import StoreUnavailableError
from trackhelm_cli.main import app
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.tables import ArtifactTombstone, Experiment

MANY = 250


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    storage = StorageSettings(data=tmp_path / "data")
    with api_of(storage) as api:
        yield Server(api, storage, waits=False)


class Time:
    """A clock that only passes while a store works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("trackhelm_artifact.integrity.purging.time.monotonic", lambda: self.now)


class Store:
    """Counts what is deleted, and fails for some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clock: Time | None = None) -> None:
        self.asked: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.fails_always: Exception | None = None
        self._clock = clock
        original = FolderStore.deleting

        async def deleting(store: FolderStore, key: ObjectKey) -> AsyncIterator[int]:
            self.asked.append(str(key))
            if self._clock is not None:
                self._clock.now += 1
            error = self.fails_always or self.failures.get(str(key))
            if error is not None:
                raise error
            async for files in original(store, key):
                if files:
                    yield files

        monkeypatch.setattr(FolderStore, "deleting", deleting)


def bury(server: Server, count: int) -> None:
    rows = [
        {
            "entity_type": "run",
            "entity_id": str(number),
            "artifact_uri": f"mlflow-artifacts:/0/{number}/artifacts",
            "deleted_time": 1,
        }
        for number in range(count)
    ]
    with server.runtime.database.writing() as session:
        session.execute(insert(ArtifactTombstone), rows)


def turn(server: Server, seconds: float) -> Deleted:
    return anyio.run(lambda: purge_files(server.runtime, seconds=seconds))


def test_a_turn_ends_though_no_tombstone_has_files(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(monkeypatch, Time(monkeypatch))
    bury(server, MANY)
    deleted = turn(server, 9.5)
    assert (deleted.is_more, deleted.tombstones) == (True, 10)
    assert server.count(ArtifactTombstone) == MANY - 10
    deleted = turn(server, float("inf"))
    assert (deleted.is_more, deleted.is_away, server.count(ArtifactTombstone)) == (False, False, 0)


def test_a_store_that_does_not_answer_is_asked_once_a_turn(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(monkeypatch)
    store.fails_always = StoreUnavailableError("it hangs")
    bury(server, MANY)
    deleted = turn(server, 60)
    assert (deleted.is_away, deleted.is_more, len(store.asked)) == (True, False, 1)
    store.fails_always = None
    assert turn(server, 60).tombstones == MANY


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.ESTALE])
def test_a_tombstone_that_fails_holds_up_no_other(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = Store(monkeypatch)
    store.failures["0/0/artifacts"] = OSError(number, "as it is")
    bury(server, MANY)
    deleted = turn(server, 60)
    assert (deleted.is_away, deleted.is_more, deleted.tombstones) == (True, False, MANY - 1)
    store.failures.clear()
    assert turn(server, 60).tombstones == 1


def test_one_that_a_store_never_deletes_does_not_come_first_each_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as what an object lock protects: to us the store does not answer."""
    store = Store(monkeypatch)
    store.failures["0/0/artifacts"] = StoreUnavailableError("it is locked")
    bury(server, 3)
    turns = 0
    while server.count(ArtifactTombstone) > 1:
        turns += 1
        assert turns < 200
        turn(server, 60)


def test_the_command_says_what_a_folder_refuses(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(monkeypatch)
    store.fails_always = OSError(errno.EACCES, "Permission denied")
    bury(server, 3)
    arguments = ["--data", str(server.storage.data)]
    result = CliRunner().invoke(app, ["gc", *arguments])
    assert result.exit_code == 1
    assert "some files could not be deleted" in result.stderr

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/data")

    monkeypatch.setattr("trackhelm_cli.gc.Collector.check", refuse)
    result = CliRunner().invoke(app, ["gc", *arguments])
    assert result.exit_code == 2
    assert "Permission denied: '/srv/data'" in result.stderr


def test_files_that_were_registered_since_are_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    store, api = Store(monkeypatch), server.api
    bury(server, 3)
    api.post("registered-models/create", name="iris")
    api.post("model-versions/create", name="iris", source="runs:/1/model", run_id="1")
    # Such locations are refused by now, and may be there from before.
    experiment = int(api.new_experiment())
    with server.runtime.database.writing() as session:
        below = "mlflow-artifacts:/0/2/artifacts/below"
        session.execute(update(Experiment).where(Experiment.id == experiment).values(artifact_location=below))
    assert turn(server, 60).tombstones == 3
    assert store.asked == ["0/0/artifacts"]
    assert server.count(ArtifactTombstone) == 0
