"""While the server does not answer, nothing stops and nothing is lost."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import trackhelm as mlflow
from tests.e2e.polling import wait_until
from tests.e2e.server import ServerProcess
from trackhelm.entities import LoggedModelInput, LoggedModelOutput
from trackhelm.exceptions import MlflowException


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("TRACKHELM_LOG_ENVIRONMENT", "false")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    process = ServerProcess(tmp_path / "server")
    process.start()
    mlflow.set_tracking_uri(process.url)
    yield process
    if process.running:
        process.stop()


def test_a_run_goes_on_while_the_server_is_away(own_server: ServerProcess) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 1, step=1)
        own_server.kill()
        mlflow.log_metric("loss", 0.5, step=2)
        mlflow.log_param("depth", 3)
        mlflow.set_tag("state", "on")
    own_server.restart()
    found = mlflow.get_run(run.info.run_id)
    assert (found.info.status, found.data.metrics, found.data.params) == (
        "FINISHED",
        {"loss": 0.5},
        {"depth": "3"},
    )
    assert found.data.tags["state"] == "on"


def test_a_run_starts_while_the_server_is_away(
    own_server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"away-{uuid.uuid4().hex[:8]}"
    own_server.kill()
    mlflow.set_experiment(name)
    with mlflow.start_run(tags={"team": "vision"}, description="offline") as outer:
        mlflow.log_metric("loss", 0.5)
        with mlflow.start_run(run_name="inner", nested=True) as inner:
            mlflow.log_param("fold", 1)
        monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "0.1")
        with pytest.raises(MlflowException) as refused:
            mlflow.get_run(outer.info.run_id)
        assert refused.value.error_code == "TEMPORARILY_UNAVAILABLE"
    monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "120")
    own_server.restart()
    runs = {run.info.run_id: run for run in mlflow.search_runs(experiment_names=[name], output_format="list")}
    assert set(runs) == {outer.info.run_id, inner.info.run_id}
    found = runs[outer.info.run_id]
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"loss": 0.5})
    assert found.info.run_name == outer.info.run_name
    assert found.info.start_time == outer.info.start_time
    assert found.data.tags["mlflow.note.content"] == "offline"
    assert runs[inner.info.run_id].data.tags["mlflow.parentRunId"] == outer.info.run_id


def test_a_run_is_resumed_while_the_server_is_away(own_server: ServerProcess) -> None:
    with mlflow.start_run(run_name="first") as run:
        mlflow.log_metric("loss", 1, step=1)
    mlflow.flush_async_logging()
    own_server.kill()
    with mlflow.start_run(run.info.run_id):
        mlflow.log_metric("loss", 0.5, step=2)
    own_server.restart()
    found = mlflow.get_run(run.info.run_id)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "first")
    assert [point.step for point in mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")] == [
        1,
        2,
    ]


def test_inputs_and_outputs_are_noted_while_the_server_is_away(own_server: ServerProcess) -> None:
    model = mlflow.MlflowClient().create_logged_model("0", "forest")
    with mlflow.start_run() as run:
        own_server.kill()
        data = mlflow.data.from_numpy(np.arange(3.0), name="numbers")
        mlflow.log_input(data, context="training", model=LoggedModelInput(model.model_id))
        mlflow.log_outputs([LoggedModelOutput(model.model_id, 3)])
        mlflow.log_metric("loss", 0.5, dataset=data)
    own_server.restart()
    found = mlflow.get_run(run.info.run_id)
    assert found.inputs is not None
    [used] = found.inputs.dataset_inputs
    assert used.dataset.name == "numbers"
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "training"}
    assert [one.model_id for one in found.inputs.model_inputs] == [model.model_id]
    assert found.outputs is not None
    assert [(one.model_id, one.step) for one in found.outputs.model_outputs] == [(model.model_id, 3)]


def test_the_environment_is_stored_when_the_server_is_back(
    own_server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKHELM_LOG_ENVIRONMENT", "true")
    monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "0.2")
    monkeypatch.setattr("trackhelm.context._AGAIN_SECONDS", 0.2)
    own_server.kill()
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
        own_server.restart()
        monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "60")
        client = mlflow.MlflowClient()
        wait_until(
            lambda: [file.path for file in client.list_artifacts(run.info.run_id)] == ["environment.json"],
            seconds=60,
            what="the environment",
        )


def test_an_artifact_says_that_it_was_not_stored(own_server: ServerProcess) -> None:
    with mlflow.start_run() as run:
        own_server.kill()
        with pytest.raises(MlflowException, match=r"note\.txt of the run .* was not stored") as refused:
            mlflow.log_text("a note", "note.txt")
        assert refused.value.error_code == "TEMPORARILY_UNAVAILABLE"
        own_server.restart()
        mlflow.log_text("a note", "note.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt") == "a note"


def test_what_needs_an_answer_raises(own_server: ServerProcess) -> None:
    own_server.kill()
    for call in (
        lambda: mlflow.create_experiment("x"),
        lambda: mlflow.MlflowClient().create_run("0"),
        mlflow.search_experiments,
        lambda: mlflow.register_model("models:/m-1", "x"),
    ):
        with pytest.raises(MlflowException, match="API request to"):
            call()
