"""Experiments over their life: tags, names, the bin, and what becomes of their runs; over both databases."""

import uuid
from typing import Any

import pytest

from tests.fixtures.api import Api

INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"


def experiment(api: Api, experiment_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get("experiments/get", experiment_id=experiment_id)["experiment"]
    return found


def stage(api: Api, run_id: str) -> str:
    told: str = api.get("runs/get", run_id=run_id)["run"]["info"]["lifecycle_stage"]
    return told


def test_the_default_experiment_is_there_from_the_start(api: Api) -> None:
    assert experiment(api, "0")["name"] == "Default"
    assert api.get("runs/get", run_id=api.new_run("0"))["run"]["info"]["experiment_id"] == "0"


def test_a_new_experiment_is_told_as_it_was_made(api: Api) -> None:
    name = uuid.uuid4().hex
    tags = [{"key": "a", "value": "1"}, {"key": "mlflow.note.content", "value": "# Note\n"}]
    made = experiment(api, api.new_experiment(name=name, tags=tags))
    assert made["name"] == name
    assert made["lifecycle_stage"] == "active"
    assert made["artifact_location"] == f"mlflow-artifacts:/{made['experiment_id']}"
    assert made["creation_time"] == made["last_update_time"]
    assert made["tags"] == tags


def test_tags_are_set_anew_and_deleted(api: Api) -> None:
    experiment_id = api.new_experiment()
    for value in ("1", "2"):
        api.post("experiments/set-experiment-tag", experiment_id=experiment_id, key="t", value=value)
    assert experiment(api, experiment_id)["tags"] == [{"key": "t", "value": "2"}]
    api.post("experiments/delete-experiment-tag", experiment_id=experiment_id, key="t")
    assert "tags" not in experiment(api, experiment_id)
    path = "experiments/delete-experiment-tag"
    api.refused("POST", path, MISSING, 404, experiment_id=experiment_id, key="t")


@pytest.mark.parametrize(("length", "code"), [(20_000, 200), (20_001, 400)])
def test_a_long_tag_is_never_cut(api: Api, length: int, code: int) -> None:
    message = {"experiment_id": api.new_experiment(), "key": "t", "value": "x" * length}
    api.post("experiments/set-experiment-tag", code, **message)


def test_a_renamed_experiment_leaves_its_name_free(api: Api) -> None:
    old, new = uuid.uuid4().hex, uuid.uuid4().hex
    experiment_id = api.new_experiment(name=old)
    api.post("experiments/update", experiment_id=experiment_id, new_name=new)
    assert experiment(api, experiment_id)["name"] == new
    api.refused("GET", "experiments/get-by-name", MISSING, 404, experiment_name=old)
    path = "experiments/update"
    other = api.new_experiment(name=old)
    api.refused("POST", path, "RESOURCE_ALREADY_EXISTS", experiment_id=other, new_name=new)
    api.post(path, experiment_id=other, new_name=old)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("experiments/update", {"new_name": "x"}),
        ("experiments/set-experiment-tag", {"key": "a", "value": "b"}),
        ("experiments/delete-experiment-tag", {"key": "a"}),
        ("runs/create", {}),
    ],
)
def test_a_deleted_experiment_takes_no_writes(api: Api, path: str, message: dict[str, Any]) -> None:
    experiment_id = api.new_experiment(tags=[{"key": "a", "value": "b"}])
    api.post("experiments/delete", experiment_id=experiment_id)
    told = api.refused("POST", path, INVALID, experiment_id=experiment_id, **message)
    assert told == f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."


def test_restoring_an_experiment_restores_all_its_runs_however_they_were_deleted(api: Api) -> None:
    experiment_id = api.new_experiment()
    before, along = api.new_run(experiment_id), api.new_run(experiment_id)
    api.post("runs/delete", run_id=before)
    api.post("experiments/delete", experiment_id=experiment_id)
    assert [stage(api, run_id) for run_id in (before, along)] == ["deleted", "deleted"]
    api.post("experiments/restore", experiment_id=experiment_id)
    assert [stage(api, run_id) for run_id in (before, along)] == ["active", "active"]


@pytest.mark.over("sqlite", "postgresql", "queue")
def test_what_is_deleted_can_be_read(api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    api.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    api.post("experiments/delete", experiment_id=experiment_id)
    run = api.get("runs/get", run_id=run_id)["run"]
    assert run["data"]["metrics"] == [{"key": "m", "value": 1.0, "timestamp": 1, "step": 0}]
    assert api.get("metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    ids = [experiment_id]
    assert api.post("runs/search", experiment_ids=ids) == {}
    assert api.post("runs/search", experiment_ids=ids, run_view_type="ALL")["runs"]


@pytest.mark.over("sqlite", "postgresql", "queue")
def test_a_finished_run_stays_writable(api: Api) -> None:
    run_id = api.new_run()
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=5)
    for path, message in (
        ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
        ("runs/log-parameter", {"key": "p", "value": "1"}),
        ("runs/set-tag", {"key": "t", "value": "1"}),
    ):
        api.post(path, run_id=run_id, **message)
    info = api.post("runs/update", run_id=run_id, status="RUNNING", end_time=9)["run_info"]
    assert (info["status"], info["end_time"]) == ("RUNNING", 9)


def test_a_time_before_1970_is_a_time(api: Api) -> None:
    run_id = api.new_run(start_time=-5)
    info = api.post("runs/update", run_id=run_id, end_time=-1)["run_info"]
    assert (info["start_time"], info["end_time"]) == (-5, -1)
