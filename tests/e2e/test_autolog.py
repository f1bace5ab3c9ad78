"""`mlflow.sklearn.autolog()`: one line, and everything about the training is on the run."""

from collections.abc import Iterator

import mlflow
import numpy as np
import pytest
from mlflow.entities import Experiment, Run
from sklearn.ensemble import RandomForestClassifier

from tests.e2e.training import iris_split


@pytest.fixture
def autolog() -> Iterator[None]:
    mlflow.sklearn.autolog(log_input_examples=True)
    yield
    mlflow.sklearn.autolog(disable=True)


@pytest.fixture
def fitted(autolog: None, experiment: Experiment) -> tuple[Run, RandomForestClassifier]:
    train_x, test_x, train_y, test_y = iris_split()
    forest = RandomForestClassifier(n_estimators=15, max_depth=2, random_state=7)
    with mlflow.start_run() as run:
        forest.fit(train_x, train_y)
        forest.score(test_x, test_y)
    return mlflow.get_run(run.info.run_id), forest


def test_fit_and_score_leave_everything_on_the_run(fitted: tuple[Run, RandomForestClassifier]) -> None:
    run, forest = fitted
    _, test_x, _, test_y = iris_split()
    assert run.info.status == "FINISHED"

    assert run.data.params["n_estimators"] == "15"
    assert run.data.params["max_depth"] == "2"
    assert set(run.data.params) == set(forest.get_params())

    training = {f"training_{name}" for name in ("accuracy_score", "f1_score", "log_loss", "roc_auc", "score")}
    assert training <= set(run.data.metrics)
    assert run.data.metrics["RandomForestClassifier_score_test_x"] == forest.score(test_x, test_y)
    assert run.data.tags["estimator_name"] == "RandomForestClassifier"

    (training_input,) = [used for used in run.inputs.dataset_inputs if used.tags[0].value == "train"]
    assert training_input.dataset.digest

    artifacts = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert {"training_confusion_matrix.png", "estimator.html"} <= artifacts


def test_the_model_that_fit_logged_has_a_signature_and_predicts_the_same(
    fitted: tuple[Run, RandomForestClassifier],
) -> None:
    run, forest = fitted
    _, test_x, _, _ = iris_split()
    (output,) = run.outputs.model_outputs
    assert mlflow.get_logged_model(output.model_id).source_run_id == run.info.run_id

    model = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    assert model.metadata.signature.inputs is not None
    assert model.metadata.signature.outputs is not None
    assert model.input_example is not None
    np.testing.assert_array_equal(model.predict(test_x), forest.predict(test_x))
