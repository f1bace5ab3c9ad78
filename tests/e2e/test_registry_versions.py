"""A model's way from a run to production: versions, stages, aliases, descriptions and tags."""

import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused
from tests.e2e.training import answer_of, log_constant_model


@pytest.fixture
def two_versions(experiment: Experiment, model_name: str) -> list[str]:
    """Register version 1, which answers 1, and version 2, which answers 2; give their run ids."""
    run_ids = []
    for answer in (1, 2):
        with mlflow.start_run() as run:
            log_constant_model(answer)
        version = mlflow.register_model(f"runs:/{run.info.run_id}/model", model_name)
        assert (version.version, version.run_id) == (str(answer), run.info.run_id)
        run_ids.append(run.info.run_id)
    return run_ids


def test_a_registered_version_names_its_run_and_is_ready(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    version = client.get_model_version(model_name, "1")
    assert version.status == "READY"
    assert version.current_stage == "None"
    assert version.run_id == two_versions[0]
    assert version.source.startswith("models:/m-")


def test_a_version_is_loaded_by_number_and_by_latest(two_versions: list[str], model_name: str) -> None:
    assert answer_of(f"models:/{model_name}/1") == 1
    assert answer_of(f"models:/{model_name}/2") == 2
    assert answer_of(f"models:/{model_name}/latest") == 2


def test_promoting_to_production_archives_the_version_that_was_there(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    for version in ("1", "2"):
        client.transition_model_version_stage(model_name, version, "Staging")
        assert answer_of(f"models:/{model_name}/Staging") == int(version)
        client.transition_model_version_stage(
            model_name, version, "Production", archive_existing_versions=True
        )
        assert answer_of(f"models:/{model_name}/Production") == int(version)
    stages = {v.version: v.current_stage for v in client.search_model_versions(f"name = '{model_name}'")}
    assert stages == {"1": "Archived", "2": "Production"}
    latest = client.get_latest_versions(model_name)
    assert {v.current_stage: v.version for v in latest} == {"Archived": "1", "Production": "2"}


def test_a_stage_is_understood_in_any_case_and_an_unknown_one_is_refused(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    moved = client.transition_model_version_stage(model_name, "1", "production")
    assert moved.current_stage == "Production"
    with refused("INVALID_PARAMETER_VALUE", "Canary"):
        client.transition_model_version_stage(model_name, "1", "Canary")


def test_an_alias_points_to_one_version_and_can_be_moved_and_removed(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    client.set_registered_model_alias(model_name, "champion", "1")
    assert answer_of(f"models:/{model_name}@champion") == 1
    client.set_registered_model_alias(model_name, "champion", "2")
    assert answer_of(f"models:/{model_name}@champion") == 2
    assert client.get_model_version_by_alias(model_name, "champion").version == "2"
    assert client.get_model_version(model_name, "1").aliases == []
    assert client.get_model_version(model_name, "2").aliases == ["champion"]
    assert client.get_registered_model(model_name).aliases == {"champion": "2"}

    client.delete_registered_model_alias(model_name, "champion")
    assert client.get_registered_model(model_name).aliases == {}
    with refused("INVALID_PARAMETER_VALUE", "champion"):
        client.get_model_version_by_alias(model_name, "champion")


def test_descriptions_and_tags_are_kept_on_the_model_and_on_the_version(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    client.update_registered_model(model_name, description="Which iris is it?")
    client.set_registered_model_tag(model_name, "team", "botany")
    client.update_model_version(model_name, "1", description="First attempt.")
    client.set_model_version_tag(model_name, "1", "validated", "yes")
    client.set_model_version_tag(model_name, "1", "reviewer", "ada")
    client.delete_model_version_tag(model_name, "1", "reviewer")

    model = client.get_registered_model(model_name)
    assert (model.description, model.tags) == ("Which iris is it?", {"team": "botany"})
    version = client.get_model_version(model_name, "1")
    assert (version.description, version.tags) == ("First attempt.", {"validated": "yes"})
    assert client.get_model_version(model_name, "2").tags == {}

    client.delete_registered_model_tag(model_name, "team")
    assert client.get_registered_model(model_name).tags == {}


def test_a_deleted_version_is_gone_and_its_number_is_not_used_again(
    two_versions: list[str], client: MlflowClient, model_name: str
) -> None:
    client.delete_model_version(model_name, "2")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model_name, "2")
    assert [v.version for v in client.search_model_versions(f"name = '{model_name}'")] == ["1"]
    assert answer_of(f"models:/{model_name}/latest") == 1
    again = mlflow.register_model(f"runs:/{two_versions[1]}/model", model_name)
    assert again.version == "3"
    assert answer_of(f"models:/{model_name}/3") == 2
