"""The stock client at other addresses than the plain one: below a path, and with slashes at its end."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import pytest
from mlflow import MlflowClient

from tests.e2e.server import STOCK, ServerProcess

pytestmark = pytest.mark.skipif(STOCK, reason="starts Trackhelm with settings of its own")

PREFIX = "/ml/trackhelm"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server") / "data", {"TRACKHELM_PATH_PREFIX": PREFIX})
    process.start()
    yield process
    process.stop()


def work_with_everything(folder: Path) -> None:
    """Use the tracking API, artifacts, logged models and the registry."""
    name = f"addressed-{uuid.uuid4().hex[:8]}"
    mlflow.set_experiment(name)

    class Doubles(mlflow.pyfunc.PythonModel):
        def predict(self, context: object, model_input: list[float]) -> list[float]:
            return [2 * number for number in model_input]

    (folder / "b.txt").write_text("b")
    with mlflow.start_run() as run:
        mlflow.log_param("rate", 0.1)
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_text("größe", "deep/a.txt")
        mlflow.log_artifacts(str(folder), "folder")
        mlflow.pyfunc.log_model(name="model", python_model=Doubles(), registered_model_name=name)
    (found,) = mlflow.search_runs(output_format="list")
    assert (found.data.params, found.data.metrics) == ({"rate": "0.1"}, {"loss": 0.5})
    client = MlflowClient()
    assert client.get_metric_history(run.info.run_id, "loss")[0].step == 1
    assert [file.path for file in client.list_artifacts(run.info.run_id, "folder")] == ["folder/b.txt"]
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/deep/a.txt") == "größe"
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/folder/b.txt") == "b"
    client.set_registered_model_alias(name, "best", "1")
    assert mlflow.pyfunc.load_model(f"models:/{name}@best").predict([1.0, 2.5]) == [2.0, 5.0]
    client.delete_registered_model(name)
    client.delete_experiment(run.info.experiment_id)


@pytest.mark.parametrize("end", ["", "/", "//"])
def test_below_a_path(
    server: ServerProcess, tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert httpx.get(f"http://127.0.0.1:{server.port}/api/2.0/mlflow/experiments/get").status_code == 404
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url + end)
    mlflow.set_tracking_uri(server.url + end)
    work_with_everything(tmp_path)


def test_the_server_prints_its_whole_address(server: ServerProcess) -> None:
    assert f"export MLFLOW_TRACKING_URI={server.url}\n" in server.log_file.read_text()


def test_the_web_ui_is_at_the_root_or_a_page_that_says_how_to_build_it(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<title>Trackhelm</title>" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_an_address_that_is_too_long_is_refused_in_mlflows_form(server: ServerProcess) -> None:
    with pytest.raises(mlflow.MlflowException, match="longer than 4194304 bytes") as refusal:
        MlflowClient().search_registered_models(f"name IN ({','.join(['x' * 200] * 21_000)})")
    assert refusal.value.get_http_status_code() == 400  # how the client reads BAD_REQUEST
