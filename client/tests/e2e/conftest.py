"""A running server that the tests share, and the two Pythons: ours, and that of the stock client.

`SERVER_UNDER_TEST` and `SERVER_SHAPE` say which server (tests/e2e/server.py), `STOCK_PYTHON` which Python has
MLflow.
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import trackhelm
from tests.e2e.polling import wait_until
from tests.e2e.server import ServerProcess

SOURCE = Path(__file__).parents[2] / "src"
STOCK_PYTHON = os.environ.get("STOCK_PYTHON", "")
needs_stock = pytest.mark.skipif(not STOCK_PYTHON, reason="STOCK_PYTHON names no Python with MLflow")

# `own_settings` removes what the environment of the session has, which the server was started with.
_PASSED_ON = {
    name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "TRACKHELM_"))
}


def run_python(
    python: str,
    *arguments: str | Path,
    cwd: Path,
    check: bool = True,
    is_ours: bool | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with the client's source on the path if it is ours.

    It is ours if it is run by this Python, unless `is_ours` says otherwise.
    """
    environment = {
        **_PASSED_ON,
        "HOME": os.environ["HOME"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "MPLBACKEND": "Agg",
        **(variables or {}),
    }
    if python == sys.executable if is_ours is None else is_ours:
        environment["PYTHONPATH"] = str(SOURCE)
    else:
        environment.pop("PYTHONPATH", None)
    ended = subprocess.run(
        [python, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert not check or ended.returncode == 0, ended.stdout + ended.stderr
    return ended


@pytest.fixture
def ended_servers(tmp_path: Path) -> Iterator[None]:
    """End the embedded servers of folders that a test leaves behind."""
    yield
    for told in tmp_path.rglob("server.json"):
        os.kill(int(json.loads(told.read_text())["pid"]), signal.SIGTERM)
        wait_until(lambda told=told: not told.exists(), seconds=120, what="the server's end")  # type: ignore[misc]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def tracking(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the client at the server, and return its address."""
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    trackhelm.set_tracking_uri(server.url)
    return server.url


@pytest.fixture
def client(tracking: str) -> trackhelm.MlflowClient:
    return trackhelm.MlflowClient()


@pytest.fixture
def experiment(tracking: str, request: pytest.FixtureRequest) -> str:
    """The id of a new experiment, which is the active one."""
    name = f"{request.node.originalname}-{uuid.uuid4().hex[:8]}"
    return trackhelm.set_experiment(name).experiment_id
