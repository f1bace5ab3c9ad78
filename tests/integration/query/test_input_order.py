"""What a run read and made is shown in the order in which it was logged, over every database."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import finalize_all
from trackhelm_core.db.unit_of_work import Database


def uses(*names: str) -> list[dict[str, Any]]:
    described = {"digest": "d", "source_type": "local", "source": "{}"}
    return [{"dataset": {"name": name, **described}} for name in names]


def links(*names: str) -> list[dict[str, str]]:
    return [{"model_id": name} for name in names]


def shown(run: dict[str, Any]) -> tuple[list[str], list[str], list[tuple[str, int]]]:
    return (
        [use["dataset"]["name"] for use in run["inputs"].get("dataset_inputs", [])],
        [model["model_id"] for model in run["inputs"].get("model_inputs", [])],
        [(model["model_id"], model["step"]) for model in run["outputs"].get("model_outputs", [])],
    )


@pytest.fixture
def database(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def test_inputs_and_outputs_keep_their_order(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    # Known to the experiment in another order.
    other = api.new_run(experiment_id)
    api.post("runs/log-inputs", run_id=other, datasets=uses("aa", "mm", "zz"))
    run_id = api.new_run(experiment_id)
    for names in (["zz", "mm", "aa", "zz"], ["nn", "mm", "bb"]):
        api.post("runs/log-inputs", run_id=run_id, datasets=uses(*names), models=links(*names))
    for made in ([("z", 5), ("m", 3), ("z", 5)], [("a", 4), ("m", 3), ("m", 1)]):
        models = [{"model_id": model_id, "step": step} for model_id, step in made]
        api.post("runs/outputs", run_id=run_id, models=models)
    names = ["zz", "mm", "aa", "nn", "bb"]
    expected = names, names, [("z", 5), ("m", 3), ("a", 4), ("m", 1)]

    def found() -> list[dict[str, Any]]:
        runs = api.post("runs/search", experiment_ids=[experiment_id])["runs"]
        return [run for run in runs if run["info"]["run_id"] == run_id]

    (listed,) = found()
    assert shown(api.get("runs/get", run_id=run_id)["run"]) == shown(listed) == expected
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=9)
    finalize_all(database)
    (finalized,) = found()
    assert shown(finalized) == expected
