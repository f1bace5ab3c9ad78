"""The API behind a real HTTP server, where connections break and paths are decoded as in production."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn

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
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup()
            ready.set()

    server = Server(uvicorn.Config(embedded_app(storage), port=0, ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield LiveServer(port, client, storage.artifact_folder)
    server.should_exit = True
    thread.join(30)
