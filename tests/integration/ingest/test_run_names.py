"""A run's name and its tag `mlflow.runName`: one thing under two names, over both databases."""

from typing import Any

import pytest

from tests.fixtures.api import Api

NAME = "mlflow.runName"


def name_and_tag(api: Api, run_id: str) -> tuple[str, str | None]:
    run = api.get("runs/get", run_id=run_id)["run"]
    tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
    return run["info"]["run_name"], tags.get(NAME)


def found(api: Api, run_id: str, where: str) -> bool:
    experiment_id = api.get("runs/get", run_id=run_id)["run"]["info"]["experiment_id"]
    return bool(api.post("runs/search", experiment_ids=[experiment_id], filter=where).get("runs"))


@pytest.mark.parametrize(
    "message",
    [
        {"run_name": "given"},
        {"tags": [{"key": NAME, "value": "given"}]},
        {"run_name": "given", "tags": [{"key": NAME, "value": "given"}]},
        {"run_name": "given", "tags": [{"key": NAME, "value": ""}]},
    ],
)
def test_a_name_may_be_given_either_way(api: Api, message: dict[str, Any]) -> None:
    assert name_and_tag(api, api.new_run(**message)) == ("given", "given")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("runs/update", {"run_name": ""}),
        ("runs/set-tag", {"key": NAME, "value": ""}),
        ("runs/log-batch", {"tags": [{"key": NAME, "value": ""}]}),
    ],
)
def test_an_empty_name_changes_nothing(api: Api, path: str, message: dict[str, Any]) -> None:
    run_id = api.new_run(run_name="kept")
    api.post(path, run_id=run_id, **message)
    assert name_and_tag(api, run_id) == ("kept", "kept")


def test_a_run_whose_name_tag_is_deleted_keeps_its_name(api: Api) -> None:
    run_id = api.new_run(run_name="kept")
    api.post("runs/delete-tag", run_id=run_id, key=NAME)
    assert name_and_tag(api, run_id) == ("kept", None)
    assert found(api, run_id, "run_name = 'kept'")
    assert not found(api, run_id, f"tags.`{NAME}` = 'kept'")
    api.post("runs/update", run_id=run_id, run_name="new")
    assert name_and_tag(api, run_id) == ("new", "new")


def test_a_renamed_run_is_found_by_its_new_name_only(api: Api) -> None:
    run_id = api.new_run(run_name="old")
    api.post("runs/set-tag", run_id=run_id, key=NAME, value="new")
    for where in ("run_name = 'new'", "attributes.`Run name` = 'new'", f"tags.{NAME} = 'new'"):
        assert found(api, run_id, where)
    assert not found(api, run_id, "run_name = 'old'")


def test_a_note_is_a_tag_of_any_text(api: Api) -> None:
    note = "# Findings\n\n*100 %*; see `loss`, 損失"
    run_id = api.new_run(tags=[{"key": "mlflow.note.content", "value": note}])
    assert found(api, run_id, "tags.`mlflow.note.content` LIKE '# Findings%損失'")
    run = api.get("runs/get", run_id=run_id)["run"]
    assert {"key": "mlflow.note.content", "value": note} in run["data"]["tags"]
