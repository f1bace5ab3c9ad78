"""Directories page by page, for clients that ask for it, over a folder and over S3."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.artifact.conftest import LiveServer
from trackhelm_core.search.pages import query_digest

API = "/api/2.0"
FILES = f"{API}/mlflow-artifacts/artifacts"

# Of a bucket's names `a.b` stands before `a/`, of a folder's behind it.
NAMES = sorted(["a.b", "a-c", "Z", "z", "ä", "100%25", *(f"f{number:02}" for number in range(20))])
DIRECTORIES = ["a", "b", "m", "zz"]


@pytest.fixture(params=["live", "live_s3"])
def server(request: pytest.FixtureRequest) -> LiveServer:
    """Return a running server over a folder, and over S3."""
    found: LiveServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def root(server: LiveServer) -> str:
    """Return the directory of a run, filled."""
    experiment = server.client.post(f"{API}/mlflow/experiments/create", json={"name": uuid.uuid4().hex})
    run = server.client.post(
        f"{API}/mlflow/runs/create", json={"experiment_id": experiment.json()["experiment_id"]}
    )
    root: str = run.json()["run"]["info"]["artifact_uri"].partition(":/")[2]
    for name in [*NAMES, *(f"{directory}/f" for directory in DIRECTORIES)]:
        assert server.client.put(f"{FILES}/{root}/{quote(name)}", content=b"x").is_success
    return root


def pages(server: LiveServer, url: str, **asked: Any) -> Iterator[list[tuple[str, bool]]]:
    while True:
        answer = server.client.get(url, params=asked)
        assert answer.status_code == 200, answer.text
        message = answer.json()
        yield [(file["path"], file["is_dir"]) for file in message.get("files", [])]
        if "next_page_token" not in message:
            return
        asked["page_token"] = message["next_page_token"]


EVERYTHING = sorted([*((name, False) for name in NAMES), *((name, True) for name in DIRECTORIES)])


@pytest.mark.parametrize("size", [1, 7, 30, 1000])
def test_every_name_is_on_one_page(server: LiveServer, root: str, size: int) -> None:
    found = list(pages(server, FILES, path=root, max_results=size))
    assert sorted(entry for page in found for entry in page) == EVERYTHING
    assert all(len(page) <= size and page == sorted(page) for page in found)
    assert len(found) <= -(-len(EVERYTHING) // size) + 1


def test_files_of_a_run_and_of_its_directories_have_pages(server: LiveServer, root: str) -> None:
    run_id = root.split("/")[1]
    url = f"{API}/mlflow/artifacts/list"
    found = list(pages(server, url, run_id=run_id, max_results=9))
    assert sorted(entry for page in found for entry in page) == EVERYTHING
    assert list(pages(server, url, run_id=run_id, path="m", max_results=9)) == [[("m/f", False)]]
    assert list(pages(server, url, run_id=run_id, path="nothing", max_results=9)) == [[]]
    whole = list(pages(server, url, run_id=run_id))
    assert whole == [EVERYTHING]


def test_a_directory_that_a_client_encodes_once_more_has_pages(server: LiveServer, root: str) -> None:
    for number in range(5):
        server.client.put(f"{FILES}/{root}/{quote('with space')}/{number}", content=b"x")
    found = list(pages(server, FILES, path=f"{root}/with%20space", max_results=2))
    assert [name for page in found for name, _ in page] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("size", [-1, 1001, 2**62])
def test_a_page_of_no_possible_size_is_refused(server: LiveServer, root: str, size: int) -> None:
    answer = server.client.get(FILES, params={"path": root, "max_results": size})
    assert answer.status_code == 400
    assert "at most 1000" in answer.json()["message"]


def test_a_token_of_another_directory_or_of_nobody_is_refused(server: LiveServer, root: str) -> None:
    asked: dict[str, str | int] = {"path": root, "max_results": 2}
    token = server.client.get(FILES, params=asked).json()["next_page_token"]
    for path, wrong in ((f"{root}/a", token), (root, token[:-3]), (root, "x"), (root, "\u00e4")):
        answer = server.client.get(FILES, params={"path": path, "page_token": wrong})
        assert answer.status_code == 400, (path, wrong)
        assert "page_token" in answer.json()["message"]


def test_a_forged_token_that_no_request_can_hold_is_refused(server: LiveServer, root: str) -> None:
    forged = json.dumps({"q": query_digest(root), "after": ["\ud800"]}).encode()
    token = base64.urlsafe_b64encode(forged).decode().rstrip("=")
    answer = server.client.get(FILES, params={"path": root, "page_token": token})
    assert answer.status_code == 400
    assert "page_token" in answer.json()["message"]
