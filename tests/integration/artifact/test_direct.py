"""Files that clients move to and from the store themselves, as the stock client negotiates it."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.fixtures.s3 import S3Server
from tests.integration.artifact.conftest import LiveServer

ARTIFACTS = "/api/2.0/mlflow-artifacts"
FILES = f"{ARTIFACTS}/artifacts"
PART = 5 * 1024 * 1024
"""The smallest part that S3 takes, unless it is the last."""


@pytest.fixture
def folder() -> str:
    return uuid.uuid4().hex


def post(live: LiveServer, step: str, folder: str, expected: int = 200, **message: Any) -> dict[str, Any]:
    answer = live.client.post(f"{ARTIFACTS}/mpu/{step}/{folder}", json=message)
    assert answer.status_code == expected, answer.text
    found: dict[str, Any] = answer.json()
    return found


def begin(live: LiveServer, folder: str, count: int = 2) -> dict[str, Any]:
    return post(live, "create", folder, path="/home/me/f.bin", num_parts=count)


def send(upload: dict[str, Any], blocks: list[bytes]) -> list[dict[str, Any]]:
    parts = []
    for credential, block in zip(upload["credentials"], blocks, strict=True):
        answer = httpx2.put(credential["url"], content=block, headers=credential["headers"], timeout=180)
        assert answer.status_code == 200, answer.text
        parts.append(
            {
                "part_number": credential["part_number"],
                "etag": answer.headers["etag"],
                "url": credential["url"],
            }
        )
    return parts


def names(live: LiveServer, folder: str) -> list[str]:
    listed = live.client.get(FILES, params={"path": folder}).json()
    return [file["path"] for file in listed.get("files", [])]


def test_the_server_advertises_what_it_can(live_s3: LiveServer, live: LiveServer) -> None:
    for server, able in ((live_s3, True), (live, False)):
        info = server.client.get("/api/3.0/mlflow/server-info").json()
        assert info["multipart_uploads_enabled"] is able
        assert info["multipart_downloads_enabled"] is able
        assert info["presigned_upload_run_id_supported"] is able


def test_parts_become_one_file_in_their_order(live_s3: LiveServer, folder: str) -> None:
    upload = begin(live_s3, folder)
    assert [part["part_number"] for part in upload["credentials"]] == [1, 2]
    parts = send(upload, [b"1" * PART, b"2" * 7])
    assert names(live_s3, folder) == []
    message = {"path": "/home/me/f.bin", "upload_id": upload["upload_id"], "parts": parts[::-1]}
    # Twice: the stock client sends a request again that it has no answer to.
    for _ in range(2):
        assert post(live_s3, "complete", folder, **message) == {}
    assert names(live_s3, folder) == ["f.bin"]
    assert live_s3.client.get(f"{FILES}/{folder}/f.bin").content == b"1" * PART + b"2" * 7


def test_an_aborted_upload_leaves_nothing(live_s3: LiveServer, s3_server: S3Server, folder: str) -> None:
    upload = begin(live_s3, folder)
    send(upload, [b"1" * PART, b"2"])
    for _ in range(2):
        post(live_s3, "abort", folder, path="f.bin", upload_id=upload["upload_id"])
    assert names(live_s3, folder) == []
    assert not [key for key in s3_server.unfinished_uploads("") if folder in key]


def test_what_is_no_upload_is_refused(live_s3: LiveServer, folder: str) -> None:
    upload = begin(live_s3, folder)
    parts = send(upload, [b"1" * PART, b"2"])
    good = {"path": "f.bin", "upload_id": upload["upload_id"], "parts": parts}
    for wrong, expected in (
        ({"parts": []}, 400),
        ({"parts": [parts[0], parts[0]]}, 400),
        ({"parts": [parts[0] | {"etag": '"0123456789abcdef0123456789abcdef"'}]}, 400),
        ({"parts": [parts[0] | {"etag": "</ETag>\n"}]}, 400),
        ({"parts": [parts[0] | {"part_number": 10_001}]}, 400),
        ({"parts": "none"}, 400),
        ({"upload_id": ""}, 400),
        ({"upload_id": "x\ny"}, 400),
        ({"upload_id": "0" * 32}, 404),
        ({"path": ""}, 400),
        ({"path": "/home/me/.."}, 400),
        ({"path": "/home/me/"}, 400),
    ):
        post(live_s3, "complete", folder, expected, **(good | wrong))
    for number in (0, -1, 10_001, "x"):
        post(live_s3, "create", folder, 400, path="f.bin", num_parts=number)
    post(live_s3, "create", "..%2fout", 400, path="f.bin", num_parts=1)
    assert names(live_s3, folder) == []


def test_an_upload_cannot_take_a_directorys_name(live_s3: LiveServer, folder: str) -> None:
    live_s3.client.put(f"{FILES}/{folder}/f.bin/x", content=b"x")
    assert "directory" in post(live_s3, "create", folder, 400, path="/f.bin", num_parts=1)["message"]
    live_s3.client.put(f"{FILES}/{folder}/g", content=b"x")
    assert "is a file" in post(live_s3, "create", f"{folder}/g", 400, path="/f.bin", num_parts=1)["message"]


def test_a_file_is_downloaded_from_the_store(live_s3: LiveServer, folder: str) -> None:
    live_s3.client.put(f"{FILES}/{folder}/a b%25.html", content=b"0123456789")
    answer = live_s3.client.get(f"{ARTIFACTS}/presigned/{folder}/a b%25.html").json()
    assert answer["file_size"] == 10
    file = httpx2.get(answer["url"], headers=answer["headers"] | {"Range": "bytes=2-4"})
    assert (file.status_code, file.content) == (206, b"234")
    assert file.headers["content-disposition"].startswith("attachment")
    assert httpx2.get(answer["url"].replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403
    assert live_s3.client.get(f"{ARTIFACTS}/presigned/{folder}/none").status_code == 404
    assert live_s3.client.get(f"{ARTIFACTS}/presigned/{folder}").status_code == 400
    assert live_s3.client.get(f"{ARTIFACTS}/presigned/%2e%2e/x").status_code == 400


def test_a_runs_file_is_uploaded_to_and_downloaded_from_the_store(live_s3: LiveServer) -> None:
    api = "/api/2.0/mlflow"
    experiment = live_s3.client.post(f"{api}/experiments/create", json={"name": uuid.uuid4().hex}).json()
    run = live_s3.client.post(f"{api}/runs/create", json=experiment).json()["run"]["info"]["run_id"]
    message = {"run_id": run, "path": "sub/f.txt", "expiration": 60}
    signed = live_s3.client.post(f"{api}/artifacts/presigned-upload-url", json=message).json()
    sent = httpx2.put(signed["presigned_url"], content=b"direct", headers=signed["headers"])
    assert sent.status_code == 200
    listed = live_s3.client.get(f"{api}/artifacts/list", params={"run_id": run, "path": "sub"}).json()
    assert listed["files"] == [{"path": "sub/f.txt", "is_dir": False, "file_size": 6}]
    signed = live_s3.client.post(f"{api}/artifacts/presigned-download-url", json=message).json()
    assert signed["file_size"] == 6
    assert httpx2.get(signed["presigned_url"]).content == b"direct"
    refused = live_s3.client.post(f"{api}/artifacts/presigned-upload-url", json=message | {"path": "sub"})
    assert refused.status_code == 400


def test_a_logged_models_file_is_uploaded_to_the_store(live_s3: LiveServer) -> None:
    api = "/api/2.0/mlflow"
    experiment = live_s3.client.post(f"{api}/experiments/create", json={"name": uuid.uuid4().hex}).json()
    model = live_s3.client.post(f"{api}/logged-models", json=experiment).json()["model"]["info"]["model_id"]
    message = {"model_id": model, "path": "weights/w.bin"}
    signed = live_s3.client.post(f"{api}/artifacts/presigned-upload-url", json=message).json()
    sent = httpx2.put(signed["presigned_url"], content=b"weights", headers=signed["headers"])
    assert sent.status_code == 200
    files = f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
    fetched = live_s3.client.get(files, params={"artifact_file_path": "weights/w.bin"})
    assert (fetched.status_code, fetched.content) == (200, b"weights")
