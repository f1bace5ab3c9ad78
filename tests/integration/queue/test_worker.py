"""Real workers under an API that many clients write through: killed, brought back, read from meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Protocol

import pytest
from starlette.testclient import TestClient

from tests.fixtures.api import API, Api
from tests.fixtures.programs import kill_worker, worker
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from trackhelm_core.queue.names import drainer_of, partition_of, stream_of
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

WRITERS = 8
WRITES = 25


class StartWorker(Protocol):
    def __call__(self) -> AbstractContextManager[Popen[bytes]]: ...


@pytest.fixture
def storage(split: Split, tmp_path: Path) -> StorageSettings:
    url = split.runtime.database.engine.url.render_as_string(hide_password=False)
    return StorageSettings(data=tmp_path, database_url=url)


@pytest.fixture
def split_api(split: Split, storage: StorageSettings) -> Iterator[Api]:
    app = embedded_app(storage, split.redis.settings)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield Api(client)


@pytest.fixture
def start_worker(split: Split, storage: StorageSettings, tmp_path: Path) -> StartWorker:
    return lambda: worker(storage, split.redis.settings, tmp_path)


def log(api: Api, run: str, step: int) -> None:
    api.post("runs/log-metric", run_id=run, key="loss", value=step, timestamp=step, step=step)


def logged(api: Api, run: str) -> list[int]:
    found = api.get("metrics/get-history", run_id=run, metric_key="loss").get("metrics", [])
    return sorted(point["step"] for point in found)


def test_each_writer_reads_what_it_wrote_while_others_write(
    split: Split, split_api: Api, start_worker: StartWorker
) -> None:
    run = split_api.new_run()

    def write(writer: int) -> None:
        for number in range(WRITES):
            step = writer * WRITES + number
            log(split_api, run, step)
            assert step in logged(split_api, run)
        data = split_api.get("runs/get", run_id=run)["run"]["data"]
        assert data["metrics"][0]["step"] >= step
        (found,) = split_api.post("runs/search", experiment_ids=[experiment])["runs"]
        assert found["data"]["metrics"][0]["step"] >= step

    experiment = split_api.get("runs/get", run_id=run)["run"]["info"]["experiment_id"]
    with start_worker(), ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(WRITERS)))
    assert split.count(run) == WRITERS * WRITES


def test_a_killed_worker_loses_and_repeats_nothing(
    split: Split, split_api: Api, start_worker: StartWorker
) -> None:
    runs = [split_api.new_run() for _ in range(4)]
    stop = Event()

    def write(writer: int) -> list[int]:
        """Write until told to stop, and return what was acknowledged; what is refused is sent again."""
        acknowledged = []
        message = {"run_id": runs[writer % 4], "key": "loss", "value": 0, "timestamp": 0}
        for step in count(writer * 1_000_000):
            while not stop.is_set():
                answer = split_api.client.post(f"{API}/runs/log-metric", json={**message, "step": step})
                if answer.status_code == 200:
                    acknowledged.append(step)
                    break
                assert answer.status_code == 429, answer.text
                stop.wait(0.05)
            if stop.is_set():
                break
        return acknowledged

    def stored() -> int:
        return sum(split.count(run) for run in runs)

    with ThreadPoolExecutor(WRITERS) as writers:
        writing = [writers.submit(write, writer) for writer in range(WRITERS)]
        try:
            for _ in range(2):
                before = stored()
                with start_worker() as killed:
                    wait_until(lambda before=before: stored() > before + 100)  # type: ignore[misc]
                    kill_worker(killed)
        finally:
            stop.set()
        acknowledged = [done.result() for done in writing]
    with start_worker():
        # By beat, at the latest, when the marks of the killed one have expired.
        wait_until(lambda: not any(split.redis.client.xlen(stream_of(p)) for p in (0, 1)))
        wait_until(lambda: stored() == sum(map(len, acknowledged)))
    for number, run in enumerate(runs):
        assert split.steps(run) == acknowledged[number] + acknowledged[number + 4]


def test_beat_brings_a_worker_to_a_partition_that_nobody_was_called_to(
    split: Split, split_api: Api, start_worker: StartWorker
) -> None:
    run = split_api.new_run()
    partition = partition_of(run, 2)
    split.redis.client.set(drainer_of(partition), "called", ex=2)
    log(split_api, run, 1)
    with start_worker():
        wait_until(lambda: split.steps(run) == [1])
