"""Models that runs put out, with metrics of their own, before anybody registers them."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Experiment, LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric
from mlflow.tracking import MlflowClient

from tests.e2e.server import trackhelm_only
from tests.e2e.training import log_constant_model


def test_a_logged_model_is_an_output_of_its_run(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_params({"depth": 3})
        info = log_constant_model(1, name="forest")
    (output,) = client.get_run(run.info.run_id).outputs.model_outputs
    assert output.model_id == info.model_id
    model = mlflow.get_logged_model(info.model_id)
    assert model.name == "forest"
    assert model.status == LoggedModelStatus.READY
    assert model.source_run_id == run.info.run_id
    assert model.experiment_id == experiment.experiment_id
    assert model.params == {"depth": "3"}


def test_a_metric_can_be_about_a_model(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        first, second = log_constant_model(1, name="first"), log_constant_model(2, name="second")
        mlflow.log_metric("accuracy", 0.8, model_id=first.model_id)
        mlflow.log_metric("accuracy", 0.9, step=1, model_id=second.model_id)
    for info, accuracy in ((first, 0.8), (second, 0.9)):
        (metric,) = mlflow.get_logged_model(info.model_id).metrics
        assert (metric.key, metric.value, metric.run_id) == ("accuracy", accuracy, run.info.run_id)
    assert client.get_run(run.info.run_id).data.metrics["accuracy"] == 0.9


def test_every_point_of_a_models_metrics_comes_back(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        info = log_constant_model(1, name="forest")
        for step in range(5):
            mlflow.log_metric("accuracy", step / 10, step=step, model_id=info.model_id)
        client.log_batch(
            run.info.run_id,
            [Metric("loss", 1 / (step + 1), 10 + step, step, info.model_id) for step in range(3)],
        )
    (found,) = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
    for model in (mlflow.get_logged_model(info.model_id), found):
        history: dict[str, list[tuple[int, float]]] = {}
        for metric in model.metrics:
            assert (metric.model_id, metric.run_id) == (info.model_id, run.info.run_id)
            history.setdefault(metric.key, []).append((metric.step, metric.value))
        assert history == {
            "accuracy": [(step, step / 10) for step in range(5)],
            "loss": [(step, 1 / (step + 1)) for step in range(3)],
        }
    # Any point will do.
    for text, is_found in (("accuracy < 0.1", True), ("accuracy = 0.2", True), ("loss > 1", False)):
        page = client.search_logged_models([experiment.experiment_id], f"metrics.{text}")
        assert bool(page) is is_found


def test_models_are_found_by_name_and_ordered_by_a_metric(experiment: Experiment) -> None:
    for accuracy in (0.7, 0.9, 0.8):
        with mlflow.start_run():
            info = log_constant_model(1, name="forest")
            mlflow.log_metric("accuracy", accuracy, model_id=info.model_id)
            log_constant_model(2, name="linear")
    found = mlflow.search_logged_models(
        [experiment.experiment_id],
        filter_string="name = 'forest'",
        order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
        output_format="list",
    )
    assert [model.name for model in found] == ["forest"] * 3
    assert [model.metrics[0].value for model in found] == [0.9, 0.8, 0.7]


@trackhelm_only("it lists each version twice, as a number and as text, and sorts the models by their ids")
def test_versions_are_listed_once_and_models_in_their_order(
    experiment: Experiment, client: MlflowClient, model_name: str
) -> None:
    with mlflow.start_run() as run:
        info = log_constant_model(1, registered_model_name=model_name)
    mlflow.register_model(info.model_uri, model_name)
    mlflow.register_model(f"runs:/{run.info.run_id}/{info.name}", model_name)
    client.create_model_version(model_name, info.model_uri, model_id=info.model_id)
    entries = [f'{{"name": "{model_name}", "version": {number}}}' for number in range(1, 5)]
    tags = client.get_logged_model(info.model_id).tags
    assert tags["mlflow.modelVersions"] == f"[{', '.join(entries)}]"

    ids = ["m-z", "m-b", "m-y"]
    second = client.create_run(experiment.experiment_id).info.run_id
    client.log_inputs(second, models=[LoggedModelInput(model_id) for model_id in ids])
    client.log_outputs(second, [LoggedModelOutput(model_id, step) for step, model_id in enumerate(ids)])
    found = client.get_run(second)
    assert [model.model_id for model in found.inputs.model_inputs] == ids
    assert [model.model_id for model in found.outputs.model_outputs] == ids


def test_a_logged_model_carries_tags_and_can_be_deleted(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run():
        info = log_constant_model(1)
    client.set_logged_model_tags(info.model_id, {"team": "vision", "draft": "yes"})
    client.delete_logged_model_tag(info.model_id, "draft")
    tags = client.get_logged_model(info.model_id).tags
    assert (tags.get("team"), tags.get("draft")) == ("vision", None)
    client.delete_logged_model(info.model_id)
    assert mlflow.search_logged_models([experiment.experiment_id], output_format="list") == []


@pytest.mark.parametrize("scheme", ["runs", "models"])
def test_a_model_of_ones_own_class_is_loaded_with_its_code_and_files(
    scheme: str, experiment: Experiment, tmp_path: Path
) -> None:
    class Scale(mlflow.pyfunc.PythonModel):
        def load_context(self, context: mlflow.pyfunc.PythonModelContext) -> None:
            self.factor = float(Path(context.artifacts["factor"]).read_text())

        def predict(self, _context: object, model_input: pd.DataFrame) -> np.ndarray:
            return model_input["x"].to_numpy() * self.factor

    factor = tmp_path / "factor.txt"
    factor.write_text("2.5")
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(
            name="scale",
            python_model=Scale(),
            artifacts={"factor": str(factor)},
            input_example=frame,
            pip_requirements=["cloudpickle"],
        )
    uri = f"runs:/{run.info.run_id}/scale" if scheme == "runs" else info.model_uri
    loaded = mlflow.pyfunc.load_model(uri)
    np.testing.assert_array_equal(loaded.predict(frame), [2.5, 5.0, 10.0])
    assert [column.name for column in loaded.metadata.signature.inputs] == ["x"]
