"""Searches equal a model of what was acknowledged, after writes, finalizing and reads in any order."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.api import Api
from tests.fixtures.sql import finalize_all
from trackhelm_core.db.unit_of_work import Database

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

RUNS = 3
KEYS = st.sampled_from(["a", "b"])
TEXTS = st.sampled_from(["", "x", 'naïve "quotes"'])
VALUES = st.sampled_from(["NaN", "Infinity", "-Infinity", 0.0, -1.5, 2.0, 1e300])
WRITES = st.one_of(
    st.tuples(st.just("metric"), st.tuples(KEYS, VALUES, st.integers(0, 2), st.integers(0, 2))),
    st.tuples(st.just("param"), st.tuples(KEYS, TEXTS)),
    st.tuples(st.just("tag"), st.tuples(KEYS, TEXTS)),
    st.tuples(st.just("untag"), KEYS),
    st.tuples(st.just("status"), st.sampled_from(["RUNNING", "FINISHED", "SCHEDULED", "KILLED"])),
    st.tuples(st.just("rename"), st.sampled_from(["first", "second"])),
    st.tuples(st.just("input"), st.sampled_from(["m-1", "m-2"])),
    st.tuples(st.just("output"), st.tuples(st.sampled_from(["m-3", "m-4"]), st.integers(0, 1))),
    st.tuples(st.just("dataset"), st.sampled_from(["iris", "digits"])),
    st.tuples(st.just("stage"), st.sampled_from(["deleted", "active"])),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, RUNS - 1), WRITES),
        st.sampled_from(["finalize", "search"]),
    ),
    max_size=24,
)


@dataclass
class ModelRun:
    """What was acknowledged of a run."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[tuple[str, int]] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    status: str = "RUNNING"
    name: str = "run"
    stage: str = "active"

    def shown(self) -> dict[str, Any]:
        """Return it as `shown` gives an answer's run."""
        return {
            "status": self.status,
            "name": self.name,
            "stage": self.stage,
            "params": self.params,
            "tags": self.tags | {"mlflow.runName": self.name},
            "metrics": {key: (step, time, str(value)) for key, (step, time, value) in self.metrics.items()},
            "inputs": self.inputs,
            "outputs": self.outputs,
            "datasets": self.datasets,
        }


