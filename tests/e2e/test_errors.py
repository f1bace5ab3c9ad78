"""A call that cannot be served is refused with MLflow's error code and a message that names the reason."""

import uuid

import mlflow
import pytest
from mlflow.entities import Experiment, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused

TOO_LONG = "k" * 251


def test_a_missing_run_is_named(client: MlflowClient) -> None:
    run_id = uuid.uuid4().hex
    with refused("RESOURCE_DOES_NOT_EXIST", run_id):
        client.get_run(run_id)
    with refused("RESOURCE_DOES_NOT_EXIST", run_id):
        client.log_metric(run_id, "loss", 1.0)
    with refused("RESOURCE_DOES_NOT_EXIST", run_id):
        client.log_batch(run_id, params=[Param("a", "b")])


def test_a_missing_experiment_is_named(client: MlflowClient) -> None:
    with refused("RESOURCE_DOES_NOT_EXIST", "987654321"):
        client.get_experiment("987654321")
    with refused("RESOURCE_DOES_NOT_EXIST", "987654321"):
        client.create_run("987654321")
    assert client.get_experiment_by_name("nobody made this") is None


def test_a_missing_model_is_named(client: MlflowClient, model_name: str) -> None:
    with refused("RESOURCE_DOES_NOT_EXIST", model_name):
        client.get_registered_model(model_name)
    with refused("RESOURCE_DOES_NOT_EXIST", model_name):
        client.get_model_version(model_name, "1")
    with refused("RESOURCE_DOES_NOT_EXIST", model_name):
        mlflow.pyfunc.load_model(f"models:/{model_name}/1")
    missing = f"m-{uuid.uuid4().hex}"
    with refused("RESOURCE_DOES_NOT_EXIST", missing):
        client.get_logged_model(missing)


def test_an_experiments_name_is_taken_once(experiment: Experiment, client: MlflowClient) -> None:
    with refused("RESOURCE_ALREADY_EXISTS", experiment.name):
        client.create_experiment(experiment.name)


def test_a_models_name_is_taken_once(client: MlflowClient, model_name: str) -> None:
    client.create_registered_model(model_name)
    with refused("RESOURCE_ALREADY_EXISTS", model_name):
        client.create_registered_model(model_name)


def test_a_param_keeps_its_first_value_and_the_refusal_names_both(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        mlflow.log_param("depth", "three")
        mlflow.log_param("depth", "three")
        with refused("INVALID_PARAMETER_VALUE", "depth", "three", "four"):
            mlflow.log_param("depth", "four")
        with refused("INVALID_PARAMETER_VALUE", "depth", "three", "five"):
            mlflow.log_params({"depth": "five", "width": "1"})
    assert client.get_run(run.info.run_id).data.params["depth"] == "three"


def test_keys_have_a_length_that_is_named(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        with refused("INVALID_PARAMETER_VALUE", "250"):
            mlflow.log_param(TOO_LONG, 1)
        with refused("INVALID_PARAMETER_VALUE", "250"):
            mlflow.log_metric(TOO_LONG, 1.0)
        with refused("INVALID_PARAMETER_VALUE", "250"):
            mlflow.set_tag(TOO_LONG, "x")
        with refused("INVALID_PARAMETER_VALUE"):
            mlflow.log_metrics({TOO_LONG: 1.0})
        mlflow.log_param(TOO_LONG[:250], 1)
    assert client.get_run(run.info.run_id).data.params == {TOO_LONG[:250]: "1"}


@pytest.mark.parametrize("key", ["../up", "a//b", "/root", "semi;colon"])
def test_a_key_that_could_not_be_a_path_is_refused(key: str, experiment: Experiment) -> None:
    with mlflow.start_run(), refused("INVALID_PARAMETER_VALUE"):
        mlflow.log_metric(key, 1.0)


@pytest.mark.parametrize(
    "query",
    [
        "metrics.loss >",
        "metrics.loss = 'not a number'",
        "params.depth = 3",
        "metrics.a > 1 XOR metrics.b > 1",
        "no_such_attribute = 'x'",
        "tags.team LIKES 'v%'",
    ],
)
def test_a_filter_that_cannot_be_understood_is_refused(query: str, experiment: Experiment) -> None:
    with refused("INVALID_PARAMETER_VALUE"):
        mlflow.search_runs([experiment.experiment_id], filter_string=query)


@pytest.mark.parametrize("order", ["metrics.loss SIDEWAYS", "no_such_attribute ASC"])
def test_an_order_that_cannot_be_understood_is_refused(order: str, experiment: Experiment) -> None:
    with refused("INVALID_PARAMETER_VALUE"):
        mlflow.search_runs([experiment.experiment_id], order_by=[order])


def test_an_experiment_that_was_deleted_cannot_be_set(experiment: Experiment, client: MlflowClient) -> None:
    client.delete_experiment(experiment.experiment_id)
    with pytest.raises(MlflowException, match="deleted experiment"):
        mlflow.set_experiment(experiment.name)
