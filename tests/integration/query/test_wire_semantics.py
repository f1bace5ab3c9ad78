"""What answers look like where MLflow's own clients and scripts depend on it, over both databases."""

import math
from typing import Any

import pytest

from tests.fixtures.api import Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"
MAX = 1.7976931348623157e308
VALUES: dict[str, Any] = {
    "a": 1.5,
    "b": "NaN",
    "c": "Infinity",
    "d": "-Infinity",
    "e": MAX,
}


@pytest.fixture(scope="module")
def mixed(api: Api) -> str:
    """Log a metric that is finite, NaN, infinite and the largest there is, and in one run absent."""
    experiment_id = api.new_experiment()
    for name, value in VALUES.items():
        run_id = api.new_run(experiment_id, run_name=name)
        api.post("runs/log-metric", run_id=run_id, key="m", value=value, timestamp=1)
    api.new_run(experiment_id, run_name="f")
    return experiment_id


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("metrics.m = nan", "b"),
        ("metrics.m != nan", "acde"),
        ("metrics.m = inf", "c"),
        ("metrics.m = -inf", "d"),
        ("metrics.m > 1e308", "ce"),
        ("metrics.m >= 1.7976931348623157e308", "ce"),
        ("metrics.m < 0", "d"),
        ("metrics.m != 1.5", "bcde"),
        ("metrics.m > 0 OR metrics.m <= 0", "acde"),
        ("metrics.m IN (1.5, nan)", "ab"),
        ("metrics.m IS NULL", "f"),
    ],
)
def test_a_metric_is_searched_as_what_was_logged(api: Api, mixed: str, where: str, expected: str) -> None:
    page = api.post("runs/search", experiment_ids=[mixed], filter=where, order_by=["run_name"])
    assert "".join(run["info"]["run_name"] for run in page["runs"]) == expected


def test_a_metric_comes_back_as_what_was_logged(api: Api, mixed: str) -> None:
    page = api.post("runs/search", experiment_ids=[mixed], order_by=["run_name"])
    shown = [run["data"]["metrics"][0]["value"] for run in page["runs"] if "metrics" in run["data"]]
    assert shown == list(VALUES.values())
    assert all(not isinstance(value, float) or math.isfinite(value) for value in shown)


def test_ids_of_experiments_may_be_numbers_in_a_search(api: Api, mixed: str) -> None:
    assert len(api.post("runs/search", experiment_ids=[int(mixed)])["runs"]) == len(VALUES) + 1
    for wrong in (True, 1.0, 10**30, None, [mixed]):
        api.refused("POST", "runs/search", INVALID, experiment_ids=[wrong])


def test_a_bulk_history_tells_that_it_is_empty_and_others_leave_it_out(api: Api) -> None:
    unknown = "f" * 32
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    assert api.get(path, run_id=[unknown], metric_key="m") == {"metrics": []}
    assert api.get("metrics/get-history", run_id=unknown, metric_key="m") == {}
    assert api.get("metrics/get-history-bulk-interval", run_ids=[unknown], metric_key="m") == {}


@pytest.mark.parametrize("view", ["ACTIVE_ONLY", 1, "nonsense", "", None])
def test_a_search_without_a_known_view_sees_what_is_active(api: Api, view: object) -> None:
    experiment_id = api.new_experiment()
    api.post("runs/delete", run_id=api.new_run(experiment_id))
    live = api.new_run(experiment_id)
    page = api.post("runs/search", experiment_ids=[experiment_id], run_view_type=view)
    assert [run["info"]["run_id"] for run in page["runs"]] == [live]


def test_a_dataset_is_one_by_name_and_digest_within_its_experiment(api: Api) -> None:
    dataset = {"name": "iris", "digest": "d", "source_type": "local", "source": "first", "schema": "one"}
    experiment_id = api.new_experiment()
    runs = [api.new_run(experiment_id), api.new_run(experiment_id), api.new_run(api.new_experiment())]
    for index, run_id in enumerate(runs):
        described = dataset | ({"source": "later", "schema": "two", "profile": "new"} if index else {})
        api.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": described}])

    def source(run_id: str) -> str:
        (used,) = api.get("runs/get", run_id=run_id)["run"]["inputs"]["dataset_inputs"]
        told: str = used["dataset"]["source"]
        return told

    assert [source(run_id) for run_id in runs] == ["first", "first", "later"]
