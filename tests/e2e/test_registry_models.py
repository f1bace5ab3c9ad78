"""The registry as a catalogue: finding, renaming, copying and deleting models."""

import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused
from tests.e2e.training import answer_of, log_constant_model


@pytest.fixture
def registered(experiment: Experiment, model_name: str) -> str:
    """Register a model while logging it, as most scripts do; give its run's id."""
    with mlflow.start_run() as run:
        log_constant_model(4, registered_model_name=model_name)
    return run.info.run_id


def test_logging_with_a_name_registers_the_next_version(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    assert client.get_model_version(model_name, "1").run_id == registered
    with mlflow.start_run():
        info = log_constant_model(5, registered_model_name=model_name)
    assert str(info.registered_model_version) == "2"
    assert answer_of(f"models:/{model_name}/1") == 4
    assert answer_of(f"models:/{model_name}/2") == 5


def test_models_are_found_by_name_pattern_and_tag(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    client.set_registered_model_tag(model_name, "team", "botany")
    for query in (f"name = '{model_name}'", f"name ILIKE '{model_name[:-1].upper()}%'"):
        assert [model.name for model in mlflow.search_registered_models(filter_string=query)] == [model_name]
    by_tag = mlflow.search_registered_models(filter_string=f"name = '{model_name}' AND tags.team = 'botany'")
    assert [model.name for model in by_tag] == [model_name]
    assert mlflow.search_registered_models(filter_string=f"name = '{model_name}' AND tags.team = 'zoo'") == []


def test_models_are_listed_in_the_order_asked_for(client: MlflowClient, model_name: str) -> None:
    names = [f"{model_name}-{letter}" for letter in "bac"]
    for name in names:
        client.create_registered_model(name)
    query = f"name LIKE '{model_name}-%'"
    ascending = mlflow.search_registered_models(filter_string=query)
    assert [model.name for model in ascending] == sorted(names)
    descending = mlflow.search_registered_models(filter_string=query, order_by=["name DESC"])
    assert [model.name for model in descending] == sorted(names, reverse=True)
    first_page = client.search_registered_models(query, max_results=2)
    second_page = client.search_registered_models(query, max_results=2, page_token=first_page.token)
    assert [model.name for model in (*first_page, *second_page)] == sorted(names)


def test_versions_are_found_by_name_run_and_tag(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    client.set_model_version_tag(model_name, "1", "validated", "yes")
    for query in (
        f"name = '{model_name}'",
        f"run_id = '{registered}'",
        f"name = '{model_name}' AND tags.validated = 'yes'",
        f"name = '{model_name}' AND version_number = 1",
    ):
        found = mlflow.search_model_versions(filter_string=query)
        assert [(version.name, version.version) for version in found] == [(model_name, "1")]
    assert (
        mlflow.search_model_versions(filter_string=f"name = '{model_name}' AND tags.validated = 'no'") == []
    )


def test_a_renamed_model_keeps_its_versions_under_the_new_name(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    client.set_registered_model_alias(model_name, "champion", "1")
    new_name = f"{model_name}-renamed"
    client.rename_registered_model(model_name, new_name)
    assert answer_of(f"models:/{new_name}/1") == 4
    assert answer_of(f"models:/{new_name}@champion") == 4
    with refused("RESOURCE_DOES_NOT_EXIST", model_name):
        client.get_registered_model(model_name)


def test_a_deleted_model_takes_its_versions_with_it(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    client.delete_registered_model(model_name)
    with refused("RESOURCE_DOES_NOT_EXIST", model_name):
        client.get_registered_model(model_name)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model_name, "1")
    assert mlflow.search_model_versions(filter_string=f"name = '{model_name}'") == []
    assert answer_of(f"runs:/{registered}/model") == 4


def test_a_version_can_be_copied_to_another_model(
    registered: str, client: MlflowClient, model_name: str
) -> None:
    production = f"{model_name}-production"
    copied = client.copy_model_version(f"models:/{model_name}/1", production)
    assert (copied.name, copied.version, copied.run_id) == (production, "1", registered)
    assert answer_of(f"models:/{production}/1") == 4
    client.delete_registered_model(model_name)
    assert answer_of(f"models:/{production}/1") == 4
