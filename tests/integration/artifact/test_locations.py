"""Files of experiments that name a place of their own: served where the operator allows it."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.api import Api, api_of
from tests.fixtures.s3 import BUCKET, S3Server
from trackhelm_artifact.integrity.purging import place_of
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import LocationError, Locations
from trackhelm_artifact.objects.store import StoreUrlError
from trackhelm_core.settings import ObjectSettings, StorageSettings

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

PREFIX = f"locations-{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def served(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path]]:
    """Yield the API, and a folder of the machine that it may show."""
    folder = tmp_path_factory.mktemp("allowed")
    artifacts = s3_server.settings(artifact_locations=f"s3://{BUCKET}/{PREFIX}, {folder.as_uri()}")
    with api_of(StorageSettings(data=tmp_path_factory.mktemp("data")), artifacts=artifacts) as api:
        yield api, folder


def new_run(api: Api, location: str) -> str:
    return api.new_run(api.new_experiment(artifact_location=location))


def test_files_in_an_allowed_bucket_are_listed_and_sent(
    served: tuple[Api, Path], s3_server: S3Server
) -> None:
    api, _ = served
    run_id = new_run(api, f"s3://{BUCKET}/{PREFIX}/a%20b")
    client = api.client
    params = {"run_uuid": run_id, "path": "sub/f.txt"}
    assert client.post("/ajax-api/2.0/mlflow/upload-artifact", params=params, content=b"x").status_code == 200
    listed = api.get("artifacts/list", run_id=run_id)
    assert listed["root_uri"] == f"s3://{BUCKET}/{PREFIX}/a%20b/{run_id}/artifacts"
    assert listed["files"] == [{"path": "sub", "is_dir": True}]
    assert client.get("/get-artifact", params={"run_id": run_id, "path": "sub/f.txt"}).content == b"x"
    key = f"{PREFIX}/a b/{run_id}/artifacts/sub/f.txt"
    assert s3_server.client.stat_object(BUCKET, key).size == 1


@pytest.mark.parametrize("form", ["path", "uri"])
def test_files_in_an_allowed_folder_are_listed_and_sent(served: tuple[Api, Path], form: str) -> None:
    api, folder = served
    own = folder / form
    run_id = new_run(api, str(own) if form == "path" else own.as_uri())
    file = own / run_id / "artifacts" / "f.txt"
    file.parent.mkdir(parents=True)
    file.write_text("here")
    assert api.get("artifacts/list", run_id=run_id)["files"] == [
        {"path": "f.txt", "is_dir": False, "file_size": 4}
    ]
    assert api.client.get("/get-artifact", params={"run_id": run_id, "path": "f.txt"}).content == b"here"


def test_files_elsewhere_are_refused(served: tuple[Api, Path]) -> None:
    api, folder = served
    for location in (
        f"s3://{BUCKET}/{PREFIX}2",
        f"s3://other/{PREFIX}",
        f"gs://{BUCKET}/{PREFIX}",
        f"s3://{BUCKET}/{PREFIX}/x?versionId=1",
        f"s3a://{BUCKET}/{PREFIX}/y",
        "hdfs://host/x",
        "oss://bucket/x",
        "wasb://data@team.blob.core.windows.net/x",
        "adl://team/x",
        "my-plugin://x",
        "file:///etc",
        str(folder.parent / "beside"),
        f"file://host{folder}",
    ):
        run_id = new_run(api, location)
        for endpoint in ("artifacts/list", "/get-artifact"):
            message = api.refused("GET", endpoint, "INVALID_PARAMETER_VALUE", run_id=run_id, path="f")
            assert "TRACKHELM_ARTIFACT_LOCATIONS" in message
            assert location.partition("?")[0] in message
        params = {"run_uuid": run_id, "path": "f.txt"}
        answer = api.client.post("/ajax-api/2.0/mlflow/upload-artifact", params=params, content=b"x")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        # As MLflow says it of a scheme that it has nothing for.
        readable = location.startswith(("s3:", "gs:", "file:", "/"))
        assert message.startswith("The files at" if readable else "Could not find a registered artifact repo")


def test_files_that_the_server_never_touches_stay_when_their_run_is_deleted_for_good(
    served: tuple[Api, Path],
) -> None:
    api, _ = served
    application: Any = api.client.app
    runtime = application.state.runtime
    for location in (
        "oss://bucket/gone",
        f"s3://{BUCKET}/{PREFIX}/gone?versionId=1",
        f"s3a://{BUCKET}/{PREFIX}/z",
    ):
        uri = api.get("runs/get", run_id=new_run(api, location))["run"]["info"]["artifact_uri"]
        assert place_of(runtime, uri) is None


def test_a_path_cannot_lead_out_of_an_allowed_location(served: tuple[Api, Path]) -> None:
    api, folder = served
    (folder.parent / "secret").write_text("secret")
    run_id = new_run(api, str(folder / "own"))
    for path in ("../../../secret", "%2e%2e/%2e%2e/%2e%2e/secret"):
        api.refused("GET", "/get-artifact", "INVALID_PARAMETER_VALUE", run_id=run_id, path=path)


def allowed(rules: str) -> Locations:
    return Locations(ObjectSettings(artifact_locations=rules))


def test_a_rule_may_allow_every_bucket() -> None:
    locations = allowed("s3:")
    assert locations.find("s3://any/x/y")[1] == ObjectKey(("x", "y"))
    assert locations.find("s3://any/z")[0] is locations.find("s3://any/x")[0]
    with pytest.raises(LocationError):
        locations.find("gs://any/x")
    with pytest.raises(LocationError):
        allowed("").find("s3://any/x")


@pytest.mark.parametrize("rules", ["ftp://x", "s3://b?x", "file://host/x", "file:x"])
def test_a_rule_that_means_nothing_is_refused(rules: str) -> None:
    with pytest.raises(StoreUrlError):
        allowed(rules)


def test_a_folder_that_is_not_there_is_empty_and_stays_so(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with api_of(
        StorageSettings(data=tmp_path / "data"), artifacts=ObjectSettings(artifact_locations=missing.as_uri())
    ) as api:
        run_id = new_run(api, str(missing))
        assert "files" not in api.get("artifacts/list", run_id=run_id)
        api.refused("GET", "/get-artifact", "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id, path="f")
    assert not missing.exists()
