"""A server has a limit of connections, and says so in MLflow's form on those beyond it."""

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.fixtures.live import serving
from tests.fixtures.waiting import wait_until
from trackhelm_cli import http_protocol
from trackhelm_cli.serving import allow_open_files
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

SEARCH = "/api/2.0/mlflow/registered-models/search"
LIMIT = 3


@pytest.fixture
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    app = embedded_app(StorageSettings(data=tmp_path_factory.mktemp("data")))
    with serving(app, connections=LIMIT) as port:
        yield port


def ask(port: int, path: str) -> httpx2.Response:
    """Ask on a connection of its own."""
    return httpx2.get(f"http://127.0.0.1:{port}{path}")


def connected(port: int, kept: ExitStack) -> httpx2.Client:
    """Return a client that has a connection open."""
    client = kept.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}"))
    assert client.get("/version").status_code == 200
    return client


def test_a_connection_beyond_the_limit_is_told_so_and_closed(port: int) -> None:
    with ExitStack() as kept:
        clients = [connected(port, kept) for _ in range(LIMIT)]
        for _ in range(3):
            refused = ask(port, SEARCH)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["connection"] == "close"
            assert refused.headers["content-type"] == "application/json"
            assert refused.headers["x-request-id"]
            told = json.loads(refused.content)
            assert told["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert "3 connections" in told["message"]
        assert [client.get(SEARCH).status_code for client in clients] == [200] * LIMIT
        clients[0].close()
        wait_until(lambda: ask(port, SEARCH).status_code == 200)


def test_probes_are_answered_on_any_connection_which_is_then_closed(port: int) -> None:
    with ExitStack() as kept:
        for _ in range(LIMIT):
            connected(port, kept)
        for probe in ("/ready", "/health"):
            answer = ask(port, probe)
            assert answer.status_code == 200
            assert answer.headers["connection"] == "close"


def test_a_connection_beyond_the_limit_that_asks_nothing_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "_LINGER_SECONDS", 0.1)
    with ExitStack() as kept:
        for _ in range(LIMIT):
            connected(port, kept)
        with socket.create_connection(("127.0.0.1", port), timeout=90) as silent:
            assert silent.recv(1) == b""


def test_a_request_with_a_body_beyond_the_limit_reads_its_answer(port: int) -> None:
    with ExitStack() as kept:
        for _ in range(LIMIT):
            connected(port, kept)
        answer = httpx2.post(f"http://127.0.0.1:{port}{SEARCH}", content=b" " * 3_000_000)
        assert answer.status_code == 503


def test_a_process_lets_itself_have_as_many_files_as_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        allow_open_files(1_000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (2_000, hard)
        allow_open_files(10)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (2_000, hard)
        allow_open_files(hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
