"""A stock MLflow client, one server for the whole session, and a fresh experiment for each test."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.server import ServerProcess

# The client reads some of these when it is imported. Few retries and no wait between them: a test that meets
# a server error fails in seconds. The user's default (7 retries, four minutes) is set by the test about it.
os.environ.update(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "MPLBACKEND": "Agg",
    }
)

import mlflow
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One running server that the tests share; a module that kills its server overrides this."""
    process = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    process.start()
    yield process
    process.stop()


@pytest.fixture(autouse=True)
def tracking(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the client, and every script that a test starts, at the server; leave no run open."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(server.url)
    yield
    while mlflow.active_run() is not None:
        mlflow.end_run()


@pytest.fixture
def client() -> MlflowClient:
    return MlflowClient()


@pytest.fixture
def experiment(request: pytest.FixtureRequest) -> Experiment:
    """A new experiment, which is also the active one."""
    return mlflow.set_experiment(f"{request.node.originalname}-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def model_name() -> str:
    """A registered model's name that no other test uses."""
    return f"iris-{uuid.uuid4().hex[:8]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the server said beside the failure it may explain."""
    report = yield
    process = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(process, ServerProcess):
        report.sections.append(("server log", process.log_tail()))
    return report
