"""What only a real server shows: connections that break, and how often a path is decoded."""

import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.artifact.conftest import LiveServer
from trackhelm_artifact.objects.keys import RESERVED

FILES = "/api/2.0/mlflow-artifacts/artifacts"
CHUNKED = "Transfer-Encoding: chunked"


def drafts(live: LiveServer) -> list[Path]:
    # Made by the first upload.
    folder = live.folder / RESERVED
    return list(folder.iterdir()) if folder.exists() else []


def wait_until(live: LiveServer, *, drafted: bool) -> None:
    """Return once a draft is there, or none; each look is paced by a request."""
    deadline = time.monotonic() + 90
    while bool(drafts(live)) is not drafted:
        assert time.monotonic() < deadline, drafts(live)
        assert live.client.get("/health").text == "OK"


def begin_upload(live: LiveServer, path: str, framing: str, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", live.port))
    connection.sendall(f"PUT {FILES}/{path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode() + body)
    return connection


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Content-Length: 99000000", b"x" * 3_000_000),
        ("Content-Length: 5", b"1234"),
        (CHUNKED, b"200000\r\n" + b"x" * 0x200000 + b"\r\n"),
        (CHUNKED, b"5\r\n12"),
    ],
)
@pytest.mark.parametrize("gently", [True, False])
def test_an_upload_that_breaks_off_leaves_nothing(
    live: LiveServer, framing: str, body: bytes, *, gently: bool
) -> None:
    live.client.put(f"{FILES}/kept/f", content=b"old")
    for path in ("kept/f", "broken/f"):
        connection = begin_upload(live, path, framing, body)
        wait_until(live, drafted=True)
        if gently:
            connection.shutdown(socket.SHUT_WR)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        wait_until(live, drafted=False)
        connection.close()
    assert live.client.get(f"{FILES}/kept/f").content == b"old"
    assert live.client.get(f"{FILES}/broken/f").status_code == 404
    assert live.client.get(FILES, params={"path": "broken"}).json() == {}
    assert not (live.folder / "broken").exists()


def test_an_unfinished_upload_does_not_show(live: LiveServer) -> None:
    with begin_upload(live, "slow/f", "Content-Length: 6", b"one") as connection:
        wait_until(live, drafted=True)
        assert live.client.get(f"{FILES}/slow/f").status_code == 404
        assert live.client.get(FILES, params={"path": "slow"}).json() == {}
        connection.sendall(b"two")
        assert b" 200 OK" in connection.recv(1000)
        assert live.client.get(f"{FILES}/slow/f").content == b"onetwo"


def test_a_refusal_is_answered_after_the_body_was_sent(live: LiveServer) -> None:
    live.client.put(f"{FILES}/taken", content=b"x")
    answer = live.client.put(f"{FILES}/taken/below", content=b"x" * 5_000_000)
    assert answer.status_code == 400
    assert "'taken' is a file" in answer.json()["message"]


def test_a_download_that_is_left_closes_its_file(live: LiveServer) -> None:
    live.client.put(f"{FILES}/large", content=b"x" * 40_000_000)
    with live.client.stream("GET", f"{FILES}/large") as answer:
        next(answer.iter_raw())
    large = live.folder / "large"
    deadline = time.monotonic() + 90
    while large in {file.resolve() for file in Path("/proc/self/fd").iterdir() if file.exists()}:
        assert time.monotonic() < deadline
        live.client.get("/health")


IMAGE = "loss%step%1%timestamp%1795452655189%c7b62453.png"
"""As generation 2 of the client names one: what `%17` and `%c7` decode to could be no part of a name."""


@pytest.mark.parametrize(
    "name", ["100%.txt", "100%25.txt", "100%2525.txt", "%41", "%zz", "ü %20 数", "a?b&c=d", "+", "~", IMAGE]
)
def test_a_name_with_percent_signs_round_trips_as_it_is(live: LiveServer, name: str) -> None:
    url = f"{FILES}/names/{quote(name, safe='')}"
    assert live.client.put(url, content=name.encode()).status_code == 200
    assert [file["path"] for file in live.client.get(FILES, params={"path": "names"}).json()["files"]] == [
        name
    ]
    assert live.client.get(url).content == name.encode()
    assert live.client.delete(url).json() == {}


def test_names_that_differ_in_percent_signs_are_different_files(live: LiveServer) -> None:
    for name in ("p%.txt", "p%25.txt"):
        live.client.put(f"{FILES}/{quote(name)}", content=name.encode())
    for name in ("p%.txt", "p%25.txt"):
        assert live.client.get(f"{FILES}/{quote(name)}").content == name.encode()
