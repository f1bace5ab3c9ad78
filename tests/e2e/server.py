"""The server under test: a program that the tests start, stop, kill and start again.

`SERVER_UNDER_TEST` names the command (default: `trackhelm-server` on the PATH) and `SERVER_SHAPE` its shape:
`embedded` (default) or `stack`. `E2E_AGAINST_STOCK=1` starts MLflow's own server instead, which tells whether
a test asks for what MLflow does or only for what its author believed. `STOCK_PYTHON` names the Python with
MLflow (default: this one).
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.e2e.polling import wait_until

STOCK = os.environ.get("E2E_AGAINST_STOCK") == "1"
SHAPE = os.environ.get("SERVER_SHAPE", "embedded")
# A stack is thirteen processes, which start together on machines that may have two processors.
START_SECONDS = 180 if SHAPE == "embedded" else 450
# MLflow's own server imports for a minute where its environment holds no compiled modules.
STOCK_START_SECONDS = 450
STOP_SECONDS = 60 if SHAPE == "embedded" else 180
LOG_TAIL_CHARACTERS = 8_000


def trackhelm_only(reason: str) -> pytest.MarkDecorator:
    """Mark what Trackhelm promises and MLflow's own server does not."""
    return pytest.mark.skipif(STOCK, reason=f"not in MLflow's own server: {reason}")


class ServerProcess:
    """One server with a port and a data folder that it keeps over restarts."""

    def __init__(
        self, data: Path, environment: Mapping[str, str] | None = None, *, stock: bool = STOCK
    ) -> None:
        self._stock = stock
        self._environment = dict(environment or {})
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self.log_file = data.with_suffix(".log")
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}{self._environment.get('TRACKHELM_PATH_PREFIX', '')}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program and return once it says that it is ready."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                _stock_command(self.data, self.port) if self._stock else _command(self.data, self.port),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data,
                # Tests of approvals give names that nobody checks.
                env=os.environ | {"TRACKHELM_UNCHECKED_APPROVALS": "true"} | self._environment,
                start_new_session=True,  # its own process group: a signal reaches it and its children only
            )
        try:
            seconds = STOCK_START_SECONDS if self._stock else START_SECONDS
            wait_until(self._is_ready, seconds=seconds, what=f"{self.url} ready")
        except (TimeoutError, RuntimeError) as error:
            self.kill()
            raise RuntimeError(f"{error}\n{self.log_tail()}") from error

    def kill(self) -> None:
        """End it as a crash would: nothing of it answers after this line."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again, after `kill` or `stop`, on the same data and port."""
        self.start()

    def log_tail(self) -> str:
        """What the server last printed."""
        return self.log_file.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, how)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
            raise
        wait_until(lambda: not self._is_listening(), seconds=60, what=f"port {self.port} free")

    def _is_ready(self) -> bool:
        if not self.running:
            raise RuntimeError("the server ended before it was ready")
        try:
            return (
                httpx.get(self.url + ("/health" if self._stock else "/ready"), timeout=5).status_code
                == httpx.codes.OK
            )
        except httpx.TransportError:
            return False

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _command(data: Path, port: int) -> list[str]:
    program = shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server"))
    return [*program, SHAPE, "--host", "127.0.0.1", "--port", str(port), "--data", str(data)]


def _stock_command(data: Path, port: int) -> list[str]:
    store = [
        "--backend-store-uri",
        f"sqlite:///{data}/mlflow.db",
        "--artifacts-destination",
        str(data / "artifacts"),
    ]
    address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return [os.environ.get("STOCK_PYTHON", sys.executable), "-m", "mlflow", "server", *store, *address]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
