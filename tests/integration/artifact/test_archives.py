"""A folder as one zip archive."""

import io
import os
import uuid
import zipfile
from pathlib import Path

import pytest

from tests.fixtures.api import Api
from tests.integration.artifact.conftest import LiveServer
from tests.integration.artifact.test_entities import new_logged_model, new_version
from trackhelm_artifact.files import archives

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"
ARCHIVE = "/api/2.0/trackhelm/artifacts/archive"

CONTENT = {
    "MLmodel": b"flavors: {}",
    "plots/a b.txt": b"text",
    "plots/empty": b"",
    "plots/deep/\u00e4\u4e2d.bin": os.urandom(3 * 1024 * 1024),
    "plots/C:/drive.txt": b"drive",
    "plots/<img src=x>.txt": b"markup",
    "plotsmore/other.txt": b"no part of plots",
}


@pytest.fixture
def run(api: Api) -> str:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    for path, content in CONTENT.items():
        put(api, f"{experiment_id}/{run_id}/artifacts/{path}", content)
    return run_id


def put(api: Api, path: str, content: bytes) -> None:
    assert api.client.put(f"{FILES}/{path}", content=content).status_code == 200


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_folder_is_sent_as_a_zip_with_all_below_it(api: Api, run: str) -> None:
    answer = api.client.get(ARCHIVE, params={"run_id": run, "path": "plots"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == "attachment; filename=plots.zip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    expected = {path: content for path, content in CONTENT.items() if path.startswith("plots/")}
    assert unzipped(answer.content) == expected


def test_the_root_is_the_whole_run(api: Api, run: str) -> None:
    answer = api.client.get("/ajax-api/2.0/trackhelm/artifacts/archive", params={"run_id": run})
    assert answer.headers["content-disposition"] == f"attachment; filename={run}.zip"
    assert unzipped(answer.content) == {f"artifacts/{path}": content for path, content in CONTENT.items()}


def test_no_name_in_an_archive_leads_out_of_its_folder(api: Api, run: str, tmp_path: Path) -> None:
    """Unpacked by a program that trusts names, everything is below the folder into which it is unpacked."""
    for path in ("", "plots", "plots/C:"):
        content = api.client.get(ARCHIVE, params={"run_id": run, "path": path}).content
        for name in unzipped(content):
            assert not name.startswith("/")
            assert "\\" not in name
            assert ".." not in name.split("/")
            assert ":" not in name.split("/")[0]
            assert (tmp_path / name).resolve().is_relative_to(tmp_path)


def test_the_files_of_a_model_and_of_a_version_are_sent_too(api: Api, run: str) -> None:
    experiment_id = api.new_experiment()
    model_id = new_logged_model(api, experiment_id)
    put(api, f"{experiment_id}/models/{model_id}/artifacts/data/MLmodel", b"model")
    answer = api.client.get(ARCHIVE, params={"model_id": model_id})
    assert unzipped(answer.content) == {"artifacts/data/MLmodel": b"model"}
    name = new_version(api, f"runs:/{run}/plots")
    answer = api.client.get(ARCHIVE, params={"name": name, "version": "1", "path": "deep"})
    assert list(unzipped(answer.content)) == ["deep/\u00e4\u4e2d.bin"]


def test_what_has_no_files_is_not_found(api: Api, run: str) -> None:
    empty = api.new_run(api.new_experiment())
    missing = "RESOURCE_DOES_NOT_EXIST"
    api.refused("GET", ARCHIVE, missing, 404, run_id=run, path="none")
    api.refused("GET", ARCHIVE, missing, 404, run_id=empty)
    api.refused("GET", ARCHIVE, missing, 404, run_id="0" * 32)
    api.refused("GET", ARCHIVE, missing, 404, model_id="m-none")
    api.refused("GET", ARCHIVE, missing, 404, name=f"none {uuid.uuid4().hex}", version="1")


def test_a_file_an_unsafe_path_and_two_owners_are_refused(api: Api, run: str) -> None:
    bad = "INVALID_PARAMETER_VALUE"
    assert "that of a file" in api.refused("GET", ARCHIVE, bad, run_id=run, path="MLmodel")
    for path in ("../x", "%2e%2e/x", "/etc", "a\\b"):
        api.refused("GET", ARCHIVE, bad, run_id=run, path=path)
    assert "exactly one" in api.refused("GET", ARCHIVE, bad)
    assert "exactly one" in api.refused("GET", ARCHIVE, bad, run_id=run, model_id="m-1")


def test_a_folder_of_too_many_files_is_refused(api: Api, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 4)
    assert "more than 4 files" in api.refused("GET", ARCHIVE, "INVALID_PARAMETER_VALUE", run_id=run)
    assert len(unzipped(api.client.get(ARCHIVE, params={"run_id": run, "path": "plots/deep"}).content)) == 1


@pytest.mark.over("sqlite")
def test_a_file_that_is_deleted_meanwhile_is_left_out(
    api: Api, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = archives.files_of

    async def listed_with_a_missing_one(*asked: object) -> list[str]:
        return ["gone.txt", *await listed(*asked)]  # type: ignore[arg-type]

    monkeypatch.setattr("trackhelm_artifact.files.routes.files_of", listed_with_a_missing_one)
    answer = api.client.get(ARCHIVE, params={"run_id": run, "path": "plots/deep"})
    assert list(unzipped(answer.content)) == ["deep/\u00e4\u4e2d.bin"]


@pytest.mark.over("sqlite")
def test_a_link_out_of_the_store_is_not_followed(live: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    experiment = live.client.post(
        "/api/2.0/mlflow/experiments/create", json={"name": uuid.uuid4().hex}
    ).json()
    made = live.client.post(
        "/api/2.0/mlflow/runs/create", json={"experiment_id": experiment["experiment_id"]}
    ).json()["run"]["info"]
    folder = live.folder / experiment["experiment_id"] / made["run_id"] / "artifacts"
    folder.mkdir(parents=True)
    (folder / "own.txt").write_text("own")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "folder").symlink_to(tmp_path)
    answer = live.client.get(ARCHIVE, params={"run_id": made["run_id"]})
    assert unzipped(answer.content) == {"artifacts/own.txt": b"own"}
