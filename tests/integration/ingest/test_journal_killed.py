"""A server that is killed under its writers, again and again, keeps what it acknowledged, once."""

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.programs import ROOT
from tests.fixtures.waiting import wait_until
from tests.integration.stack.writers import Journal, assert_kept_exactly_once, history, writing
from trackhelm_stack.program import free_ports

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

KILLS = 3


class Server:
    """The embedded server at one address, however often it is started."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "trackhelm.db"
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        start = "from trackhelm_cli.main import program; program()"
        options = ("--port", str(port), "--data", str(folder))
        self._command = [sys.executable, "-c", start, "embedded", *options]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, cwd=ROOT / "services")
        self._process = process
        assert process.stdout is not None
        assert process.stdout.readline(), "it ended before it announced itself"

    def end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.communicate(timeout=60)
            self._process = None


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)


def new_runs(url: str, number: int) -> list[str]:
    with httpx2.Client(base_url=f"{url}/api/2.0/mlflow", timeout=60) as client:
        answers = [client.post("/runs/create", json={"experiment_id": "0"}).json() for _ in range(number)]
    return [answer["run"]["info"]["run_id"] for answer in answers]


def count_exactly(server: Server, journal: Journal) -> None:
    """End the runs: when they are compacted, what was sent twice counts once. Nothing waits then."""
    runs = sorted({point.run for point in journal.sent})
    keys = sorted({point.key for point in journal.sent})
    stored = {run: sum(len(history(server.url, run, key)) for key in keys) for run in runs}
    for run in runs:
        ended = {"run_id": run, "status": "FINISHED"}
        httpx2.post(f"{server.url}/api/2.0/mlflow/runs/update", json=ended, timeout=60).raise_for_status()

    def counted() -> dict[str, int]:
        # The series without labels sums up those with.
        query = (
            "SELECT run.uuid, sum(series.count) FROM series JOIN run ON run.id = series.run_id"
            " WHERE label_set_id = 0 GROUP BY 1"
        )
        with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as file:
            return dict(file.execute(query).fetchall())

    wait_until(lambda: counted() == stored, seconds=60)
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as file:
        assert file.execute("SELECT count(*) FROM metric_journal").fetchone() == (0,)


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_lose_nothing_that_was_acknowledged_and_double_nothing(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    with running(tmp_path) as server:
        runs = new_runs(server.url, 3)
        with writing(server.url, runs, writers=4) as journal:
            for _ in range(KILLS):
                journal.wait_for_more(moments.randint(20, 200), seconds=120)
                server.end(signal.SIGKILL)
                server.start()
            journal.wait_for_more(50, seconds=120)
        assert_kept_exactly_once(server.url, journal)
        count_exactly(server, journal)


def test_a_server_that_is_told_to_stop_leaves_nothing_in_the_journal(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        runs = new_runs(server.url, 1)
        with writing(server.url, runs, writers=4) as journal:
            journal.wait_for_more(300, seconds=120)
            server.end(signal.SIGTERM)
            with closing(sqlite3.connect(server.database)) as file:
                assert file.execute("SELECT count(*) FROM metric_journal").fetchone() == (0,)
            server.start()
            journal.wait_for_more(50, seconds=120)
        assert_kept_exactly_once(server.url, journal)
