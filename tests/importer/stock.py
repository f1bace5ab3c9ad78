"""Stock MLflow of two generations: their servers, and scripts that run in their environments."""

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.fixtures.waiting import wait_until
from trackhelm_stack.program import free_ports

HERE = Path(__file__).parent
VARIABLES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONWARNINGS": "ignore",
    # Without it each start makes one of its own, and none can read the secrets of the one before.
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
}


@dataclass(frozen=True)
class Stock:
    """One generation of MLflow, by its interpreter."""

    name: str
    python: str

    def run(self, script: str, *arguments: str) -> str:
        """Run a script of this folder, and return what it prints."""
        done = subprocess.run(
            [self.python, str(HERE / script), *arguments],
            env={**os.environ, **VARIABLES},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def seed(self, uri: str, folder: str, history: int) -> Any:
        """Fill a server or a folder, with one history of so many points, and return what is then shown."""
        # MLflow 2 prints lines of its own before.
        return json.loads(self.run("seed.py", uri, folder, str(history)).splitlines()[-1])

    def dump(self, uri: str) -> dict[str, Any]:
        """Return what a server shows to this client."""
        content: dict[str, Any] = json.loads(self.run("dump.py", uri))
        return content

    @contextmanager
    def serving(self, store: str, folder: Path, *options: str) -> Iterator[str]:
        """Run this generation's server over a database, with files in a folder, and yield its address."""
        [port] = free_ports(1)
        address = f"http://127.0.0.1:{port}"
        command = [self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--backend-store-uri", store, "--artifacts-destination", str(folder), "--workers", "1"]
        command += options
        with (folder.parent / f"{folder.name}-server.log").open("wb") as log:
            # In a session of its own, because its workers are ended with it.
            process = subprocess.Popen(
                command,
                env={**os.environ, **VARIABLES},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                wait_until(lambda: _answers(address) or process.poll() is not None, seconds=180)
                assert process.poll() is None, Path(log.name).read_text(encoding="utf-8")
                yield address
            finally:
                _end(process)


def differences(theirs: Any, ours: Any, path: str = "") -> list[str]:
    """Return where two dumps differ, with both values."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = sorted({*theirs, *ours})
        return [line for key in keys for line in differences(theirs.get(key), ours.get(key), f"{path}/{key}")]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True))
        return [line for index, pair in pairs for line in differences(*pair, f"{path}[{index}]")]
    return [] if theirs == ours else [f"{path}: {theirs!r} there, {ours!r} here"]


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
            return


def _answers(address: str) -> bool:
    try:
        answer = urllib3.request("GET", f"{address}/health", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == 200
