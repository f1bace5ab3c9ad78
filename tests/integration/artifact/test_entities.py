"""Files of runs, model versions and logged models."""

import uuid
from typing import Any

import pytest
from sqlalchemy import insert

from tests.fixtures.api import Api
from trackhelm_core.ids import new_model_id
from trackhelm_core.runtime import Runtime
from trackhelm_domain.tables import LoggedModel, ModelVersion, RegisteredModel
from trackhelm_domain.tables.runs import LifecycleStage

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"
MISSING_RUN = "0" * 32


@pytest.fixture
def experiment_id(api: Api) -> str:
    return api.new_experiment()


@pytest.fixture
def run_id(api: Api, experiment_id: str) -> str:
    run_id = api.new_run(experiment_id)
    for path in ("MLmodel", "plots/a b.txt", "plots/empty"):
        put(api, f"{experiment_id}/{run_id}/artifacts/{path}", b"" if path.endswith("empty") else b"run file")
    return run_id


def put(api: Api, path: str, content: bytes) -> None:
    assert api.client.put(f"{FILES}/{path}", content=content).status_code == 200


def runtime(api: Api) -> Runtime:
    found: Runtime = api.client.app.state.runtime  # type: ignore[attr-defined]
    return found


def new_logged_model(
    api: Api, experiment_id: str, location: str | None = None, stage: str = LifecycleStage.ACTIVE
) -> str:
    model_id = new_model_id()
    row: dict[str, Any] = {
        "model_id": model_id, "experiment_id": int(experiment_id), "name": "m", "status": "READY",
        "artifact_uri": location or f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts",
        "creation_timestamp": 1, "last_updated_timestamp": 1, "lifecycle_stage": stage,
    }  # fmt: skip
    with runtime(api).database.writing() as session:
        session.execute(insert(LoggedModel).values(row))
    return model_id


def new_version(api: Api, source: str, storage_location: str = "") -> str:
    name = f"model {uuid.uuid4().hex}"
    model = {"name": name, "description": "", "creation_timestamp": 1, "last_updated_timestamp": 1}
    version = {
        "version": 1, "description": "", "current_stage": "None", "source": source, "run_link": "",
        "storage_location": storage_location, "creation_timestamp": 1, "last_updated_timestamp": 1,
    }  # fmt: skip
    with runtime(api).database.writing() as session:
        made = session.execute(
            insert(RegisteredModel).values(**model, next_version=2).returning(RegisteredModel.id)
        ).scalar_one()
        session.execute(insert(ModelVersion).values(**version, registered_model_id=made))
    return name


def test_a_runs_files_are_listed_by_paths_from_its_root(api: Api, experiment_id: str, run_id: str) -> None:
    root_uri = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    assert api.get("artifacts/list", run_id=run_id) == {
        "root_uri": root_uri,
        "files": [
            {"path": "MLmodel", "is_dir": False, "file_size": 8},
            {"path": "plots", "is_dir": True},
        ],
    }
    below = api.get("/ajax-api/2.0/mlflow/artifacts/list", run_uuid=run_id, path="plots/")
    assert below["files"] == [
        {"path": "plots/a b.txt", "is_dir": False, "file_size": 8},
        {"path": "plots/empty", "is_dir": False},
    ]
    for path in ("MLmodel", "none"):
        assert api.get("artifacts/list", run_id=run_id, path=path) == {"root_uri": root_uri}


def test_a_runs_file_is_sent(api: Api, run_id: str) -> None:
    answer = api.client.get("/get-artifact", params={"run_id": run_id, "path": "plots/a b.txt"})
    assert (answer.status_code, answer.content) == (200, b"run file")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    ranged = api.client.get(
        "/get-artifact", params={"run_uuid": run_id, "path": "MLmodel"}, headers={"Range": "bytes=0-2"}
    )
    assert (ranged.status_code, ranged.content) == (206, b"run")


