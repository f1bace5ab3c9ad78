"""Over S3, what only a real server shows: connections that break, stores that go, writers that race."""

import socket
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.api import api_of
from tests.fixtures.s3 import S3Server, new_bucket
from tests.integration.artifact.conftest import LiveServer
from trackhelm_artifact.objects.remote import PART_BYTES
from trackhelm_core.settings import StorageSettings

FILES = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.mark.parametrize("gently", [True, False])
@pytest.mark.parametrize("framing", ["Content-Length: 99000000", "Transfer-Encoding: chunked"])
def test_an_upload_that_breaks_off_leaves_nothing(
    live_s3: LiveServer, s3_server: S3Server, framing: str, *, gently: bool
) -> None:
    folder = uuid.uuid4().hex
    sent = 3 * PART_BYTES
    chunk = b"%x\r\n" % sent if "chunked" in framing else b""
    live_s3.client.put(f"{FILES}/{folder}/f", content=b"old")
    with socket.create_connection(("127.0.0.1", live_s3.port)) as connection:
        connection.sendall(f"PUT {FILES}/{folder}/f HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
        connection.sendall(chunk + b"x" * sent)
        wait_for_upload(live_s3, s3_server, folder, there=True)
        assert live_s3.client.get(f"{FILES}/{folder}/f").content == b"old"
        if gently:
            connection.shutdown(socket.SHUT_WR)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for_upload(live_s3, s3_server, folder, there=False)
    assert live_s3.client.get(f"{FILES}/{folder}/f").content == b"old"


def wait_for_upload(live: LiveServer, server: S3Server, folder: str, *, there: bool) -> None:
    """Return once S3 has parts of an unfinished upload, or none; each look is paced by a request."""
    deadline = time.monotonic() + 90
    while any(folder in key for key in server.unfinished_uploads("")) is not there:
        assert time.monotonic() < deadline
        assert live.client.get("/health").text == "OK"


def test_a_store_that_is_not_available_is_told_with_when_to_come_back(
    s3_server: S3Server, tmp_path: Path
) -> None:
    impatient: dict[str, Any] = {"artifacts_timeout_seconds": 1, "artifacts_retries": 0}
    for number, artifacts in enumerate(
        (
            s3_server.settings(s3_endpoint="http://127.0.0.1:1", artifacts_presigned=True, **impatient),
            s3_server.settings(new_bucket(), s3_create_bucket=False),
        )
    ):
        with api_of(StorageSettings(data=tmp_path / str(number)), artifacts=artifacts) as api:
            client = api.client
            for answer in (
                client.put(f"{FILES}/a/f", content=b"x"),
                client.get(f"{FILES}/a/f"),
                client.head(f"{FILES}/a/f"),
                client.get(FILES, params={"path": "a"}),
                client.delete(f"{FILES}/a/f"),
                client.get("/get-artifact", params={"run_id": api.new_run(), "path": "f"}),
            ):
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                if answer.content:
                    assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
                    assert "127.0.0.1" not in answer.text
            if artifacts.artifacts_presigned:
                message = {"path": "f", "num_parts": 1}
                assert client.post("/api/2.0/mlflow-artifacts/mpu/create/a", json=message).status_code == 503
                assert client.get("/api/2.0/mlflow-artifacts/presigned/a/f").status_code == 503
            assert client.get("/ready").status_code == 200


def test_a_range_of_an_older_version_is_answered_with_the_whole(live_s3: LiveServer) -> None:
    live_s3.client.put(f"{FILES}/swapped", content=b"a" * 100)
    etag = live_s3.client.head(f"{FILES}/swapped").headers["etag"]
    live_s3.client.put(f"{FILES}/swapped", content=b"b" * 100)
    answer = live_s3.client.get(f"{FILES}/swapped", headers={"If-Range": etag, "Range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"b" * 100)
