"""The registry's own methods, and prompts, which live in it."""

import mlflow
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
