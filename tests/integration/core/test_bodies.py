"""How much of a JSON body is read, seen through a real HTTP server."""

import logging
import socket
from collections.abc import Iterator

import pytest

from tests.fixtures.live import serving
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
