"""Files by their path in the proxied store."""

import uuid
from urllib.parse import quote

import pytest

from tests.fixtures.api import Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def url(*segments: str) -> str:
    return "/".join([FILES, *(quote(segment, safe="") for segment in segments)])


@pytest.fixture
def folder() -> str:
    return f"folder-{uuid.uuid4().hex}"


def put(api: Api, content: bytes, *segments: str, status: int = 200) -> None:
    answer = api.client.put(url(*segments), content=content)
    assert answer.status_code == status, answer.text


def names(api: Api, path: str) -> list[str]:
    return [file["path"] for file in api.get(FILES, path=path).get("files", [])]


def test_a_directory_is_listed_by_names(api: Api, folder: str) -> None:
    put(api, b"12345", folder, "b.txt")
    put(api, b"", folder, "empty")
    put(api, b"x", folder, "sub", "deep", "c.txt")
    assert api.get(FILES, path=folder) == {
        "files": [
            {"path": "b.txt", "is_dir": False, "file_size": 5},
            {"path": "empty", "is_dir": False},
            {"path": "sub", "is_dir": True},
        ]
    }
    assert names(api, f"{folder}/sub/") == ["deep"]
    assert {"path": folder, "is_dir": True} in api.get(FILES)["files"]


def test_a_file_and_a_missing_path_have_an_empty_listing(api: Api, folder: str) -> None:
    put(api, b"x", folder, "f")
    for path in ("f", "g", "f/g", "g/h"):
        assert api.get(FILES, path=f"{folder}/{path}") == {}


@pytest.mark.over("sqlite", "s3")  # The files over PostgreSQL are in a folder, too.
def test_a_directory_larger_than_a_page_is_listed_as_one(api: Api) -> None:
    run_id = api.new_run()
    root = api.get("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"].partition(":/")[2]
    expected = [f"{number:04}" for number in range(1002)]
    for name in expected:
        put(api, b"x", *root.split("/"), "many", name)
    assert api.get(FILES, path=f"{root}/many") == {
        "files": [{"path": name, "is_dir": False, "file_size": 1} for name in expected]
    }
    listed = api.get("artifacts/list", run_id=run_id, path="many")
    assert listed["root_uri"].endswith(root)
    assert [file["path"] for file in listed["files"]] == [f"many/{name}" for name in expected]


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_both_prefixes_serve_the_same_files(api: Api, folder: str, prefix: str) -> None:
    path = f"{prefix}/2.0/mlflow-artifacts/artifacts/{folder}/f"
    assert api.client.put(path, content=prefix).status_code == 200
    assert api.client.get(url(folder, "f")).text == prefix


@pytest.mark.parametrize(
    "name",
    ["with space.txt", "100%.txt", "größe 数据 ✓.txt", "a+b&c=d?e.txt", "%zz",
     'quote".txt', "c:d", "x" * 255, ".hidden"],
)  # fmt: skip
def test_a_name_round_trips_as_it_is(api: Api, folder: str, name: str) -> None:
    put(api, name.encode(), folder, name)
    assert names(api, folder) == [name]
    assert names(api, f"{folder}/{name}") == [], "a file has no files, and the client asks"
    answer = api.client.get(url(folder, name))
    assert answer.content == name.encode()
    assert quote(name, safe="") in answer.headers["content-disposition"] or name.isascii()
    api.client.delete(url(folder, name))
    assert names(api, folder) == []


def test_a_folder_is_listed_as_the_stock_client_spells_it(api: Api, folder: str) -> None:
    # It sends a folder named `a%20b` unencoded when it uploads, encoded when it lists.
    assert api.client.put(f"{FILES}/{folder}/a%20b/f", content=b"x").status_code == 200
    assert names(api, f"{folder}/a%20b") == ["f"]


def test_the_last_upload_stays(api: Api, folder: str) -> None:
    put(api, b"first, and longer", folder, "f")
    put(api, b"second", folder, "f")
    assert api.client.get(url(folder, "f")).content == b"second"


