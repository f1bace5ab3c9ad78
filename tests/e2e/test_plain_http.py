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


@trackhelm_only("a body of a GET counts only for some")
def test_the_arguments_of_a_get_may_be_its_body(
    server: ServerProcess, experiment: Experiment, client: MlflowClient
) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    name = f"model of {run_id}"
    client.create_registered_model(name)
    api = f"{server.url}/api/2.0/mlflow"
    run = httpx.request("GET", f"{api}/runs/get", json={"run_id": run_id}).json()["run"]
    assert run["info"]["run_id"] == run_id
    asked = {"filter": f"name = '{name}'"}
    found = httpx.request("GET", f"{api}/registered-models/search", json=asked).json()["registered_models"]
    assert [model["name"] for model in found] == [name]
    refused = httpx.get(f"{api}/registered-models/search", params={"filter_string": asked["filter"]})
    assert refused.status_code == httpx.codes.BAD_REQUEST


@trackhelm_only("numbers in exponent form are refused")
def test_scalars_may_all_be_text(server: ServerProcess, experiment: Experiment, client: MlflowClient) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    point = {"key": "loss", "value": "5e-01", "timestamp": "1.7e+12", "step": "1e+05"}
    api = f"{server.url}/api/2.0/mlflow/runs"
    assert httpx.post(f"{api}/log-metric", json={"run_id": run_id, **point}).status_code == httpx.codes.OK
    batch = {"run_id": run_id, "metrics": [{**point, "step": "2e+05"}]}
    assert httpx.post(f"{api}/log-batch", json=batch).status_code == httpx.codes.OK
    history = client.get_metric_history(run_id, "loss")
    assert [(point.step, point.value, point.timestamp) for point in history] == [
        (100_000, 0.5, 1_700_000_000_000),
        (200_000, 0.5, 1_700_000_000_000),
    ]
    refused = httpx.post(f"{api}/log-metric", json={"run_id": run_id, **point, "step": "1e19"})
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert '"1e19"' in refused.json()["message"]


@trackhelm_only("the doubled slash is another path")
def test_a_tracking_uri_may_end_in_slashes(server: ServerProcess, experiment: Experiment) -> None:
    mlflow.set_tracking_uri(f"{server.url}//")
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
        mlflow.log_text("text", "deep/a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/deep/a.txt") == "text"
    assert [found.info.run_id for found in mlflow.search_runs(output_format="list")] == [run.info.run_id]