def test_a_head_describes_the_file_of_any_entity(api: Api, experiment_id: str, run_id: str) -> None:
    model_id = new_logged_model(api, experiment_id)
    put(api, f"{experiment_id}/models/{model_id}/artifacts/MLmodel", b"model file")
    name = new_version(api, f"runs:/{run_id}/")
    for path, query in (
        ("/get-artifact", {"run_id": run_id, "path": "MLmodel"}),
        ("/model-versions/get-artifact", {"name": name, "version": "1", "path": "MLmodel"}),
        (
            f"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files",
            {"artifact_file_path": "MLmodel"},
        ),
    ):
        full, head = api.client.get(path, params=query), api.client.head(path, params=query)
        assert (full.status_code, head.status_code, head.content) == (200, 200, b"")
        assert head.headers["content-length"] == str(len(full.content))
        assert head.headers["etag"] == full.headers["etag"]


@pytest.mark.parametrize("path", ["artifacts/list", "/get-artifact"])
def test_a_missing_run_is_not_found(api: Api, path: str) -> None:
    message = api.refused("GET", path, "RESOURCE_DOES_NOT_EXIST", 404, run_id=MISSING_RUN, path="f")
    assert message == f"Run with id={MISSING_RUN} not found"


@pytest.mark.parametrize("run", ["", "a\0b"])
def test_what_is_no_runs_id_is_refused(api: Api, run: str) -> None:
    api.refused("GET", "artifacts/list", "INVALID_PARAMETER_VALUE", run_id=run)


@pytest.mark.parametrize("run", ["../x", "x" * 300, "-1337", "\u0661"])
def test_any_other_id_is_not_found(api: Api, run: str) -> None:
    api.refused("GET", "artifacts/list", "RESOURCE_DOES_NOT_EXIST", 404, run_id=run)


@pytest.mark.parametrize("path", ["../x", "%2e%2e/x", "/etc/passwd", "a\\b", "a#b"])
def test_an_unsafe_path_in_a_run_is_refused(api: Api, run_id: str, path: str) -> None:
    for endpoint in ("artifacts/list", "/get-artifact"):
        api.refused("GET", endpoint, "INVALID_PARAMETER_VALUE", run_id=run_id, path=path)
    answer = api.client.post(UPLOAD, params={"run_uuid": run_id, "path": path}, content=b"x")
    assert answer.status_code == 400


def test_a_file_needs_a_path(api: Api, run_id: str) -> None:
    message = api.refused("GET", "/get-artifact", "INVALID_PARAMETER_VALUE", run_id=run_id)
    assert "'path'" in message


def test_a_run_whose_files_are_elsewhere_says_where(api: Api) -> None:
    run_id = api.new_run(api.new_experiment(artifact_location="s3://bucket/prefix"))
    for path in ("artifacts/list", "/get-artifact"):
        message = api.refused("GET", path, "INVALID_PARAMETER_VALUE", run_id=run_id, path="f")
        assert f"s3://bucket/prefix/{run_id}/artifacts" in message
    answer = api.client.post(UPLOAD, params={"run_uuid": run_id, "path": "f"}, content=b"x")
    assert answer.status_code == 400


def test_a_browser_adds_a_small_file_to_a_run(api: Api, run_id: str) -> None:
    params = {"run_uuid": run_id, "path": "notes/n.md"}
    answer = api.client.post(
        UPLOAD, params=params, content=b"note", headers={"Content-Type": "text/markdown"}
    )
    assert (answer.status_code, answer.json()) == (200, {})
    assert api.client.get("/get-artifact", params={"run_id": run_id, "path": "notes/n.md"}).content == b"note"


@pytest.mark.parametrize("content", [b"", b"x" * (10 * 1024 * 1024 + 1)])
def test_an_empty_or_large_body_is_refused(api: Api, run_id: str, content: bytes) -> None:
    params = {"run_uuid": run_id, "path": "f"}
    assert api.client.post(UPLOAD, params=params, content=content).status_code == 400
    streamed = api.client.post(UPLOAD, params=params, content=iter([content]))
    assert streamed.status_code == 400
    assert api.client.get("/get-artifact", params={"run_id": run_id, "path": "f"}).status_code == 404


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_a_logged_models_files_are_listed_and_sent(api: Api, experiment_id: str, prefix: str) -> None:
    model_id = new_logged_model(api, experiment_id)
    put(api, f"{experiment_id}/models/{model_id}/artifacts/data/MLmodel", b"flavors: {}")
    base = f"{prefix}/2.0/mlflow/logged-models/{model_id}/artifacts"
    listing = api.get(f"{base}/directories", artifact_directory_path="data")
    assert listing["root_uri"] == f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts"
    assert listing["files"] == [{"path": "data/MLmodel", "is_dir": False, "file_size": 11}]
    assert api.get(f"{base}/directories")["files"] == [{"path": "data", "is_dir": True}]
    answer = api.client.get(f"{base}/files", params={"artifact_file_path": "data/MLmodel"})
    assert (answer.content, answer.headers["content-type"]) == (b"flavors: {}", "text/plain")
    api.refused("GET", f"{base}/files", "BAD_REQUEST")
    api.refused("GET", f"{base}/files", "INVALID_PARAMETER_VALUE", artifact_file_path="../MLmodel")


