"""Metrics as they are written and read back, over both databases."""

import json
import math
import random
from typing import Any

import pytest

from tests.fixtures.api import API, Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")


def history(api: Api, run_id: str, key: str) -> list[tuple[int, int, Any]]:
    answer = api.get("metrics/get-history", run_id=run_id, metric_key=key)
    return [(point["step"], point["timestamp"], point["value"]) for point in answer.get("metrics", [])]


def latest(api: Api, run_id: str) -> dict[str, tuple[int, Any]]:
    data = api.get("runs/get", run_id=run_id)["run"]["data"]
    return {metric["key"]: (metric["step"], metric["value"]) for metric in data.get("metrics", [])}


def log(api: Api, run_id: str, *points: tuple[int, int, Any], key: str = "loss") -> None:
    metrics = [{"key": key, "step": step, "timestamp": at, "value": value} for step, at, value in points]
    api.post("runs/log-batch", run_id=run_id, metrics=metrics)


def test_a_whole_history_comes_back(api: Api) -> None:
    run_id = api.new_run()
    points = [(step, 1_700_000_000_000 + step * 60, random.Random(step).gauss(0, 1)) for step in range(2_500)]
    for begin in range(0, len(points), 1_000):
        log(api, run_id, *points[begin : begin + 1_000])
    assert history(api, run_id, "loss") == points


def test_the_same_point_twice_is_one(api: Api) -> None:
    run_id = api.new_run()
    log(api, run_id, (0, 1, 0.5), (0, 1, 0.5))
    log(api, run_id, (0, 1, 0.5))
    assert history(api, run_id, "loss") == [(0, 1, 0.5)]
    log(api, run_id, (0, 1, 0.75), (0, 2, 0.5))
    assert history(api, run_id, "loss") == [(0, 1, 0.5), (0, 1, 0.75), (0, 2, 0.5)]


def test_the_latest_is_the_greatest_step_then_time_then_value(api: Api) -> None:
    run_id = api.new_run()
    for point, expected in (
        ((5, 10, 1.0), (5, 1.0)),
        ((4, 99, 9.0), (5, 1.0)),
        ((5, 9, 9.0), (5, 1.0)),
        ((5, 10, 0.5), (5, 1.0)),
        ((5, 10, 2.0), (5, 2.0)),
        ((5, 11, -3.0), (5, -3.0)),
        ((5, 11, "NaN"), (5, "NaN")),
        ((5, 11, -1.0), (5, "NaN")),
        ((5, 11, 0.1), (5, 0.1)),
        ((-1, 99, 7.0), (5, 0.1)),
    ):
        log(api, run_id, point)
        assert latest(api, run_id) == {"loss": expected}


def test_what_is_not_finite_is_kept_as_such(api: Api) -> None:
    run_id = api.new_run()
    log(api, run_id, (0, 1, "NaN"), (1, 1, "Infinity"), (2, 1, "-Infinity"), (3, 1, 1.7976931348623157e308))
    assert [value for _, _, value in history(api, run_id, "loss")] == [
        "NaN", "Infinity", "-Infinity", 1.7976931348623157e308,
    ]  # fmt: skip
    log(api, run_id, (4, 1, "-Infinity"))
    assert latest(api, run_id) == {"loss": (4, "-Infinity")}


def test_bare_nan_tokens_are_read(api: Api) -> None:
    run_id = api.new_run()
    body = json.dumps({"run_id": run_id, "key": "k", "value": math.nan, "timestamp": 1})
    response = api.client.post(
        f"{API}/runs/log-metric", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code == 200
    assert latest(api, run_id) == {"k": (0, "NaN")}


def test_extreme_steps_and_times_are_kept(api: Api) -> None:
    run_id = api.new_run()
    points = [(-(2**63), 0, 1.0), (0, 2**63 - 1, 2.0), (2**63 - 1, 0, 3.0)]
    log(api, run_id, *points)
    assert sorted(history(api, run_id, "loss")) == points


def test_a_point_of_a_model_is_a_point_of_the_run(api: Api) -> None:
    run_id = api.new_run()
    log(api, run_id, (0, 1, 0.5))
    api.post(
        "runs/log-metric",
        run_id=run_id,
        run_uuid=run_id,
        key="loss",
        value=0.5,
        timestamp=1,
        step=0,
        model_id="m-1",
    )
    api.post("runs/log-metric", run_id=run_id, key="loss", value=0.25, timestamp=2, step=1, model_id="m-1")
    assert history(api, run_id, "loss") == [(0, 1, 0.5), (1, 2, 0.25)]
    assert latest(api, run_id) == {"loss": (1, 0.25)}


def test_a_run_that_is_refused_does_not_take_down_its_group(api: Api) -> None:
    good, bad = api.new_run(), api.new_run()
    api.post("runs/delete", run_id=bad)
    for _ in range(3):
        log(api, good, (0, 1, 1.0))
        api.refused(
            "POST", "runs/log-metric", "INVALID_PARAMETER_VALUE", run_id=bad, key="k", value=1, timestamp=1
        )
    assert history(api, good, "loss") == [(0, 1, 1.0)]
