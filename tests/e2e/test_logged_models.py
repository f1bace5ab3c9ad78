"""Models that runs put out, with metrics of their own, before anybody registers them."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Experiment, LoggedModelStatus
from mlflow.tracking import MlflowClient

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
