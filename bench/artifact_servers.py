"""The servers of the artifact benchmarks, each a process of its own on 127.0.0.1."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.backing_services import S3
from tests.fixtures.s3 import S3Server
from trackhelm_stack.program import free_ports

_START_SECONDS = 300
_STOP_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A running server; its memory is that of its process and all of its children."""

    url: str
    process: int

    def peak_mebibytes(self) -> int:
        """Return the sum of the peak memory of its processes."""
        return sum(_peak(process) for process in _family(self.process))

    def mebibytes(self) -> float:
        """Return the current memory of its processes; memory that they share is counted once."""
        return sum(_now(process) for process in _family(self.process))

    def busy_seconds(self) -> float:
        """Return the processor time that its processes have used."""
        return sum(_ticks(process) for process in _family(self.process)) / os.sysconf("SC_CLK_TCK")


def _now(process: int) -> float:
    with suppress(FileNotFoundError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0


def _ticks(process: int) -> int:
    with suppress(FileNotFoundError):
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, times))
    return 0


def _peak(process: int) -> int:
    with suppress(FileNotFoundError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def _family(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    return [process, *(member for child in children for member in _family(int(child)))]


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run SeaweedFS from its wheel."""
    with S3.from_wheel(folder) as url:
        yield S3Server.of(url)


@contextmanager
def trackhelm_server(folder: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run Trackhelm as one process."""
    (port,) = free_ports(1)
    program = [sys.executable, "-c", "from trackhelm_cli.main import program; program()", "embedded"]
    with _server([*program, "--port", str(port), "--data", str(folder)], folder, port, environment) as server:
        yield server


@contextmanager
def stock_server(python: Path, folder: Path) -> Iterator[Server]:
    """Run stock `mlflow server` over a folder, with one worker."""
    (port,) = free_ports(1)
    folder.mkdir()
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder)]
    command = [str(python), "-m", "mlflow", "server", *store, "--port", str(port), "--workers", "1"]
    with _server(command, folder, port, {}) as server:
        yield server


@contextmanager
def _server(
    command: Sequence[str], folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[Server]:
    url = f"http://127.0.0.1:{port}"
    with folder.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | environment, start_new_session=True
        )
    try:
        _wait_for(f"{url}/health", process)
        yield Server(url, process.pid)
    finally:
        # The server has a process group of its own, because stock MLflow starts workers.
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer; see the server's log")
        time.sleep(0.1)
