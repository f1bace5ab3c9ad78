"""Runs as they are written and read back, over both databases."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.api import Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"


def run_of(api: Api, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = api.get("runs/get", run_id=run_id)["run"]
    return run


def tags_of(run: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}


def params_of(run: dict[str, Any]) -> dict[str, str]:
    return {param["key"]: param["value"] for param in run["data"].get("params", [])}


def test_a_new_run_is_running_and_keeps_what_was_sent(api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(
        experiment_id,
        run_name="first",
        start_time=1234,
        user_id="ada",
        tags=[{"key": "team", "value": "vision"}],
    )
    run = run_of(api, run_id)
    assert run["info"] == {
        "run_id": run_id,
        "run_uuid": run_id,
        "run_name": "first",
        "experiment_id": experiment_id,
        "user_id": "ada",
        "status": "RUNNING",
        "start_time": 1234,
        "artifact_uri": f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
        "lifecycle_stage": "active",
    }
    assert tags_of(run) == {"team": "vision", "mlflow.runName": "first"}


def test_a_name_is_made_up_where_none_is_given(api: Api) -> None:
    run = run_of(api, api.new_run())
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", run["info"]["run_name"])
    assert tags_of(run) == {"mlflow.runName": run["info"]["run_name"]}


def test_two_different_names_are_refused(api: Api) -> None:
    api.refused(
        "POST",
        "runs/create",
        INVALID,
        experiment_id=api.new_experiment(),
        run_name="a",
        tags=[{"key": "mlflow.runName", "value": "b"}],
    )


def test_a_run_needs_an_active_experiment(api: Api) -> None:
    api.refused("POST", "runs/create", MISSING, 404, experiment_id="999999")
    api.refused("POST", "runs/create", INVALID)
    experiment_id = api.new_experiment()
    api.post("experiments/delete", experiment_id=experiment_id)
    assert "active" in api.refused("POST", "runs/create", INVALID, experiment_id=experiment_id)


def test_status_end_and_name_are_updated_and_the_name_tag_follows(api: Api) -> None:
    run_id = api.new_run(run_name="before")
    info = api.post("runs/update", run_uuid=run_id, status="FINISHED", end_time=99, run_name="after")[
        "run_info"
    ]
    assert (info["status"], info["end_time"], info["run_name"]) == ("FINISHED", 99, "after")
    assert tags_of(run_of(api, run_id))["mlflow.runName"] == "after"
    api.post("runs/set-tag", run_id=run_id, key="mlflow.runName", value="by tag")
    assert run_of(api, run_id)["info"]["run_name"] == "by tag"
    api.post("runs/log-batch", run_id=run_id, tags=[{"key": "mlflow.runName", "value": "by batch"}])
    assert run_of(api, run_id)["info"]["run_name"] == "by batch"


@pytest.mark.parametrize(("status", "stored"), [(4, "FAILED"), ("KILLED", "KILLED"), ("nonsense", "RUNNING")])
def test_a_status_is_a_name_or_a_number(api: Api, status: object, stored: str) -> None:
    assert api.post("runs/update", run_id=api.new_run(), status=status)["run_info"]["status"] == stored


def test_a_param_never_changes(api: Api) -> None:
    run_id = api.new_run()
    api.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    api.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    message = api.refused("POST", "runs/log-parameter", INVALID, run_id=run_id, key="lr", value="0.2")
    assert f"Param with key='lr' was already logged with value='0.1' for run ID='{run_id}'" in message
    assert "'0.2'" in message
    message = api.refused(
        "POST", "runs/log-batch", INVALID, run_id=run_id,
        params=[{"key": "lr", "value": "0.3"}, {"key": "new", "value": "1"}],
        metrics=[{"key": "loss", "value": 1, "timestamp": 1}],
    )  # fmt: skip
    assert "'old_value': '0.1', 'new_value': '0.3'" in message
    run = run_of(api, run_id)
    assert params_of(run) == {"lr": "0.1"}, "a refused batch leaves nothing"
    assert "metrics" not in run["data"]


def test_long_values_are_cut_and_compared_as_cut(api: Api) -> None:
    run_id = api.new_run()
    api.post("runs/log-parameter", run_id=run_id, key="p", value="x" * 6001)
    api.post("runs/log-parameter", run_id=run_id, key="p", value="x" * 6002)
    api.post("runs/set-tag", run_id=run_id, key="t", value="y" * 8001)
    run = run_of(api, run_id)
    assert len(params_of(run)["p"]) == 6000
    assert len(tags_of(run)["t"]) == 8000


LONG = [{"path": f"tables/{number:05}.json", "type": "table"} for number in range(1_000)]
SETTERS: dict[str, Callable[[Api, str, str, str], object]] = {
    "set-tag": lambda api, run, key, value: api.post("runs/set-tag", run_id=run, key=key, value=value),
    "log-batch": lambda api, run, key, value: api.post(
        "runs/log-batch", run_id=run, tags=[{"key": key, "value": value}]
    ),
}


@pytest.mark.parametrize("set_tag", SETTERS.values(), ids=SETTERS)
def test_what_clients_read_back_is_not_cut(api: Api, set_tag: Callable[..., object]) -> None:
    experiment_id = api.new_experiment()
    text, note = json.dumps(LONG), "note " * 10_000
    created = [{"key": "mlflow.datasets", "value": text}]
    run_id = api.new_run(experiment_id, tags=created)
    # Not in one request: a stock client appends to what it has read.
    for _ in range(2):
        set_tag(api, run_id, "mlflow.loggedArtifacts", text)
    set_tag(api, run_id, "param_directions", text)
    set_tag(api, run_id, "mlflow.note.content", note)
    set_tag(api, run_id, "t", "[" + "y" * 9_000)
    for run in (run_of(api, run_id), api.post("runs/search", experiment_ids=[experiment_id])["runs"][0]):
        tags = tags_of(run)
        assert [tags[key] for key in ("mlflow.datasets", "mlflow.loggedArtifacts", "param_directions")] == (
            [text] * 3
        )
        assert (tags["mlflow.note.content"], len(tags["t"])) == (note, 8_000)
    found = api.post(
        "runs/search",
        experiment_ids=[experiment_id],
        filter="tags.mlflow.loggedArtifacts LIKE '%\"tables/00999.json\"%'",
        order_by=["tags.mlflow.loggedArtifacts DESC"],
    )
    assert [run["info"]["run_id"] for run in found["runs"]] == [run_id]


def test_pages_are_sorted_by_long_tags(api: Api) -> None:
    experiment_id = api.new_experiment()
    runs = [api.new_run(experiment_id, start_time=number) for number in range(3)]
    for number, run_id in enumerate(runs):
        value = json.dumps([number, "\u00e9" * 500_000], ensure_ascii=False)
        api.post("runs/set-tag", run_id=run_id, key="mlflow.datasets", value=value)
    found, token = [], ""
    for _ in runs:
        page = api.post(
            "runs/search", experiment_ids=[experiment_id], max_results=1, page_token=token,
            order_by=["tags.mlflow.datasets DESC"],
        )  # fmt: skip
        found += [run["info"]["run_id"] for run in page["runs"]]
        token = page.get("next_page_token", "")
        assert len(token) < 64_000
    assert (found, token) == (runs[::-1], "")


@pytest.mark.parametrize(
    ("key", "value"), [("mlflow.note.content", "x" * 1_000_001), ("t", f'["{"x" * 1_000_000}"]')]
)
def test_what_is_too_long_to_be_kept_whole_is_refused(api: Api, key: str, value: str) -> None:
    run_id = api.new_run()
    tag = {"key": key, "value": value}
    for path, message in (
        ("runs/set-tag", {"run_id": run_id, **tag}),
        ("runs/log-batch", {"run_id": run_id, "tags": [tag]}),
        ("runs/create", {"experiment_id": "0", "tags": [tag]}),
    ):
        told = api.refused("POST", path, INVALID, **message)
        assert told.startswith("'value' exceeds the maximum length of 1000000 characters")
        assert f"the value of tag {key}" in told
    assert key not in tags_of(run_of(api, run_id))


def test_tags_are_set_anew_and_deleted(api: Api) -> None:
    run_id = api.new_run()
    for value in ("1", "2"):
        api.post("runs/set-tag", run_id=run_id, key="t", value=value)
    assert tags_of(run_of(api, run_id))["t"] == "2"
    api.post("runs/delete-tag", run_id=run_id, key="t")
    assert "t" not in tags_of(run_of(api, run_id))
    api.refused("POST", "runs/delete-tag", MISSING, 404, run_id=run_id, key="t")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("runs/log-parameter", {"key": "a", "value": "1"}),
        ("runs/set-tag", {"key": "a", "value": "1"}),
        ("runs/delete-tag", {"key": "a"}),
        ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("runs/log-batch", {"metrics": [{"key": "a", "value": 1, "timestamp": 1}]}),
        ("runs/log-batch", {"tags": [{"key": "a", "value": "1"}]}),
        ("runs/log-batch", {}),
        ("runs/update", {"status": "FINISHED"}),
        ("runs/log-inputs", {}),
        ("runs/outputs", {"models": [{"model_id": "m-1"}]}),
    ],
)
def test_a_write_needs_a_run_that_is_there_and_not_deleted(
    api: Api, path: str, message: dict[str, Any]
) -> None:
    api.refused("POST", path, MISSING, 404, run_id="f" * 32, **message)
    assert "run_id" in api.refused("POST", path, INVALID, **message)
    run_id = api.new_run()
    api.post("runs/delete", run_id=run_id)
    told = api.refused("POST", path, INVALID, run_id=run_id, **message)
    assert told == f"The run {run_id} must be in the 'active' state. Current state is deleted."


def test_deleting_and_restoring_repeat(api: Api) -> None:
    run_id = api.new_run()
    for action, stage in (("delete", "deleted"), ("restore", "active")):
        for _ in range(2):
            api.post(f"runs/{action}", run_id=run_id)
        assert run_of(api, run_id)["info"]["lifecycle_stage"] == stage


def test_an_experiment_takes_its_runs_into_the_bin_and_out_again(api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    api.post("experiments/delete", experiment_id=experiment_id)
    assert run_of(api, run_id)["info"]["lifecycle_stage"] == "deleted"
    api.post("experiments/restore", experiment_id=experiment_id)
    assert run_of(api, run_id)["info"]["lifecycle_stage"] == "active"


def test_the_model_history_of_old_clients_grows(api: Api) -> None:
    run_id = api.new_run()
    model = (
        '{"artifact_path": "m%d", "flavors": {}, "utc_time_created": "2026-01-01", "run_id": "'
        + run_id
        + '"}'
    )
    for number in (1, 2):
        api.post("runs/log-model", run_id=run_id, model_json=model % number)
    history = tags_of(run_of(api, run_id))["mlflow.log-model.history"]
    assert history.index('"m1"') < history.index('"m2"')
    for wrong in ("{", "[]", "{}", model % 1 + "x"):
        api.refused("POST", "runs/log-model", INVALID, run_id=run_id, model_json=wrong)


def test_the_model_history_of_old_clients_is_never_cut(api: Api) -> None:
    run_id = api.new_run()
    model = {
        "artifact_path": "x" * 300_000,
        "flavors": {},
        "utc_time_created": "2026-01-01",
        "run_id": run_id,
    }
    for _ in range(3):
        api.post("runs/log-model", run_id=run_id, model_json=json.dumps(model))
    told = api.refused("POST", "runs/log-model", INVALID, run_id=run_id, model_json=json.dumps(model))
    assert told.startswith("'value' exceeds the maximum length")
    assert "the value of tag mlflow.log-model.history" in told
    assert json.loads(tags_of(run_of(api, run_id))["mlflow.log-model.history"]) == [model] * 3


def test_inputs_and_outputs_are_noted_once(api: Api) -> None:
    run_id = api.new_run()
    dataset = {"name": "iris", "digest": "d1", "source_type": "local", "source": "{}", "schema": "{}"}
    for context in ("train", "ignored: the use is there already"):
        api.post(
            "runs/log-inputs",
            run_id=run_id,
            datasets=[{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": context}]}],
            models=[{"model_id": "m-in"}],
        )
        api.post("runs/outputs", run_id=run_id, models=[{"model_id": "m-out", "step": 3}])
    run = run_of(api, run_id)
    (used,) = run["inputs"]["dataset_inputs"]
    assert used == {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}
    assert run["inputs"]["model_inputs"] == [{"model_id": "m-in"}]
    assert run["outputs"]["model_outputs"] == [{"model_id": "m-out", "step": 3}]


@pytest.mark.parametrize(
    ("field", "length"), [("name", 501), ("digest", 37), ("source", 65_536), ("schema", 1_048_576)]
)
def test_a_dataset_field_that_is_too_long_is_refused(api: Api, field: str, length: int) -> None:
    dataset = {"name": "n", "digest": "d", "source_type": "t", "source": "s", field: "x" * length}
    told = api.refused(
        "POST", "runs/log-inputs", INVALID, run_id=api.new_run(), datasets=[{"dataset": dataset}]
    )
    assert f"datasets[0].dataset.{field}" in told
