"""What a load balancer, a browser or curl sees without any client."""

import httpx
import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.server import ServerProcess, trackhelm_only


@trackhelm_only("an unknown path is an HTML page")
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api/2.0/mlflow/no-such-thing", "/api/3.0/mlflow/no-such-thing"])
def test_an_unknown_api_path_is_refused_in_mlflows_form(
    method: str, path: str, server: ServerProcess
) -> None:
    answer = httpx.request(method, server.url + path)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert body["error_code"] == "ENDPOINT_NOT_FOUND"
    assert path in body["message"]


def test_health_says_ok(server: ServerProcess) -> None:
    answer = httpx.get(server.url + "/health")
    assert (answer.status_code, answer.text) == (httpx.codes.OK, "OK")


@trackhelm_only("readiness is not told apart from being alive")
def test_ready_answers_while_the_server_can_work(server: ServerProcess) -> None:
    assert httpx.get(server.url + "/ready").status_code == httpx.codes.OK


@trackhelm_only("the version is said to be HTML")
def test_version_is_a_bare_text(server: ServerProcess) -> None:
    answer = httpx.get(server.url + "/version")
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text[0].isdigit()


def test_a_request_without_a_required_field_names_it(server: ServerProcess) -> None:
    answer = httpx.get(server.url + "/api/2.0/mlflow/runs/get")
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "run_id" in answer.json()["message"]


def test_a_batch_over_the_limit_is_refused_whole(
    server: ServerProcess, experiment: Experiment, client: MlflowClient
) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    points = [{"key": "loss", "value": 1.0, "timestamp": 1, "step": step} for step in range(1001)]
    answer = httpx.post(
        server.url + "/api/2.0/mlflow/runs/log-batch", json={"run_id": run_id, "metrics": points}
    )
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "1000" in answer.json()["message"]
    assert client.get_metric_history(run_id, "loss") == []


@trackhelm_only("the doubled slash is another path")
def test_a_tracking_uri_may_end_in_slashes(server: ServerProcess, experiment: Experiment) -> None:
    mlflow.set_tracking_uri(f"{server.url}//")
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
        mlflow.log_text("text", "deep/a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/deep/a.txt") == "text"
    assert [found.info.run_id for found in mlflow.search_runs(output_format="list")] == [run.info.run_id]
