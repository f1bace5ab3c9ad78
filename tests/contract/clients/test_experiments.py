"""Experiments, by every method that the client and the fluent interface have for them."""

import uuid

import mlflow
import pytest
from mlflow.entities import Experiment, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused


def test_an_experiment_is_made_read_and_renamed(client: MlflowClient) -> None:
    name = uuid.uuid4().hex
    experiment_id = client.create_experiment(name, tags={"team": "vision"})
    made = client.get_experiment(experiment_id)
    assert (made.name, made.lifecycle_stage, made.tags) == (name, "active", {"team": "vision"})
    assert made.artifact_location == f"mlflow-artifacts:/{experiment_id}"
    assert made.creation_time == made.last_update_time
    client.rename_experiment(experiment_id, f"{name} again")
    assert client.get_experiment_by_name(name) is None
    assert client.get_experiment_by_name(f"{name} again").experiment_id == experiment_id
    assert mlflow.get_experiment(experiment_id).name == f"{name} again"
    assert mlflow.get_experiment_by_name(f"{name} again").experiment_id == experiment_id


def test_a_name_is_taken_once(client: MlflowClient, experiment: Experiment) -> None:
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_experiment(experiment.name)
    with refused("RESOURCE_ALREADY_EXISTS"):
        mlflow.create_experiment(experiment.name)


def test_tags_are_set_and_deleted(client: MlflowClient, experiment: Experiment) -> None:
    client.set_experiment_tag(experiment.experiment_id, "a", "1")
    mlflow.set_experiment_tag("mlflow.note.content", "# Note")
    mlflow.set_experiment_tags({"b": "2", "c": "3"})
    tags = client.get_experiment(experiment.experiment_id).tags
    assert tags == {"a": "1", "mlflow.note.content": "# Note", "b": "2", "c": "3"}


@pytest.mark.since_3
def test_a_tag_is_deleted(client: MlflowClient, experiment: Experiment) -> None:
    client.set_experiment_tag(experiment.experiment_id, "a", "1")
    client.delete_experiment_tag(experiment.experiment_id, "a")
    assert client.get_experiment(experiment.experiment_id).tags == {}
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment_tag(experiment.experiment_id, "a")


def test_a_deleted_experiment_is_restored(client: MlflowClient, experiment: Experiment) -> None:
    experiment_id = experiment.experiment_id
    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="deleted experiment"):
        mlflow.set_experiment(experiment.name)
    with refused("INVALID_PARAMETER_VALUE", "active"):
        client.create_run(experiment_id)
    client.restore_experiment(experiment_id)
    mlflow.delete_experiment(experiment_id)
    client.restore_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "active"


def test_search_filters_orders_and_turns_pages(client: MlflowClient) -> None:
    stem = uuid.uuid4().hex
    ids = {name: client.create_experiment(f"{stem}-{name}", tags={"kind": name}) for name in "abcd"}
    client.delete_experiment(ids["d"])

    def found(where: str = "", **query: object) -> str:
        query = {"order_by": ["name"], "view_type": ViewType.ALL} | query
        page = client.search_experiments(filter_string=f"name LIKE '{stem}%'{where}", **query)
        return "".join(experiment.name[-1] for experiment in page)

    assert found() == "abcd"
    assert found(view_type=ViewType.ACTIVE_ONLY) == "abc"
    assert found(view_type=ViewType.DELETED_ONLY) == "d"
    assert found(order_by=["name DESC"]) == "dcba"
    assert found(" AND tags.kind = 'b'") == "b"
    assert found(f" AND name ILIKE '{stem.upper()}-A'") == "a"
    where = f"name LIKE '{stem}%'"
    pages = [client.search_experiments(filter_string=where, max_results=2, order_by=["name"])]
    pages.append(client.search_experiments(
        filter_string=where, max_results=2, order_by=["name"], page_token=pages[0].token
    ))  # fmt: skip
    assert ["".join(one.name[-1] for one in page) for page in pages] == ["ab", "c"]
    assert not pages[1].token
    assert len(mlflow.search_experiments(filter_string=where)) == 3
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(filter_string="nonsense = 1")
