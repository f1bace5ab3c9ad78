"""A stack that the command started, for tests that end its programs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from tests.fixtures.waiting import wait_until

NAMES = {
    *(
        "postgres",
        "redis",
        "s3",
        "ingest",
        "query",
        "artifact",
        "registry",
        "identity",
        "worker",
        "webhooks",
        "beat",
        "gateway",
    ),
}

SERVICES = str(Path(__file__).parents[3] / "services")


def files_in(folder: Path) -> dict[str, str]:
    """Return the environment of a stack without an S3 server, which takes 15 s to stop."""
    return {"TRACKHELM_ARTIFACTS_URL": folder.as_uri()}


class RunningStack:
    """The command, with what it prints."""

    def __init__(self, data: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.kills: defaultdict[str, list[float]] = defaultdict(list)
        command = [sys.executable, "-m", "trackhelm_cli", "stack", "--port", "0", "--data", str(data)]
        self.process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": SERVICES} | (environment or {}),
        )
        self.log = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self.process.stdout is not None
        announced = self.process.stdout.readline()
        assert announced, self.log
        self.url = announced.rpartition(" ")[2].strip()
        has_files_elsewhere = environment is not None and "TRACKHELM_ARTIFACTS_URL" in environment
        names = NAMES - {"s3"} if has_files_elsewhere else NAMES
        self.pids = {name: self.process_of(name) for name in names}

    def process_of(self, name: str) -> int:
        pid: int = self._recorded(name)["pid"]
        return pid

    def address_of(self, name: str) -> str:
        address: str = self._recorded(name)["address"]
        return address

    def family_of(self, name: str) -> list[int]:
        """Return a program's process and those that it has forked, which it may outlive or not."""
        pid = self.process_of(name)
        return [pid, *children_of(pid)]

    def kill(self, name: str, *, whole: bool = True) -> None:
        """Kill a program and all that it has forked; or it alone, and those find that out by themselves."""
        self.kills[name].append(time.monotonic())
        for pid in self.family_of(name) if whole else [self.process_of(name)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def secret(self) -> str:
        return (self.data / "stack" / "secret").read_text()

    @property
    def database_url(self) -> str:
        return self.address_of("postgres").replace("trackhelm@", f"trackhelm:{self.secret}@")

    @property
    def redis_url(self) -> str:
        return self.address_of("redis").replace("redis://", f"redis://:{self.secret}@")

    @property
    def partitions(self) -> int:
        """In how many partitions the queue is."""
        return int((self.data / "redis" / "partitions").read_text())

    def connect(self, **options: Any) -> psycopg.Connection:
        """Connect to its database."""
        return psycopg.connect(self.database_url, **options)

    def post(self, path: str, **message: object) -> Any:
        """Call Trackhelm or MLflow's API through the gateway; it must succeed."""
        answer = httpx2.post(f"{self.url}/api/2.0/{path}", json=message, timeout=180)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_run(self) -> str:
        run: str = self.post("mlflow/runs/create", experiment_id="0")["run"]["info"]["run_id"]
        return run

    def end(self) -> str:
        """Wait for its end and return what it said."""
        self.process.wait(270)
        self._reader.join(90)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return self.log

    def _recorded(self, name: str) -> Any:
        return json.loads((self.data / "stack" / "processes.json").read_text())[name]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line


@contextmanager
def running_stack(
    data: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[RunningStack]:
    stack = RunningStack(data, *options, environment=environment)
    try:
        yield stack
    finally:
        # Its programs end with it. In order they take longer, the S3 server 15 s.
        stack.process.kill()
        stack.end()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in stack.pids.values()), seconds=90)


def children_of(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]
