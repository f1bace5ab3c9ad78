"""The commands that delete and check, while metrics wait in the journal and no more are taken."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from typer.testing import CliRunner

from tests.fixtures.api import Api, api_of
from tests.fixtures.objects import body, key, walked
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_cli.main import app
from trackhelm_core.runtime import Runtime  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_core.settings import StorageSettings
from trackhelm_domain import journal_backlog
from trackhelm_ingest.metrics.drain.journal import JournalDrain
from trackhelm_ingest.metrics.journal_store import JournalCounts, count_entries

pytestmark = pytest.mark.over("sqlite")

FILES = "/api/2.0/mlflow-artifacts/artifacts"
REQUESTS = 30


class Server:
    """A server whose drain stands still until `go_on`, and the commands beside it."""

    def __init__(self, api: Api, data: Path, may_store: threading.Event, most: pytest.MonkeyPatch) -> None:
        self.api = api
        self.data = data
        self._may_store = may_store
        self._most = most
        self._late: list[threading.Thread] = []
        application: Any = api.client.app
        self.runtime: Runtime = application.state.runtime
        self.experiment = api.new_experiment()
        self.roots: dict[str, str] = {}

    def new_run(self) -> str:
        """Create a run with a file, and with metrics of which none is stored."""
        run = self.api.new_run(self.experiment)
        uri = self.api.get("runs/get", run_id=run)["run"]["info"]["artifact_uri"]
        self.roots[run] = uri.partition(":/")[2]
        self.put(f"{self.roots[run]}/file")
        for step in range(REQUESTS):
            self.log(run, step)
        return run

    def put(self, path: str) -> None:
        assert self.api.client.put(f"{FILES}/{path}", content=b"data").status_code == 200

    def log(self, run: str, step: int) -> None:
        metric = {"key": "loss", "value": step, "timestamp": step, "step": step}
        self.api.post("runs/log-batch", run_id=run, metrics=[metric])

    def fill(self, run: str) -> None:
        """Take no more metrics, after one more request of a run, and have another of it wait for room."""
        # Room for one more, wherever the writer is: it may not have looked for room since the last request.
        self._most.setattr(journal_backlog, "MOST_BYTES", self.counts().waiting_bytes + 1)
        self.log(run, REQUESTS)
        late = threading.Thread(target=self.log, args=(run, REQUESTS + 1))
        late.start()
        self._late.append(late)

    def go_on(self) -> None:
        self._may_store.set()
        for late in self._late:
            late.join(180)
            assert not late.is_alive()

    def counts(self) -> JournalCounts:
        with self.runtime.database.reading() as session:
            return count_entries(session)

    def command(self, *arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--data", str(self.data)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    def steps(self, run: str) -> list[int]:
        history = self.api.get("metrics/get-history", run_id=run, metric_key="loss")
        return [point["step"] for point in history["metrics"]]

    def files(self, run: str) -> list[str]:
        return list(anyio.run(walked, stores_of(self.runtime).objects, self.roots[run]))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("TRACKHELM_REDIS_URL", raising=False)
    may_store = threading.Event()

    store_some = JournalDrain._store_some

    def store_later(drain: JournalDrain) -> bool:
        # Before the drain has the database's one writer, for which requests would wait in vain.
        assert may_store.wait(300)
        return store_some(drain)

    monkeypatch.setattr(JournalDrain, "_store_some", store_later)
    with api_of(StorageSettings(data=tmp_path)) as api:
        try:
            yield Server(api, tmp_path, may_store, monkeypatch)
        finally:
            may_store.set()


def test_gc_deletes_what_is_named_and_metrics_of_all_others_are_stored(server: Server) -> None:
    kept, binned, doomed = (server.new_run() for _ in range(3))
    server.api.post("runs/delete", run_id=binned)
    server.api.post("runs/delete", run_id=doomed)
    server.fill(kept)
    waiting = server.counts()
    assert (waiting.waiting, waiting.dead) == (3 * REQUESTS + 1, 0)

    assert "would delete 2 runs" in server.command("gc", "--dry-run")
    assert "deleted 0 runs" in server.command("gc", "--older-than", "1d")
    assert "deleted 1 runs" in server.command("gc", "--run-ids", doomed)
    assert server.counts() == waiting, "the command neither stores nor drops what waits"

    server.go_on()
    assert server.steps(kept) == list(range(REQUESTS + 2))
    server.api.post("runs/restore", run_id=binned)
    assert server.steps(binned) == list(range(REQUESTS))
    # Metrics of a run that is deleted for good have no place: they are kept for the operator.
    assert server.counts() == (0, 0, REQUESTS)
    letters = server.command("dead-letter", "list").splitlines()
    assert {line.partition("  ")[2] for line in letters} == {f"there is no run {doomed}"}
    assert (len(server.files(kept)), len(server.files(binned)), server.files(doomed)) == (1, 1, [])


def test_files_are_verified(server: Server) -> None:
    run = server.new_run()
    server.fill(run)
    waiting = server.counts()
    assert "1 files, 4 bytes: 0 findings" in server.command("artifacts", "verify", "--run", run)
    assert server.counts() == waiting
    server.go_on()
    assert server.steps(run) == list(range(REQUESTS + 2))


def test_reconciling_deletes_files_without_an_owner_and_no_others(server: Server) -> None:
    run = server.new_run()
    orphan = key(f"{server.experiment}/{'e' * 32}/artifacts/orphan")
    anyio.run(stores_of(server.runtime).objects.put, orphan, body(b"data"))
    server.fill(run)
    waiting = server.counts()
    told = server.command("artifacts", "reconcile", "--older-than", "0s", "--delete")
    assert "orphan" in told
    assert server.roots[run] not in told
    assert server.counts() == waiting
    server.go_on()
    assert server.steps(run) == list(range(REQUESTS + 2))
    assert len(server.files(run)) == 1
