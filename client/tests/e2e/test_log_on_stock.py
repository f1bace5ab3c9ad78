"""The log against the server of MLflow: nobody is locked in, and runs that were offline get there once."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import ServerProcess
from trackhelm.log import sync
from trackhelm.log.runlog import RunLog
from trackhelm.rest.transport import Transport

STOCK_PYTHON = os.environ.get("STOCK_PYTHON", "")
pytestmark = pytest.mark.skipif(not STOCK_PYTHON, reason="STOCK_PYTHON names no Python with MLflow")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("stock") / "data", stock=True)
    process.start()
    yield process
    process.stop()


def history(transport: Transport, run: str, key: str) -> list[tuple[int, Any]]:
    query = {"run_id": run, "metric_key": key, "max_results": 25_000}
    points = transport.get("metrics/get-history", query).get("metrics", [])
    return sorted((int(point["step"]), point["value"]) for point in points)


def test_what_is_logged_arrives_by_log_batch(
    stock: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKHELM_RANK", "3")
    transport = Transport(stock.url)
    made = transport.post("runs/create", {"experiment_id": "0", "start_time": 1})
    run = str(made["run"]["info"]["run_id"])
    log = RunLog(stock.url, tmp_path / "spool")
    for step in range(1_500):
        log.metrics(run, {"loss": step / 2, "acc": float(step)}, step, 1_000 + step)
    log.params(run, {f"param-{number}": "x" for number in range(150)})
    log.params(run, {"lr": "0.1"})
    log.tags(run, {"team": "vision"})
    log.end_run(run, "FINISHED", 5_678)
    log.flush(timeout=300)
    log.close()
    assert history(transport, run, "loss") == [(step, step / 2) for step in range(1_500)]
    found = transport.get("runs/get", {"run_id": run})["run"]
    assert len(found["data"]["params"]) == 151
    assert {"key": "team", "value": "vision"} in found["data"]["tags"]
    assert (found["info"]["status"], int(found["info"]["end_time"])) == ("FINISHED", 5_678)
    assert log.rejected(run) == []


def test_a_run_that_was_offline_gets_another_id_and_is_there_once(
    stock: ServerProcess, tmp_path: Path
) -> None:
    transport, run, name = Transport(stock.url), uuid.uuid4().hex, f"offline {uuid.uuid4().hex}"
    log = RunLog(None, tmp_path / "spool")

    def create() -> None:
        log.create_run(run, start_time_ms=1_234, experiment_name=name, run_name="at home", tags={"a": "b"})

    create()
    log.metrics(run, {"loss": 0.5}, 0, 0)
    assert sync.sync(log.folder, stock.url).rejected == 0
    # As if the sync had been killed before it noted which id the server had given.
    (log.folder.path / "run-ids.json").unlink()
    create()
    log.metrics(run, {"loss": 0.25}, 1, 0)
    log.end_run(run, "FAILED", 5_678)
    log.close()
    assert sync.sync(log.folder, stock.url).rejected == 0
    experiment = transport.get("experiments/get-by-name", {"experiment_name": name})["experiment"]
    runs = transport.post("runs/search", {"experiment_ids": [experiment["experiment_id"]]})["runs"]
    [found] = runs
    assert (found["info"]["run_name"], found["info"]["status"]) == ("at home", "FAILED")
    tags = {tag["key"]: tag["value"] for tag in found["data"]["tags"]}
    assert (tags["a"], tags["trackhelm.runId"]) == ("b", run)
    assert history(transport, found["info"]["run_id"], "loss") == [(0, 0.5), (1, 0.25)]
