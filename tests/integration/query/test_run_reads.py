"""Runs as they are read, with all that is shown of them, over both databases."""

import math
import uuid
from typing import Any

import pytest
from sqlalchemy import update

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from tests.fixtures.sql import CountStatements
from trackhelm_domain.tables import Run

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"


def test_a_run_is_got_whole(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    run_id = factory.run(
        experiment_id,
        name="a name",
        start_time=5,
        end_time=9,
        params={"lr": "0.1", "empty": ""},
        tags={"mlflow.runName": "a name"},
        metrics={"loss": [(0, 10, 3.0), (2, 30, 1.0), (1, 20, 2.0)]},
    )
    factory.dataset(experiment_id, run_id, tags={"mlflow.data.context": "train"}, schema="{}")
    factory.models(run_id, read=["m-1"], made={"m-2": 0})
    run = api.get("runs/get", run_id=run_id)["run"]
    assert run == {
        "info": {
            "run_uuid": run_id,
            "run_id": run_id,
            "run_name": "a name",
            "experiment_id": experiment_id,
            "user_id": "ada",
            "status": "FINISHED",
            "start_time": 5,
            "end_time": 9,
            "artifact_uri": f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts",
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [{"key": "loss", "value": 1.0, "timestamp": 30, "step": 2}],
            "params": [{"key": "lr", "value": "0.1"}, {"key": "empty", "value": ""}],
            "tags": [{"key": "mlflow.runName", "value": "a name"}],
        },
        "inputs": {
            "dataset_inputs": [
                {
                    "dataset": {
                        "name": "data",
                        "digest": "d1",
                        "source_type": "local",
                        "source": "{}",
                        "schema": "{}",
                    },
                    "tags": [{"key": "mlflow.data.context", "value": "train"}],
                }
            ],
            "model_inputs": [{"model_id": "m-1"}],
        },
        "outputs": {"model_outputs": [{"model_id": "m-2", "step": 0}]},
    }
    assert api.get("runs/get", run_uuid=run_id)["run"] == run
    assert api.get("runs/get", run_id=run_id, run_uuid=run_id)["run"] == run
    assert api.post("runs/search", experiment_ids=[experiment_id])["runs"] == [run]


def test_a_run_with_nothing_logged_has_empty_parts(api: Api, factory: Factory) -> None:
    run = api.get("runs/get", run_id=factory.run(api.new_experiment(), lifecycle_stage="deleted"))["run"]
    assert "end_time" not in run["info"]
    assert run["info"]["lifecycle_stage"] == "deleted"
    assert (run["data"], run["inputs"], run["outputs"]) == ({}, {}, {})


@pytest.mark.parametrize(
    ("value", "wire"),
    [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (1.5, 1.5), (0.0, 0.0)],
)
def test_a_metric_that_is_not_finite_is_a_string(
    api: Api, factory: Factory, value: float, wire: float | str
) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": value})
    (metric,) = api.get("runs/get", run_id=run_id)["run"]["data"]["metrics"]
    assert metric == {"key": "m", "value": wire, "timestamp": 0, "step": 0}


def test_a_labelled_metric_is_shown_once(api: Api, factory: Factory) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": [(0, 0, 1.0)], "n": 2.0})
    factory.labelled_metric(run_id, "m", '{"rank":"1"}', [(0, 0, 7.0)], all_points=[])
    metrics = api.get("runs/get", run_id=run_id)["run"]["data"]["metrics"]
    assert [(metric["key"], metric["value"]) for metric in metrics] == [("m", 1.0), ("n", 2.0)]


@pytest.mark.parametrize(
    ("message", "code", "status"),
    [
        ({}, INVALID, 400),
        ({"run_id": ""}, INVALID, 400),
        ({"run_id": "\0"}, INVALID, 400),
        ({"run_id": uuid.uuid4().hex}, "RESOURCE_DOES_NOT_EXIST", 404),
        ({"run_id": "x" * 5_000}, "RESOURCE_DOES_NOT_EXIST", 404),
    ],
)
def test_a_run_that_cannot_be_got(api: Api, message: dict[str, Any], code: str, status: int) -> None:
    api.refused("GET", "runs/get", code, status, **message)


def test_a_page_takes_the_same_statements_whatever_its_size(
    api: Api, factory: Factory, count_statements: CountStatements
) -> None:
    experiment_id = api.new_experiment()

    def add(index: int) -> None:
        run_id = factory.run(
            experiment_id,
            params={f"p{key}": "1" for key in range(4)},
            tags={f"t{key}": "1" for key in range(4)},
            metrics={f"m{key}": float(index) for key in range(4)},
            status="RUNNING",
        )
        factory.dataset(experiment_id, run_id, tags={"mlflow.data.context": "train"})
        factory.models(run_id, read=["m-1"], made={"m-2": 0})

    query: dict[str, Any] = {
        "experiment_ids": [experiment_id],
        "filter": "metrics.m0 >= 0 AND params.p1 = '1' AND tags.t2 LIKE '1%'",
        "order_by": ["metrics.m3 DESC", "params.p0"],
    }
    add(0)
    api.post("runs/search", **query)  # the names of the keys are remembered
    with count_statements() as for_one:
        api.post("runs/search", **query)
    for index in range(1, 12):
        add(index)
    with count_statements() as for_twelve:
        assert len(api.post("runs/search", **query)["runs"]) == 12
    # The page by finalized values, the page by all, then details, datasets and their tags.
    assert len(for_one) == len(for_twelve) <= 5, "\n\n".join(for_twelve)
    app: Any = api.client.app
    with app.state.runtime.database.writing() as session:
        session.execute(update(Run).values(status="FINISHED"))
    with count_statements() as for_finalized:
        assert len(api.post("runs/search", **query)["runs"]) == 12
    # Counting begins when all that has ended is finalized: then details need no statement. PostgreSQL reads
    # the page by finalized values and the page by all; SQLite counts the runs that meet two parts of the
    # filter, and reads a page.
    expected = 3 if app.state.runtime.database.is_sqlite else 2
    assert len(for_finalized) == expected, "\n\n".join(for_finalized)
    run_id = factory.run(experiment_id, params={"p1": "1"})
    with count_statements() as for_a_run:
        api.get("runs/get", run_id=run_id)
    assert len(for_a_run) == 1
