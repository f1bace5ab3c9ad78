"""A point, param or tag that is logged alone: on PostgreSQL one statement stores params and tags."""

import math
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

POINT: dict[str, Any] = {"key": "alone", "value": 1.5, "timestamp": 1, "step": 0}


@pytest.fixture
def one_statement(api: Api) -> None:
    app: Any = api.client.app
    runtime = app.state.runtime
    if runtime.database.is_sqlite or runtime.redis is not None:
        pytest.skip("of PostgreSQL without a queue")


def test_points_logged_one_by_one_are_folded(api: Api) -> None:
    run_id = api.new_run()
    for step, value in enumerate([3.0, "NaN", -1.0, "Infinity"]):
        api.post("runs/log-metric", run_id=run_id, **POINT | {"step": step, "value": value})
    api.post("runs/log-metric", run_id=run_id, **POINT)
    (latest,) = api.get("runs/get", run_id=run_id)["run"]["data"]["metrics"]
    assert (latest["step"], latest["value"]) == (3, "Infinity")
    history = api.get("metrics/get-history", run_id=run_id, metric_key="alone")["metrics"]
    values = [float(point["value"]) for point in history]
    assert values[:2] == [1.5, 3.0]
    assert values[3:] == [-1.0, math.inf]
    assert math.isnan(values[2])


def test_a_point_for_a_run_that_is_not_there_or_deleted_is_refused(api: Api) -> None:
    api.post("runs/log-metric", run_id=api.new_run(), **POINT)
    api.refused("POST", "runs/log-metric", "RESOURCE_DOES_NOT_EXIST", 404, run_id="0" * 32, **POINT)
    deleted = api.new_run()
    api.post("runs/delete", run_id=deleted)
    api.refused("POST", "runs/log-metric", "INVALID_PARAMETER_VALUE", run_id=deleted, **POINT)


@pytest.mark.usefixtures("one_statement")
@pytest.mark.parametrize("endpoint", ["runs/log-parameter", "runs/set-tag"])
def test_a_param_or_tag_of_a_known_key_is_one_statement(
    api: Api, count_statements: CountStatements, endpoint: str
) -> None:
    api.post(endpoint, run_id=api.new_run(), key="alone", value="1")  # the key is remembered
    run_id = api.new_run()
    with count_statements() as statements:
        api.post(endpoint, run_id=run_id, key="alone", value="1")
    assert len(statements) == 1


def test_params_and_tags_logged_alone_keep_their_rules(api: Api) -> None:
    run_id = api.new_run()
    for _ in range(2):
        api.post("runs/log-parameter", run_id=run_id, key="alone", value="1")
    message = api.refused(
        "POST", "runs/log-parameter", "INVALID_PARAMETER_VALUE", run_id=run_id, key="alone", value="2"
    )
    assert "value='1'" in message
    assert "new value '2'" in message
    for value in ("1", "2"):
        api.post("runs/set-tag", run_id=run_id, key="alone", value=value)
    data = api.get("runs/get", run_id=run_id)["run"]["data"]
    assert data["params"] == [{"key": "alone", "value": "1"}]
    assert {"key": "alone", "value": "2"} in data["tags"]
    api.post("runs/delete", run_id=run_id)
    for endpoint in ("runs/log-parameter", "runs/set-tag"):
        api.refused("POST", endpoint, "INVALID_PARAMETER_VALUE", run_id=run_id, key="alone", value="1")
        api.refused("POST", endpoint, "RESOURCE_DOES_NOT_EXIST", 404, run_id="0" * 32, key="alone", value="1")
