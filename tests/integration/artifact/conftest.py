"""The API behind a real HTTP server, where connections break and paths are decoded as in production."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.live import serving
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app


@dataclass(frozen=True)
class LiveServer:
    port: int
    client: httpx2.Client
    folder: Path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Yield a server on a free port."""
    storage = StorageSettings(data=tmp_path_factory.mktemp("live"))
    with (
        serving(embedded_app(storage)) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield LiveServer(port, client, storage.artifact_folder)
