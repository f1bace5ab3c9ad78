"""How much of a JSON body is read, seen through a real HTTP server."""

import logging
import re
import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.fixtures.live import serving
from tests.fixtures.waiting import wait_until
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

HEAD = "POST /api/2.0/mlflow/{} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{}\r\n\r\n"
PATHS = ["experiments/create", "runs/log-batch", "runs/log-metric"]
"""A body that FastAPI reads, and two that their endpoints read."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(embedded_app(StorageSettings(data=tmp_path_factory.mktemp("live")))) as port:
        yield port


def begin(port: int, path: str, framing: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=90)
    connection.sendall(HEAD.format(path, framing).encode())
    return connection


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_announced_too_large_is_not_waited_for(port: int, path: str) -> None:
    with begin(port, path, f"Content-Length: {JSON_BODY_BYTES + 1}") as connection:
        # The head may come before the rest; what is refused so is the connection's last.
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"error_code":"INVALID_PARAMETER_VALUE"' in answer


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_unknown_length_is_read_up_to_the_limit(port: int, path: str) -> None:
    block = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with begin(port, path, "Transfer-Encoding: chunked") as connection:
        for _ in range(JSON_BODY_BYTES // 0x100000 + 1):
            connection.sendall(block)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_breaks_off_is_no_defect(port: int, path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), begin(port, path, "Content-Length: 9") as connection:
        connection.sendall(b"{")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)
    assert not caplog.records


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server whose requests have 1 MiB for their bodies."""
    storage = StorageSettings(data=tmp_path_factory.mktemp("narrow"))
    with serving(embedded_app(storage, body_memory_mebibytes=1)) as port:
        yield port


def held(port: int) -> int:
    told = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    (size,) = re.findall(r"^trackhelm_http_body_bytes (\S+)$", told, re.MULTILINE)
    return int(float(size))


def create(port: int, name: str, padding: int = 0) -> int:
    url = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/create"
    body = f'{{"name": "{name}"}}' + " " * padding
    return httpx2.post(url, content=body, headers={"Content-Type": "application/json"}).status_code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("other", PATHS)
def test_bodies_that_are_too_large_together_are_refused_and_can_be_sent_again(
    narrow: int, path: str, other: str
) -> None:
    with begin(narrow, path, "Content-Length: 800002") as first:
        first.sendall(b"{" + b" " * 700_000)
        wait_until(lambda: held(narrow) > 700_000)
        with begin(narrow, other, "Content-Length: 400000") as announced:
            check_unavailable(announced.recv(4096))
        with begin(narrow, other, "Transfer-Encoding: chunked") as chunked:
            for _ in range(4):
                chunked.sendall(b"186a0\r\n" + b" " * 100_000 + b"\r\n")
            check_unavailable(chunked.recv(4096))
        wait_until(lambda: held(narrow) == 700_001)
        assert create(narrow, f"small, during {path} and {other}") == 200
        file = f"http://127.0.0.1:{narrow}/api/2.0/mlflow-artifacts/artifacts/0/large"
        assert httpx2.put(file, content=b"x" * 3_000_000).status_code == 200, "a file is streamed"
        first.sendall(b" " * 100_000 + b"}")
        assert first.recv(4096).startswith(b"HTTP/1.1 400 "), "it is read, and lacks what is required"
    wait_until(lambda: held(narrow) == 0)
    assert create(narrow, f"after {path} and {other}", 800_000) == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_breaks_off_is_no_longer_held(narrow: int, path: str) -> None:
    with begin(narrow, path, "Content-Length: 800000") as connection:
        connection.sendall(b" " * 700_000)
        wait_until(lambda: held(narrow) == 700_000)
    wait_until(lambda: held(narrow) == 0)


def test_what_is_announced_and_never_sent_takes_no_memory_from_others(narrow: int) -> None:
    silent = [begin(narrow, path, "Content-Length: 1000000") for path in PATHS]
    try:
        assert create(narrow, "beside silent ones", 800_000) == 200
    finally:
        for connection in silent:
            connection.close()


def check_unavailable(answer: bytes) -> None:
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answer
    assert b'"error_code":"TEMPORARILY_UNAVAILABLE"' in answer
