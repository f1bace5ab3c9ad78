"""Experiments whose files are where clients say: kept as they said it, and one owner to a place."""

import uuid

import httpx
import mlflow
import pytest
from mlflow.entities import LifecycleStage
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused
from tests.e2e.server import ServerProcess, trackhelm_only


@pytest.fixture
def bucket() -> str:
    return f"bucket-{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize(
    "location",
    [
        "oss://{}/x",
        "wasb://data@{}.blob.core.windows.net/x",
        "adl://{}.azuredatalakestore.net/x",
        "s3a://{}/x",
        "my-plugin://{}/x",
        "s3://{}/x?versionId=1",
    ],
)
def test_a_location_that_only_clients_read_is_kept_as_it_is(
    client: MlflowClient, bucket: str, location: str
) -> None:
    location = location.format(bucket)
    experiment = client.create_experiment(f"at {bucket}", artifact_location=location)
    assert client.get_experiment(experiment).artifact_location == location
    run = client.create_run(experiment)
    path, mark, query = location.partition("?")
    assert run.info.artifact_uri == f"{path}/{run.info.run_id}/artifacts{mark}{query}"
    assert client.search_runs([experiment])[0].info.artifact_uri == run.info.artifact_uri


@trackhelm_only("its own server lets two experiments share a place")
def test_a_place_has_one_owner(client: MlflowClient, bucket: str) -> None:
    owner = client.create_experiment(f"owner {bucket}", artifact_location=f"s3://{bucket}/team")
    for taken in (f"s3://{bucket}/team/", f"s3a://{bucket}//team/below", f"S3://{bucket}"):
        with refused("INVALID_PARAMETER_VALUE", "Invalid artifact location", f"experiment {owner} "):
            client.create_experiment(f"other {bucket}", artifact_location=taken)
    for taken in ("mlflow-artifacts:/", f"mlflow-artifacts:/{owner}999"):
        with refused("INVALID_PARAMETER_VALUE", "Invalid artifact location"):
            client.create_experiment(f"other {bucket}", artifact_location=taken)
    client.delete_experiment(owner)
    with refused("INVALID_PARAMETER_VALUE", f"experiment {owner} ", "which is deleted: restore it"):
        client.create_experiment(f"other {bucket}", artifact_location=f"s3://{bucket}/team")
    client.restore_experiment(owner)
    assert client.get_experiment(owner).lifecycle_stage == LifecycleStage.ACTIVE
    mlflow.create_experiment(f"other {bucket}", artifact_location=f"s3://{bucket}/other")


@trackhelm_only("a failure of the server")
def test_files_that_the_server_does_not_read_are_refused_by_its_own_answer(
    client: MlflowClient, bucket: str, server: ServerProcess
) -> None:
    for location, begins in (
        (f"oss://{bucket}/x", "Could not find a registered artifact repository for: "),
        (f"s3://{bucket}/x", "The files at "),
    ):
        experiment = client.create_experiment(f"at {location}", artifact_location=location)
        run = client.create_run(experiment).info.run_id
        for request in ("api/2.0/mlflow/artifacts/list", "get-artifact"):
            answer = httpx.get(f"{server.url}/{request}", params={"run_id": run, "path": "f"})
            assert answer.status_code == httpx.codes.BAD_REQUEST
            assert answer.json()["message"].startswith(begins)
            assert "TRACKHELM_ARTIFACT_LOCATIONS" in answer.json()["message"]