def shown(run: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says of a run."""
    info, data = run["info"], run["data"]
    inputs, outputs = run.get("inputs", {}), run.get("outputs", {})
    return {
        "status": info["status"],
        "name": info["run_name"],
        "stage": info["lifecycle_stage"],
        "params": {pair["key"]: pair["value"] for pair in data.get("params", [])},
        "tags": {pair["key"]: pair["value"] for pair in data.get("tags", [])},
        "metrics": {
            point["key"]: (point["step"], point["timestamp"], str(float(point["value"])))
            for point in data.get("metrics", [])
        },
        "inputs": [model["model_id"] for model in inputs.get("model_inputs", [])],
        "outputs": [(model["model_id"], model["step"]) for model in outputs.get("model_outputs", [])],
        "datasets": [use["dataset"]["name"] for use in inputs.get("dataset_inputs", [])],
    }


def write(api: Api, run_id: str, model: ModelRun, kind: str, what: Any) -> None:
    """Send a write, and note it in the model; what the server must refuse is not sent."""
    if kind == "stage":
        api.post("runs/delete" if what == "deleted" else "runs/restore", run_id=run_id)
        model.stage = what
    elif model.stage == "active":
        _WRITES[kind](api, run_id, model, what)


def _metric(api: Api, run_id: str, model: ModelRun, what: Any) -> None:
    key, value, step, timestamp = what
    api.post("runs/log-metric", run_id=run_id, key=key, value=value, timestamp=timestamp, step=step)
    number = float(value)

    def rank(point: tuple[int, int, float]) -> tuple[int, int, float]:
        return *point[:2], 0.0 if math.isnan(point[2]) else point[2]

    point = step, timestamp, number
    if key not in model.metrics or rank(point) > rank(model.metrics[key]):
        model.metrics[key] = point


def _param(api: Api, run_id: str, model: ModelRun, what: Any) -> None:
    key, value = what
    if model.params.get(key, value) == value:
        api.post("runs/log-parameter", run_id=run_id, key=key, value=value)
        model.params[key] = value


def _tag(api: Api, run_id: str, model: ModelRun, what: Any) -> None:
    key, value = what
    api.post("runs/set-tag", run_id=run_id, key=key, value=value)
    model.tags[key] = value


def _untag(api: Api, run_id: str, model: ModelRun, key: Any) -> None:
    if key in model.tags:
        api.post("runs/delete-tag", run_id=run_id, key=key)
        del model.tags[key]


def _status(api: Api, run_id: str, model: ModelRun, status: Any) -> None:
    api.post("runs/update", run_id=run_id, status=status)
    model.status = status


def _rename(api: Api, run_id: str, model: ModelRun, name: Any) -> None:
    api.post("runs/update", run_id=run_id, run_name=name)
    model.name = name


def _input(api: Api, run_id: str, model: ModelRun, model_id: Any) -> None:
    api.post("runs/log-inputs", run_id=run_id, models=[{"model_id": model_id}])
    if model_id not in model.inputs:
        model.inputs.append(model_id)


def _output(api: Api, run_id: str, model: ModelRun, what: Any) -> None:
    model_id, step = what
    api.post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": step}])
    if what not in model.outputs:
        model.outputs.append(what)


def _dataset(api: Api, run_id: str, model: ModelRun, name: Any) -> None:
    dataset = {"name": name, "digest": "d", "source_type": "local", "source": "{}"}
    api.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": []}])
    if name not in model.datasets:
        model.datasets.append(name)


_WRITES: dict[str, Callable[[Api, str, ModelRun, Any], None]] = {
    "metric": _metric,
    "param": _param,
    "tag": _tag,
    "untag": _untag,
    "status": _status,
    "rename": _rename,
    "input": _input,
    "output": _output,
    "dataset": _dataset,
}


def _last(model: ModelRun, key: str) -> float:
    return model.metrics[key][2] if key in model.metrics else math.nan


FILTERS: dict[str, Callable[[ModelRun], bool]] = {
    "": lambda _: True,
    "metrics.a > 0": lambda run: _last(run, "a") > 0,
    "metrics.a >= -1.5 AND metrics.b < 2": lambda run: _last(run, "a") >= -1.5 and _last(run, "b") < 2,
    "metrics.a != 2 AND metrics.b != nan": lambda run: (
        {"a", "b"} <= set(run.metrics) and _last(run, "a") != 2 and not math.isnan(_last(run, "b"))
    ),
    "metrics.a IN (2, nan)": lambda run: (
        "a" in run.metrics and (_last(run, "a") == 2 or math.isnan(_last(run, "a")))
    ),
    "metrics.a IS NULL AND metrics.b IS NOT NULL": lambda run: "a" not in run.metrics and "b" in run.metrics,
    "metrics.a = nan": lambda run: "a" in run.metrics and math.isnan(_last(run, "a")),
    "params.a = 'x' AND tags.b = 'x'": lambda run: run.params.get("a") == "x" == run.tags.get("b"),
    "attributes.status = 'RUNNING' OR tags.a = ''": lambda run: (
        run.status == "RUNNING" or run.tags.get("a") == ""
    ),
}


def _rank(model: ModelRun, key: str, sign: int) -> tuple[int, float]:
    """Return by what a run is sorted: those without a metric are last, and those with NaN before them."""
    value = _last(model, key)
    if math.isnan(value):
        return (1, 0.0) if key in model.metrics else (2, 0.0)
    return 0, sign * value


ORDERS: tuple[tuple[list[str], Callable[[ModelRun], tuple[Any, ...]]], ...] = (
    ([], lambda _: ()),
    (["metrics.b"], lambda run: _rank(run, "b", 1)),
    (["metrics.a DESC", "metrics.b"], lambda run: (*_rank(run, "a", -1), *_rank(run, "b", 1))),
)


def pages_of(api: Api, experiment_id: str, text: str, order: list[str]) -> list[dict[str, Any]]:
    """Return the runs of all pages of a search."""
    runs: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        page = api.post(
            "runs/search",
            experiment_ids=[experiment_id],
            filter=text,
            order_by=order,
            run_view_type="ALL",
            max_results=2,
            page_token=token,
        )
        runs += page.get("runs", [])
        token = page.get("next_page_token")
    return runs


@pytest.fixture
def database(api: Api) -> Database:
    app: Any = api.client.app
    found: Database = app.state.runtime.database
    return found


# The fixtures are the same for every example: what an example looks at is in an experiment of its own.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_searches_equal_what_was_acknowledged(api: Api, database: Database, steps: list[Any]) -> None:
    experiment_id = api.new_experiment()
    runs = {api.new_run(experiment_id, run_name="run"): ModelRun() for _ in range(RUNS)}
    ids = list(runs)

    def check() -> None:
        for text, holds in FILTERS.items():
            for order, rank in ORDERS:
                pages = pages_of(api, experiment_id, text, order)
                found = {run["info"]["run_id"]: shown(run) for run in pages}
                expected = {run_id: model.shown() for run_id, model in runs.items() if holds(model)}
                assert found == expected, (text, order)
                ranks = [
                    (*rank(runs[run["info"]["run_id"]]), -run["info"]["start_time"], run["info"]["run_id"])
                    for run in pages
                ]
                assert ranks == sorted(ranks), (text, order)

    for step in steps:
        if step == "finalize":
            finalize_all(database)
        elif step == "search":
            check()
        else:
            index, (kind, what) = step
            write(api, ids[index], runs[ids[index]], kind, what)
    check()
    finalize_all(database)
    check()