def test_a_missing_or_deleted_logged_model_is_not_found(api: Api, experiment_id: str) -> None:
    deleted = new_logged_model(api, experiment_id, stage=LifecycleStage.DELETED)
    for model_id in (deleted, new_model_id(), "%00"):
        api.refused("GET", f"logged-models/{model_id}/artifacts/directories", "RESOURCE_DOES_NOT_EXIST", 404)


def test_a_versions_file_is_sent_from_where_its_model_is(api: Api, experiment_id: str, run_id: str) -> None:
    model_id = new_logged_model(api, experiment_id)
    models = f"{experiment_id}/models/{model_id}/artifacts"
    put(api, f"{models}/MLmodel", b"model file")
    for source, stored, content in (
        (f"models:/{model_id}", f"mlflow-artifacts:/{models}", b"model file"),
        (f"mlflow-artifacts:/{models}", "", b"model file"),
        (f"runs:/{run_id}", f"runs:/{run_id}", b"run file"),
    ):
        params = {"name": new_version(api, source, stored), "version": "1", "path": "MLmodel"}
        assert api.client.get("/model-versions/get-artifact", params=params).content == content


def test_a_missing_version_is_not_found(api: Api) -> None:
    name = new_version(api, "s3://bucket/model")
    path = "/model-versions/get-artifact"
    api.refused("GET", path, "RESOURCE_DOES_NOT_EXIST", 404, name=name, version="2", path="f")
    api.refused("GET", path, "RESOURCE_DOES_NOT_EXIST", 404, name="none", version="1", path="f")
    assert "s3://bucket/model" in api.refused(
        "GET", path, "INVALID_PARAMETER_VALUE", name=name, version="1", path="f"
    )
    for version in ("01", "9" * 30, "-1"):
        api.refused("GET", path, "RESOURCE_DOES_NOT_EXIST", 404, name=name, version=version, path="f")
    for version in ("x", "1.0", "1\0"):
        api.refused("GET", path, "INVALID_PARAMETER_VALUE", name=name, version=version, path="f")


def test_nothing_is_presigned(api: Api, experiment_id: str, run_id: str) -> None:
    bad = "INVALID_PARAMETER_VALUE"
    elsewhere = api.new_run(api.new_experiment(artifact_location="s3://bucket/other"))
    model_id = new_logged_model(api, experiment_id)
    for what, run in (("upload", {"run_id": run_id}), ("download", {"run_id": run_id}),
                      ("upload", {"model_id": model_id})):  # fmt: skip
        message = api.refused("POST", f"artifacts/presigned-{what}-url", bad, path="f", **run)
        assert message.startswith(f"Presigned {what} is not supported")
    for what in ("upload", "download"):
        path = f"artifacts/presigned-{what}-url"
        assert "not served" in api.refused("POST", path, bad, run_id=elsewhere, path="f")
        api.refused("POST", path, "RESOURCE_DOES_NOT_EXIST", 404, run_id=MISSING_RUN, path="f")
        api.refused("POST", path, bad, run_id=run_id, path="../f")
        api.refused("POST", path, bad, run_id=run_id, path="f", expiration=604_801)
        api.refused("POST", path, bad, path="f")
        for body in (r'{"run_id": "\ud800", "path": "f"}', rf'{{"run_id": "{run_id}", "path": "\ud800"}}'):
            typed = {"Content-Type": "application/json"}
            answer = api.client.post(f"/api/2.0/mlflow/{path}", content=body, headers=typed)
            assert (answer.status_code, answer.json()["error_code"]) == (400, bad)
    api.refused("POST", "artifacts/presigned-upload-url", bad, run_id=run_id, model_id=model_id, path="f")
