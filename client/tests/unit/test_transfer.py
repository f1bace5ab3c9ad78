import json
from pathlib import Path

import pytest

from client.tests.unit.scripted_server import ScriptedServer, Told
from trackhelm.artifacts.stores import FolderStore, ProxiedStore, checked_path, files_below, store_of
from trackhelm.exceptions import MlflowException, RestException
from trackhelm.rest.transport import Transport

OFFERED = b'{"multipart_uploads_enabled": true, "multipart_downloads_enabled": true}'
NOT_OFFERED = Told(404, b"<html>")


def proxied(server: ScriptedServer) -> ProxiedStore:
    return ProxiedStore(Transport(server.url), "1/run/artifacts")


def test_a_small_file_goes_through_the_server(tmp_path: Path) -> None:
    file = tmp_path / "a file.txt"
    file.write_text("hello")
    with ScriptedServer() as server:
        proxied(server).upload(file, "notes/a file.txt")
    (asked,) = server.asked
    assert (asked.method, asked.body) == ("PUT", b"hello")
    assert asked.path == "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/notes/a%20file.txt"
    assert asked.headers["Content-Type"] == "text/plain"


def test_a_large_file_goes_in_parts_to_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "10")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", "4")
    file = tmp_path / "big.bin"
    file.write_bytes(b"0123456789")
    with ScriptedServer(Told(headers={"ETag": '"tag"'})) as bucket:
        begun = {
            "upload_id": "u1",
            "credentials": [
                {"url": f"{bucket.url}/part{number}", "part_number": number, "headers": {"X-Signed": "yes"}}
                for number in (1, 2, 3)
            ],
        }
        with ScriptedServer(Told(body=OFFERED), Told(body=json.dumps(begun).encode()), Told()) as server:
            proxied(server).upload(file, "models/big.bin")
    assert sorted((asked.path, asked.body) for asked in bucket.asked) == [
        ("/part1", b"0123"),
        ("/part2", b"4567"),
        ("/part3", b"89"),
    ]
    assert all(asked.headers["X-Signed"] == "yes" for asked in bucket.asked)
    _, create, complete = server.asked
    assert create.path == "/api/2.0/mlflow-artifacts/mpu/create/1/run/artifacts/models"
    assert json.loads(create.body) == {"path": "big.bin", "num_parts": 3}
    told = json.loads(complete.body)
    assert (told["path"], told["upload_id"]) == ("big.bin", "u1")
    assert [(part["part_number"], part["etag"]) for part in told["parts"]] == [
        (1, '"tag"'),
        (2, '"tag"'),
        (3, '"tag"'),
    ]


def test_an_upload_in_parts_that_fails_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")
    file = tmp_path / "big.bin"
    file.write_bytes(b"0123456789")
    with ScriptedServer(Told(403, b"<Error>AccessDenied</Error>")) as bucket:
        begun = {"upload_id": "u1", "credentials": [{"url": f"{bucket.url}/p", "part_number": 1}]}
        with (
            ScriptedServer(Told(body=OFFERED), Told(body=json.dumps(begun).encode()), Told()) as server,
            pytest.raises(MlflowException, match="AccessDenied"),
        ):
            proxied(server).upload(file, "big.bin")
    assert [asked.path.split("/")[5] for asked in server.asked[1:]] == ["create", "abort"]


def test_a_server_without_parts_gets_a_large_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")
    file = tmp_path / "big.bin"
    file.write_bytes(b"0123456789")
    refused = Told(501, b'{"error_code": "NOT_IMPLEMENTED", "message": "no"}')
    with ScriptedServer(Told(body=OFFERED), refused, Told()) as server:
        proxied(server).upload(file, "big.bin")
    assert [asked.method for asked in server.asked] == ["GET", "POST", "PUT"]
    assert server.asked[2].body == b"0123456789"


def test_a_download_that_breaks_off_is_begun_again(tmp_path: Path) -> None:
    content = b"x" * 100_000
    with ScriptedServer(NOT_OFFERED, Told(body=content, cut=True), Told(body=content)) as server:
        proxied(server).download("big.bin", tmp_path / "big.bin")
    assert (tmp_path / "big.bin").read_bytes() == content
    assert [path.name for path in tmp_path.glob("*big*")] == ["big.bin"]
    assert len(server.asked) == 3


def test_a_download_comes_from_the_store_where_that_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", "10")
    # Each range is answered in turn; which of two threads asks first does not matter, since they are equal.
    with ScriptedServer(Told(206, b"aaaaaaaaaa")) as bucket:
        signed = {"url": f"{bucket.url}/key?signature=s", "headers": {}, "file_size": 20}
        with ScriptedServer(Told(body=OFFERED), Told(body=json.dumps(signed).encode())) as server:
            proxied(server).download("big.bin", tmp_path / "big.bin")
    assert (tmp_path / "big.bin").read_bytes() == b"a" * 20
    assert sorted(asked.headers["Range"] for asked in bucket.asked) == ["bytes=0-9", "bytes=10-19"]


def test_what_is_not_there_is_told_with_mlflows_code(tmp_path: Path) -> None:
    missing = Told(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such file"}')
    with ScriptedServer(NOT_OFFERED, missing) as server, pytest.raises(RestException, match="no such file"):
        proxied(server).download("nothing", tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["../outside", "a/b", ".."])
def test_a_listing_that_leads_outside_is_refused(name: str) -> None:
    listing = json.dumps({"files": [{"path": name, "is_dir": False, "file_size": 1}]}).encode()
    with ScriptedServer(Told(body=listing)) as server, pytest.raises(MlflowException, match="Invalid path"):
        proxied(server).list("")


def test_a_folder_is_a_store(tmp_path: Path) -> None:
    store = store_of((tmp_path / "store").as_uri(), None)
    assert isinstance(store, FolderStore)
    (tmp_path / "a").write_bytes(b"12")
    store.upload(tmp_path / "a", "x/a")
    store.upload(tmp_path / "a", "b")
    assert [(file.path, file.is_dir, file.file_size) for file in store.list()] == [
        ("b", False, 2),
        ("x", True, None),
    ]
    assert [file.path for file in files_below(store)] == ["b", "x/a"]
    store.download("x/a", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"12"
    store.delete("x")
    assert [file.path for file in store.list()] == ["b"]
    with pytest.raises(MlflowException, match="No such artifact"):
        store.download("x/a", tmp_path / "down")


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../../b", "..", "a#b", "a\\b", ""])
def test_paths_stay_within_their_root(path: str) -> None:
    with pytest.raises(MlflowException, match="Invalid artifact path"):
        checked_path(path)
