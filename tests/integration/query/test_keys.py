"""Keys and values of the runs of experiments: of finalized runs, of those that go on, and of resumed ones."""

import math
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from tests.fixtures.sql import finalize_all
from trackhelm_core.db.unit_of_work import Database

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

SEARCH = "/api/2.0/trackhelm/keys/search"
VALUES = "/api/2.0/trackhelm/keys/values"


def database_of(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def counts(answer: dict[str, Any], kind: str) -> dict[str, int]:
    return {found["key"]: found["runs"] for found in answer[kind].get("keys", [])}


def log(api: Api, run_id: str, **metrics: float | str) -> None:
    several = [{"key": key, "value": value, "timestamp": 1, "step": 1} for key, value in metrics.items()]
    api.post("runs/log-batch", run_id=run_id, metrics=several)


def test_keys_are_counted_over_runs_in_every_state(api: Api) -> None:
    experiment_id = api.new_experiment()
    ended, resumed, running = (api.new_run(experiment_id) for _ in range(3))
    log(api, ended, loss=1.0, diverged="NaN")
    log(api, resumed, loss=2.0, diverged="NaN")
    for run_id in (ended, resumed):
        api.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
        api.post("runs/update", run_id=run_id, status="FINISHED", end_time=9)
    api.post(SEARCH, experiment_ids=[experiment_id])  # metrics that wait are stored by then
    finalize_all(database_of(api))
    # A run that is logged to after its end has some of its metrics in the indexes, and others not.
    log(api, resumed, loss=1.5, late=3.0)
    log(api, running, loss=3.0)
    api.post("runs/set-tag", run_id=running, key="team", value="red")

    answer = api.post(SEARCH, experiment_ids=[experiment_id])
    assert counts(answer, "metrics") == {"diverged": 2, "late": 1, "loss": 3}
    assert counts(answer, "params") == {"lr": 2}
    assert counts(answer, "tags") == {"mlflow.runName": 3, "team": 1}
    finalize_all(database_of(api))
    assert api.post(SEARCH, experiment_ids=[experiment_id]) == answer


def test_keys_are_found_by_a_text_those_that_begin_with_it_first(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    metrics = {"val/loss": 1.0, "Loss": 2.0, "loss": math.inf, "accuracy": 1.0}
    factory.run(experiment_id, metrics=metrics, params={"loss_weight": "1"})
    factory.run(api.new_experiment(), metrics={"loss_elsewhere": 1.0})
    found = api.post(SEARCH, experiment_ids=[experiment_id], text="LOSS", kinds=["metric"])
    assert [key["key"] for key in found["metrics"]["keys"]] == ["Loss", "loss", "val/loss"]
    assert "params" not in found
    first = api.post(SEARCH, experiment_ids=[experiment_id], text="loss", max_results=1)
    assert first["metrics"] == {"total": 3, "keys": [{"key": "Loss", "runs": 1}]}
    assert first["params"] == {"total": 1, "keys": [{"key": "loss_weight", "runs": 1}]}
    assert first["tags"] == {"total": 0}
    names = api.post(SEARCH, experiment_ids=[experiment_id], text="loss", counts=False)
    assert names["metrics"]["keys"] == [{"key": "Loss"}, {"key": "loss"}, {"key": "val/loss"}]
    assert names["params"]["keys"] == [{"key": "loss_weight"}]


def test_keys_of_several_experiments_are_added_up(api: Api, factory: Factory) -> None:
    first, second = api.new_experiment(), api.new_experiment()
    factory.run(first, metrics={"loss": 1.0}, params={"lr": "1"})
    factory.run(second, metrics={"loss": 1.0, "auc": 1.0}, params={"lr": "2"})
    answer = api.post(SEARCH, experiment_ids=[first, second])
    assert counts(answer, "metrics") == {"auc": 1, "loss": 2}
    assert counts(answer, "params") == {"lr": 2}
    nothing = api.post(SEARCH, experiment_ids=[api.new_experiment()])
    assert nothing == {"metrics": {"total": 0}, "params": {"total": 0}, "tags": {"total": 0}}


def test_values_are_found_by_a_text_the_most_frequent_first(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    for model in ("gbm", "gbm", "Forest", "100%", "x" * 1_000):
        factory.run(experiment_id, params={"model": model}, tags={"team": "red"})
    of_model = {"experiment_ids": [experiment_id], "kind": "param", "key": "model"}
    answer = api.post(VALUES, **of_model)
    assert [(each["value"], each["runs"]) for each in answer["values"]] == [
        ("gbm", 2),
        *sorted([("Forest", 1), ("100%", 1)]),
    ]
    for text, values in (("f", ["Forest"]), ("%", ["100%"]), ("_", []), ("none", [])):
        found = api.post(VALUES, **of_model, text=text)
        assert [each["value"] for each in found.get("values", [])] == values
    tags = api.post(VALUES, experiment_ids=[experiment_id], kind="tag", key="team")
    assert tags == {"values": [{"value": "red", "runs": 5}]}
    assert api.post(VALUES, experiment_ids=[experiment_id], kind="tag", key="nobody's key") == {}
