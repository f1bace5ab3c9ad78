"""The registry's own methods, and prompts, which live in it."""

import time

import mlflow
import pytest
import requests
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION
from tests.e2e.refusal import refused


def test_a_registered_model_by_every_method(client: MlflowClient, model_name: str) -> None:
    made = client.create_registered_model(model_name, tags={"a": "1"}, description="first")
    assert (made.name, made.description, made.tags) == (model_name, "first", {"a": "1"})
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(model_name)
    client.set_registered_model_tag(model_name, "b", "2")
    client.delete_registered_model_tag(model_name, "a")
    client.update_registered_model(model_name, description="second")
    found = client.get_registered_model(model_name)
    assert (found.description, found.tags) == ("second", {"b": "2"})
    client.rename_registered_model(model_name, f"{model_name}-b")
    where = f"name = '{model_name}-b' AND tags.b = '2'"
    assert [model.name for model in client.search_registered_models(where)] == [f"{model_name}-b"]
    assert [model.name for model in mlflow.search_registered_models(filter_string=where)]
    client.delete_registered_model(f"{model_name}-b")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(f"{model_name}-b")


def test_pages_of_registered_models(client: MlflowClient, model_name: str) -> None:
    names = [f"{model_name}-{index}" for index in range(5)]
    for name in names:
        client.create_registered_model(name)
    query = {"filter_string": f"name LIKE '{model_name}%'", "order_by": ["name ASC"], "max_results": 3}
    first = client.search_registered_models(**query)
    second = client.search_registered_models(**query, page_token=first.token)
    assert [model.name for model in [*first, *second]] == names


def test_a_version_by_every_method(client: MlflowClient, experiment: Experiment, model_name: str) -> None:
    run = client.create_run(experiment.experiment_id)
    client.create_registered_model(model_name)
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version(
        model_name, source, run.info.run_id, tags={"a": "1"}, description="first"
    )
    version = made.version
    assert (str(version), made.run_id, made.source, made.description) == (
        "1", run.info.run_id, source, "first",
    )  # fmt: skip
    assert client.get_model_version_download_uri(model_name, version) == source
    client.set_model_version_tag(model_name, version, "b", "2")
    client.delete_model_version_tag(model_name, version, "a")
    client.update_model_version(model_name, version, description="second")
    found = client.get_model_version(model_name, version)
    assert (found.description, found.tags) == ("second", {"b": "2"})
    where = f"name = '{model_name}' AND run_id = '{run.info.run_id}'"
    assert [str(one.version) for one in client.search_model_versions(where)] == ["1"]
    assert len(mlflow.search_model_versions(filter_string=where)) == 1
    client.delete_model_version(model_name, version)
    assert list(client.search_model_versions(where)) == []
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(model_name, version)
    assert str(client.create_model_version(model_name, source, run.info.run_id).version) == "2"


def test_prompts_are_registered_and_loaded(client: MlflowClient, model_name: str) -> None:
    prompts = mlflow.genai if GENERATION >= 3 else mlflow
    prompts.register_prompt(model_name, "Hello {{name}}", commit_message="first")
    prompts.register_prompt(model_name, "Hi {{name}}")
    assert prompts.load_prompt(f"prompts:/{model_name}/1").format(name="Ada") == "Hello Ada"
    prompts.set_prompt_alias(model_name, "live", 2)
    assert prompts.load_prompt(f"prompts:/{model_name}@live").template == "Hi {{name}}"
    assert str(client.load_prompt(f"prompts:/{model_name}/2").version) == "2"
    names = [model.name for model in client.search_registered_models(f"name = '{model_name}'")]
    assert names == [], "a prompt is no model"


@pytest.fixture
def three_versions(client: MlflowClient, model_name: str) -> str:
    """The name of a model with three versions."""
    client.create_registered_model(model_name)
    for number in range(1, 4):
        client.create_model_version(model_name, f"s3://bucket/model/{number}")
    return model_name


# Stages are deprecated in every generation, and in use.
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_stages_by_every_method(client: MlflowClient, three_versions: str) -> None:
    name = three_versions
    client.transition_model_version_stage(name, "1", "Production")
    moved = client.transition_model_version_stage(name, "2", "production", archive_existing_versions=True)
    assert moved.current_stage == "Production"
    latest = {each.current_stage: str(each.version) for each in client.get_latest_versions(name)}
    assert latest == {"Archived": "1", "Production": "2", "None": "3"}
    (live,) = client.get_latest_versions(name, ["Production"])
    assert str(live.version) == "2"
    assert str(client.get_model_version_stages(name, "1")[2]) == "Production"
    with refused("INVALID_PARAMETER_VALUE"):
        client.transition_model_version_stage(name, "1", "Canary")


def test_aliases_and_copies_by_every_method(client: MlflowClient, three_versions: str) -> None:
    name = three_versions
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "2")
    found = client.get_model_version_by_alias(name, "champion")
    assert (str(found.version), list(found.aliases)) == ("2", ["champion"])
    copy = client.copy_model_version(f"models:/{name}@champion", f"{name}-live")
    assert (copy.name, copy.source) == (f"{name}-live", f"models:/{name}/2")
    assert client.get_model_version_download_uri(copy.name, copy.version) == "s3://bucket/model/2"
    client.delete_registered_model_alias(name, "champion")
    with refused("INVALID_PARAMETER_VALUE"):
        client.get_model_version_by_alias(name, "champion")


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_is_protected_is_refused_at_once_and_waits(client: MlflowClient, three_versions: str) -> None:
    name = three_versions

    own_api = f"{mlflow.get_tracking_uri()}/api/2.0/trackhelm"

    def own(path: str, who: str, **message: object) -> None:
        answer = requests.post(f"{own_api}/{path}", json=message, auth=(who, "secret"), timeout=60)
        answer.raise_for_status()

    own("protections/set", "owner", name=name, kind="alias", target="champion")
    own("protections/set", "owner", name=name, kind="stage", target="Production")
    began = time.monotonic()
    with refused("PERMISSION_DENIED", "approval request"):
        client.transition_model_version_stage(name, "1", "Production")
    with refused("PERMISSION_DENIED", "approval request"):
        client.set_registered_model_alias(name, "champion", "1")
    assert time.monotonic() - began < 30, "the client sends such a refusal again for minutes"
    wanted = {"model_name": name, "action": "set_alias"}
    (request,) = requests.get(f"{own_api}/approvals/list", wanted, timeout=60).json()["requests"]
    own("approvals/approve", "approver", id=request["id"])
    assert str(client.get_model_version_by_alias(name, "champion").version) == "1"


def test_a_version_may_come_from_a_run_that_is_not_there(
    client: MlflowClient, experiment: Experiment, model_name: str
) -> None:
    client.create_registered_model(model_name)
    binned = client.create_run(experiment.experiment_id).info.run_id
    client.delete_run(binned)
    for number, run_id in enumerate((binned, "0" * 32), 1):
        version = client.create_model_version(model_name, f"runs:/{run_id}/model", run_id=run_id)
        assert (str(version.version), version.run_id) == (str(number), run_id)
    with refused("INVALID_PARAMETER_VALUE", "Invalid model version source"):
        client.create_model_version(model_name, f"runs:/{binned}/model", run_id="0" * 32)
