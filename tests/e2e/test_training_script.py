"""The first script anybody runs."""

import mlflow
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score

from tests.e2e.training import iris_split


def test_a_trained_forest_is_loaded_back_from_its_run_with_its_params_and_accuracy() -> None:
    train_x, test_x, train_y, test_y = iris_split()
    params = {"n_estimators": 20, "max_depth": 3, "criterion": "gini", "random_state": 7}

    mlflow.set_experiment("iris-first-steps")
    with mlflow.start_run() as run:
        mlflow.log_params(params)
        forest = RandomForestClassifier(**params).fit(train_x, train_y)
        accuracy = accuracy_score(test_y, forest.predict(test_x))
        mlflow.log_metric("accuracy", accuracy)
        mlflow.sklearn.log_model(forest, name="model", serialization_format="cloudpickle")

    kept = mlflow.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.end_time >= kept.info.start_time
    assert kept.data.params == {key: str(value) for key, value in params.items()}
    assert kept.data.metrics == {"accuracy": accuracy}
    assert mlflow.get_experiment(kept.info.experiment_id).name == "iris-first-steps"

    loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    np.testing.assert_array_equal(loaded.predict(test_x), forest.predict(test_x))
    np.testing.assert_array_equal(loaded.predict_proba(test_x), forest.predict_proba(test_x))


def test_setting_an_experiment_again_finds_the_same_one() -> None:
    first = mlflow.set_experiment("iris-again")
    assert mlflow.set_experiment("iris-again").experiment_id == first.experiment_id


def test_a_run_without_an_experiment_goes_to_the_default_one() -> None:
    mlflow.set_experiment(experiment_id="0")
    with mlflow.start_run() as run:
        mlflow.log_param("where", "default")
    assert mlflow.get_experiment("0").name == "Default"
    assert mlflow.get_run(run.info.run_id).info.experiment_id == "0"


def test_more_params_than_one_request_may_hold_are_all_kept() -> None:
    params = {f"group/{number}.size": number for number in range(150)} | {"empty": "", "words": "größe, 数据"}
    mlflow.set_experiment("iris-many-params")
    with mlflow.start_run() as run:
        mlflow.log_params(params)
    assert mlflow.get_run(run.info.run_id).data.params == {key: str(value) for key, value in params.items()}
