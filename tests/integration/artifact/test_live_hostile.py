"""Hostile requests to a running server, over each store: a clear error or a whole file, never half of one."""

import base64
import hashlib
import itertools
import socket
import threading
import uuid

import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.artifact.conftest import LiveServer

FILES = "/api/2.0/mlflow-artifacts/artifacts"
LARGE = 9 * 1024 * 1024
"""More than a part: a bucket is sent it in several."""


@pytest.fixture(params=["live", "live_s3"])
def server(request: pytest.FixtureRequest) -> LiveServer:
    """Return a running server over a folder, and over S3."""
    found: LiveServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def folder() -> str:
    return f"hostile-{uuid.uuid4().hex}"


def send(server: LiveServer, method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """Send a request as it stands, and return the first line of the answer."""
    lines = [f"{method} {target} HTTP/1.1", "Host: x", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=90) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        return connection.recv(4000).split(b"\r\n")[0]


def names(server: LiveServer, path: str) -> list[str]:
    listed = server.client.get(FILES, params={"path": path}).json()
    return [file["path"] for file in listed.get("files", [])]


OUTSIDE = [
    "../x", "a/../../x", "..%2fx", "%2e%2e/x", "%2e%2e%2fx", ".%2e/x", "%252e%252e/x", "%25252e%25252e/x",
    "..%252fx", "%c0%ae%c0%ae/x", "..%5cx", "%2e%2e%5cx", "a%5c..%5c..%5cx", "/etc/passwd", "%2fetc/passwd",
    "%252fetc/passwd", "//etc/passwd", "C:/x", "C:%5cx", "file:///etc/passwd", "file:%2f%2f/etc/passwd",
    "a%00b", "a%0ab", "a%7fb", "%ff", "a%23b", ".trackhelm/x", ".TrackHelm/x", "x" * 256, "%c3%bc" * 128,
    "/".join(["x" * 200] * 6), "/".join("a" * 129),
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_path_that_could_lead_elsewhere_is_refused(server: LiveServer, method: str, path: str) -> None:
    answer = send(server, method, f"{FILES}/{path}", "Content-Length: 1", body=b"x")
    assert b" 400 " in answer, answer


@pytest.mark.parametrize("path", ["..", "%2e%2e", "a%2f..%2f..", "%2fetc", "a%5cb", "a%00", "x" * 256])
@pytest.mark.parametrize("step", ["create", "complete", "abort"])
def test_no_step_of_an_upload_in_parts_leads_elsewhere(server: LiveServer, step: str, path: str) -> None:
    body = b'{"path": "f", "num_parts": 1, "upload_id": "x", "parts": [{"part_number": 1, "etag": "x"}]}'
    target = f"/api/2.0/mlflow-artifacts/mpu/{step}/{path}"
    length = f"Content-Length: {len(body)}"
    answer = send(server, "POST", target, "Content-Type: application/json", length, body=body)
    # A folder has no such uploads, but says so of a possible path alone.
    assert b" 400 " in answer, answer


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("gently", [True, False])
@pytest.mark.parametrize("framing", ["Content-Length: 99000000", "Transfer-Encoding: chunked"])
def test_a_truncated_upload_leaves_what_was_there(
    server: LiveServer, folder: str, size: int, framing: str, *, gently: bool
) -> None:
    server.client.put(f"{FILES}/{folder}/kept", content=b"old")
    chunk = b"%x\r\n" % (size + 1) if "chunked" in framing else b""
    for name in ("kept", "new"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = f"PUT {FILES}/{folder}/{name} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"
            connection.sendall(head.encode() + chunk + b"x" * size)
            if gently:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1000):
                    pass
            else:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    # The file that was there may be replaced again, and is whole all the time.
    assert server.client.get(f"{FILES}/{folder}/kept").content == b"old"
    assert server.client.get(f"{FILES}/{folder}/new").status_code == 404
    assert names(server, folder) == ["kept"]


@pytest.mark.parametrize("size", [0, 10, LARGE])
def test_a_wrong_checksum_leaves_what_was_there(server: LiveServer, folder: str, size: int) -> None:
    server.client.put(f"{FILES}/{folder}/kept", content=b"old")
    wrong = base64.b64encode(hashlib.md5(b"something else").digest()).decode()
    for name in ("kept", "new"):
        answer = server.client.put(
            f"{FILES}/{folder}/{name}", content=b"x" * size, headers={"Content-MD5": wrong}
        )
        assert answer.status_code == 400
        assert wrong in answer.json()["message"]
    assert server.client.get(f"{FILES}/{folder}/kept").content == b"old"
    assert names(server, folder) == ["kept"]


def test_of_many_writers_on_one_path_one_stays_whole(server: LiveServer, folder: str) -> None:
    bodies = [bytes([letter]) * LARGE for letter in b"abcd"]
    statuses: list[int] = []

    def write(body: bytes) -> None:
        statuses.append(server.client.put(f"{FILES}/{folder}/raced", content=body).status_code)

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == list(itertools.repeat(200, 4))
    assert server.client.get(f"{FILES}/{folder}/raced").content in bodies


def test_a_reader_of_a_file_that_is_replaced_gets_a_whole_one_or_an_error(
    server: LiveServer, folder: str
) -> None:
    url = f"{FILES}/{folder}/f"
    bodies = [bytes([letter]) * 3_000_000 for letter in b"ab"]
    server.client.put(url, content=bodies[0])
    stop = threading.Event()

    def write() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            server.client.put(url, content=bodies[number % 2])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            answer = server.client.get(url)
            assert answer.status_code in {200, 503}
            assert answer.status_code == 503 or answer.content in bodies
    finally:
        stop.set()
        writer.join()
    wait_until(lambda: server.client.get(url).content in bodies)