def test_the_answer_of_an_upload_is_empty(api: Api, folder: str) -> None:
    answer = api.client.put(url(folder, "f"), content=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("announced", ["3", "7"])
def test_a_body_of_another_length_than_announced_is_not_stored(api: Api, folder: str, announced: str) -> None:
    answer = api.client.put(url(folder, "f"), content=b"12345", headers={"Content-Length": announced})
    assert answer.status_code == 400
    assert f"Content-Length says {announced}" in answer.json()["message"]
    assert names(api, folder) == []


def test_a_length_that_is_no_number_is_refused(api: Api, folder: str) -> None:
    answer = api.client.put(url(folder, "f"), content=b"1", headers={"Content-Length": "9" * 400})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["f/below", "", "sub"])
def test_a_path_that_no_file_can_have_is_refused(api: Api, folder: str, path: str) -> None:
    put(api, b"x", folder, "f")
    put(api, b"x", folder, "sub", "f")
    put(api, b"y", folder, *path.split("/"), status=400)
    assert names(api, folder) == ["f", "sub"]


@pytest.mark.parametrize(
    "path",
    ["%2e%2e/x", "a/%2e%2e/%2e%2e/x", "%252e%252e/x", "%2fetc/passwd", "a%5cb", "a%23b", "a%00b", "a%09b",
     "C:/x", "x" * 256, "%ff", ".trackhelm/x", "a/" * 200 + "b", "%2525252525252525252525252525252e"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unsafe_path_is_refused(api: Api, method: str, path: str) -> None:
    answer = api.client.request(method, f"{FILES}/{path}")
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert answer.json()["message"].startswith("Invalid path")


@pytest.mark.parametrize("path", ["../x", "%2e%2e", "/etc", "a\\b", "a#b", "a\0b", "x" * 300])
def test_an_unsafe_path_is_not_listed(api: Api, path: str) -> None:
    assert api.refused("GET", FILES, "INVALID_PARAMETER_VALUE", path=path).startswith("Invalid path")


def test_a_file_or_a_tree_is_deleted(api: Api, folder: str) -> None:
    for path in ("a/1", "a/b/2", "c"):
        put(api, b"x", folder, *path.split("/"))
    assert api.call("DELETE", url(folder, "c")) == {}
    assert names(api, folder) == ["a"]
    assert api.call("DELETE", url(folder, "a")) == {}
    for path in ("a/1", "a/b/2"):
        assert api.client.get(url(folder, *path.split("/"))).status_code == 404
    assert api.call("DELETE", url(folder, "a")) == {}


@pytest.mark.parametrize("path", ["", "%2E", "%2E/"])
def test_everything_is_never_deleted(api: Api, path: str) -> None:
    api.refused("DELETE", f"{FILES}/{path}", "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("step", ["create", "complete", "abort"])
def test_multipart_uploads_are_refused_in_the_words_that_clients_know(api: Api, step: str) -> None:
    message = api.refused(
        "POST", f"/api/2.0/mlflow-artifacts/mpu/{step}/a", "NOT_IMPLEMENTED", 501, path="/tmp/x", num_parts=2
    )
    assert message.startswith("Multipart upload is not supported for the current artifact repository")


def test_presigned_downloads_are_refused(api: Api) -> None:
    message = api.refused("GET", "/api/2.0/mlflow-artifacts/presigned/a/b", "NOT_IMPLEMENTED", 501)
    assert message.startswith("Multipart download is not supported")


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_the_server_advertises_workspaces_and_no_multipart(api: Api, prefix: str) -> None:
    answer = api.get(f"{prefix}/3.0/mlflow/server-info")
    assert answer.pop("store_type") == "SqlStore"
    assert answer.pop("features_enabled") == {"gateway": False}
    assert answer.pop("workspaces_enabled") is True
    assert len(answer) == 5
    assert not any(answer.values())
