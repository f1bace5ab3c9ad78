"""What a worker and beat say of their tasks on a port of their own, whatever becomes of their processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.fixtures.programs import ROOT, variables_of
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import put
from tests.integration.stack.running import children_of
from trackhelm_core.http.app import build_app
from trackhelm_core.queue.broker import waiting_of
from trackhelm_core.queue.tasks import TaskQueue, TaskRef
from trackhelm_core.settings import StorageSettings
from trackhelm_ingest.service import SERVICE as INGEST
from trackhelm_ingest.tasks import DRAIN

SECONDS = 'trackhelm_task_seconds_{}{{queue="metrics",task="trackhelm.ingest.drain"}}'
FAILED = 'trackhelm_task_failures_total{{queue="metrics",reason="{}",task="trackhelm.ingest.drain"}}'
RUNNING = 'trackhelm_tasks_running{queue="metrics",task="trackhelm.ingest.drain"}'

# The state of a socket in the table of the system.
LISTENS = "0A"


class Observed:
    """A process with a port of its own for metrics."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def status(self, path: str) -> int:
        return httpx2.get(f"{self.url}{path}", timeout=60).status_code

    def numbers(self) -> dict[str, float]:
        text = httpx2.get(f"{self.url}/metrics", timeout=60).text
        return {
            name: float(value) for name, value in re.findall(r"^(trackhelm_\S+) (\S+)$", text, re.MULTILINE)
        }

    def number(self, name: str) -> float:
        return self.numbers()[name]


@contextmanager
def observed(split: Split, storage: StorageSettings, *command: str) -> Iterator[Observed]:
    """Run a command of the command line with a free port for its metrics, and wait until it is ready."""
    start = "from trackhelm_cli.main import program; program()"
    with subprocess.Popen(
        [sys.executable, "-c", start, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT / "services",
        env=os.environ | variables_of(storage, split.redis.settings) | {"TRACKHELM_METRICS_PORT": "0"},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            found = Observed(process, process.stdout.readline().rpartition(" ")[2].strip())
            assert found.status("/health") == 200
            wait_until(lambda: found.status("/ready") == 200, seconds=180)
            yield found
            process.terminate()
            process.wait(90)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def storage(split: Split) -> StorageSettings:
    return StorageSettings(
        database_url=split.runtime.database.engine.url.render_as_string(hide_password=False)
    )


@pytest.mark.parametrize("pool", [("--concurrency", "2"), ("--threads", "2")], ids=["processes", "threads"])
def test_a_worker_counts_what_ends_and_what_fails(
    split: Split, storage: StorageSettings, pool: tuple[str, str]
) -> None:
    run = split.new_run()
    with observed(split, storage, "worker", "--queue", "metrics", *pool) as worker:
        assert worker.number(FAILED.format("raised")) == 0
        partition = put(split, run, 1)
        split.redis.send(DRAIN, partition)
        wait_until(lambda: worker.number(SECONDS.format("count")) == 1)
        assert split.steps(run) == [1]
        # It lingers with the partition before it ends.
        assert 1 < worker.number(SECONDS.format("sum")) < 60
        split.redis.send(DRAIN, "no partition")
        wait_until(lambda: worker.number(SECONDS.format("count")) == 2)
        after = worker.numbers()
        assert worker.status("/other") == 404
    assert after[FAILED.format("raised")] == 1
    assert after[FAILED.format("lost")] == 0
    assert after[RUNNING] == 0
    assert not any("purge" in name for name in after), "tasks of other queues are other workers'"


def test_a_task_whose_process_is_killed_is_counted_and_the_port_is_the_workers_alone(
    split: Split, storage: StorageSettings
) -> None:
    run = split.new_run()
    with observed(split, storage, "worker", "--queue", "metrics", "--concurrency", "1") as worker:
        split.redis.send(DRAIN, put(split, run, 1))
        wait_until(lambda: worker.number(RUNNING) == 1)
        wait_until(lambda: split.steps(run) == [1])
        (child,) = children_of(worker.process.pid)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: worker.number(FAILED.format("lost")) == 1)
        # It is run again, by another process.
        wait_until(lambda: worker.number(SECONDS.format("count")) == 2)
        wait_until(lambda: worker.number(RUNNING) == 0)
        (child,) = children_of(worker.process.pid)
        # Each line of the table has the address and port in its second column, and the inode in its tenth.
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        port = f":{int(worker.url.rpartition(':')[2]):04X}"
        socket = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(port) and row[3] == LISTENS}
        assert len(socket) == 1
        assert socket <= open_files(worker.process.pid)
        assert not socket & open_files(child)


def open_files(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(file.readlink()))
    return found


def test_beat_counts_what_it_sends(split: Split, storage: StorageSettings) -> None:
    sweep = 'trackhelm_tasks_sent_total{queue="metrics",task="trackhelm.ingest.sweep"}'
    with observed(split, storage, "beat") as beat:
        wait_until(lambda: beat.numbers().get(sweep, 0) >= 1)


def test_a_worker_whose_port_is_taken_says_so(split: Split, storage: StorageSettings) -> None:
    with observed(split, storage, "beat") as beat:
        port = beat.url.rpartition(":")[2]
        start = "from trackhelm_cli.main import program; program()"
        ended = subprocess.run(
            [sys.executable, "-c", start, "worker"],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT / "services",
            env=os.environ | variables_of(storage, split.redis.settings) | {"TRACKHELM_METRICS_PORT": port},
        )
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ended.stderr


def test_ingest_tells_the_length_and_the_age_of_each_queue(split: Split) -> None:
    task = TaskRef("trackhelm.ingest.finalize", TaskQueue.UPKEEP)
    before = time.time()
    split.redis.send(task)
    split.redis.send(task)
    with TestClient(build_app([INGEST], split.runtime)) as client:
        text = client.get("/metrics").text
        numbers = dict(re.findall(r"^(trackhelm_task_queue\S+) (\S+)$", text, re.MULTILINE))
    assert numbers['trackhelm_task_queue_waiting{queue="upkeep"}'] == "2.0"
    assert numbers['trackhelm_task_queue_waiting{queue="metrics"}'] == "0.0"
    assert 0 < float(numbers['trackhelm_task_queue_oldest_seconds{queue="upkeep"}']) <= time.time() - before
    assert numbers['trackhelm_task_queue_oldest_seconds{queue="metrics"}'] == "0.0"
    assert numbers["trackhelm_task_queue_unacknowledged"] == "0.0"
    oldest = split.redis.client.lindex(waiting_of(TaskQueue.UPKEEP), -1)
    assert isinstance(oldest, bytes)
    assert before <= json.loads(oldest)["properties"]["timestamp"] <= time.time()
