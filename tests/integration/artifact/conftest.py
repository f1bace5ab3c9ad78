"""The API behind a real HTTP server, where connections break and paths are decoded as in production."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.live import serving
from tests.fixtures.s3 import S3Server
from tests.fixtures.stoppable_s3 import StoppableS3
from trackhelm_core.settings import ObjectSettings, StorageSettings
from trackhelm_embedded.app import embedded_app


@dataclass(frozen=True)
class LiveServer:
    port: int
    client: httpx2.Client
    folder: Path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield a server on a free port, over a folder."""
    storage = StorageSettings(data=tmp_path_factory.mktemp("live"))
    with serving_live(storage, ObjectSettings()) as server:
        yield server


@pytest.fixture(scope="module")
def live_s3(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[LiveServer]:
    """Yield a server on a free port, over S3, whose clients reach S3 too."""
    storage = StorageSettings(data=tmp_path_factory.mktemp("live"))
    with serving_live(storage, s3_server.settings(artifacts_presigned=True)) as server:
        yield server


@pytest.fixture(params=["folder", "s3"])
def store_variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the environment variables that name each kind of store."""
    if request.param == "folder":
        return {}
    found: S3Server = request.getfixturevalue("s3_server")
    return found.environment()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableS3]:
    """Yield a running store that is this module's own."""
    store = StoppableS3(tmp_path_factory.mktemp("away") / "s3")
    yield store
    store.kill()


@contextmanager
def serving_live(storage: StorageSettings, artifacts: ObjectSettings) -> Iterator[LiveServer]:
    with (
        serving(embedded_app(storage, artifacts=artifacts)) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=180) as client,
    ):
        yield LiveServer(port, client, storage.artifact_folder)


@pytest.fixture(autouse=True)
def _logging_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that tests call leave logging as it is: their streams end with them."""
    monkeypatch.setattr("trackhelm_cli.opening.configure_logging", lambda _settings: None)
