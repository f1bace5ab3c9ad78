"""Searching runs: filters, orders, stages and pages, over both databases."""

import base64
import json
import math
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"


class Runs:
    """Runs of one experiment, known by their names."""

    def __init__(self, api: Api, factory: Factory) -> None:
        self._api = api
        self.factory = factory
        self.experiment_id = api.new_experiment()
        self.ids: dict[str, str] = {}

    def add(self, name: str, **columns: Any) -> str:
        self.ids[name] = self.factory.run(self.experiment_id, name=name, **columns)
        return self.ids[name]

    def page(self, **query: Any) -> dict[str, Any]:
        return self._api.post("runs/search", experiment_ids=[self.experiment_id], **query)

    def found(self, where: str = "", **query: Any) -> list[str]:
        page = self.page(filter=where, **query)
        return [run["info"]["run_name"] for run in page.get("runs", [])]


@pytest.fixture
def runs(api: Api, factory: Factory) -> Runs:
    return Runs(api, factory)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("metrics.loss < 1", "a"),
        ("metrics.loss >= 1", "b"),
        ("metrics.loss != 1", "ac"),
        ("metrics.loss = nan", "c"),
        ("metric.loss IS NULL", "d"),
        ("NOT metrics.loss < 1", "bcd"),
        ("metrics.loss.max > 5", "b"),
        ("metrics.loss.min < 0.2", "a"),
        ("metrics.`loss`.last <= 1", "ab"),
        ("metrics.unknown > 0", ""),
        ("params.model = 'cnn'", "ab"),
        ("param.model != 'cnn'", "c"),
        ("parameters.model IS NULL", "d"),
        ("params.model IN ('cnn', 'mlp') AND metrics.loss < 2", "ab"),
        ("params.model ILIKE 'C%'", "ab"),
        ("params.model LIKE 'C%'", ""),
        ("tags.`team name` = 'x y'", "a"),
        ('tag."team name" IS NOT NULL', "a"),
        ("tags.unknown IS NULL", "abcd"),
        ("tags.unknown != 'x'", ""),
        ("status = 'FAILED'", "d"),
        ("attributes.status != 'FAILED'", "abc"),
        ("run.start_time > 200", "cd"),
        ("created <= 100", "a"),
        ("end_time = 900", "d"),
        ("end_time != 900", ""),
        ("attr.`Run name` = 'b'", "b"),
        ("run_name LIKE '%'", "abcd"),
        ("user_id = 'eve'", "b"),
        ("dataset.name = 'mnist'", "ab"),
        ("datasets.context IN ('train', 'eval') AND datasets.digest != 'd2'", "a"),
        ("dataset.context = 'eval'", "b"),
        ("metrics.loss < 1 OR (status = 'FAILED' AND NOT user_id = 'eve')", "ad"),
        ("metrics.loss = inf", ""),
        ("metrics.loss < inf", "ab"),
    ],
)
def test_filters(runs: Runs, where: str, expected: str) -> None:
    factory, experiment_id = runs.factory, runs.experiment_id
    a = runs.add("a", start_time=100, metrics={"loss": [(0, 0, 0.1), (1, 1, 0.5)]},
                 params={"model": "cnn"}, tags={"team name": "x y"})  # fmt: skip
    b = runs.add("b", start_time=200, metrics={"loss": [(0, 0, 9.0), (1, 1, 1.0)]},
                 params={"model": "cnn"}, user_id="eve")  # fmt: skip
    runs.add("c", start_time=300, metrics={"loss": [(0, 0, 2.0), (1, 1, math.nan)]}, params={"model": "mlp"})
    runs.add("d", start_time=400, end_time=900, status="FAILED")
    factory.dataset(experiment_id, a, name="mnist", tags={"mlflow.data.context": "train"})
    factory.dataset(experiment_id, b, name="mnist", digest="d2", tags={"mlflow.data.context": "eval"})
    runs.factory.run(runs._api.new_experiment(), name="elsewhere", metrics={"loss": 0.1})
    assert "".join(sorted(runs.found(where))) == expected


def test_a_run_is_found_by_its_id(runs: Runs) -> None:
    runs.add("a")
    runs.add("b")
    assert runs.found(f"attributes.run_id IN ('{runs.ids['a']}')") == ["a"]
    assert runs.found(f"run_id = '{runs.ids['b']}'") == ["b"]


def test_the_newest_run_is_first_and_ties_go_by_id(runs: Runs) -> None:
    runs.add("old", start_time=1)
    runs.add("second", start_time=2, uuid="b" * 26 + runs.experiment_id.zfill(6))
    runs.add("first", start_time=2, uuid="a" * 26 + runs.experiment_id.zfill(6))
    assert runs.found() == ["first", "second", "old"]


def test_a_metric_order_puts_nan_after_values_and_missing_last_both_ways(runs: Runs) -> None:
    for name, value in {"one": 1.0, "nan": math.nan, "inf": math.inf, "minus": -math.inf}.items():
        runs.add(name, metrics={"m": value}, start_time=5)
    runs.add("missing", metrics={"other": 1.0}, start_time=9)
    assert runs.found(order_by=["metrics.m"]) == ["minus", "one", "inf", "nan", "missing"]
    assert runs.found(order_by=["metrics.m DESC"]) == ["inf", "one", "minus", "nan", "missing"]


def test_params_tags_and_times_that_are_missing_come_last_both_ways(runs: Runs) -> None:
    runs.add("x", params={"p": "x"}, tags={"t": "1"}, end_time=5, start_time=3)
    runs.add("y", params={"p": "y"}, tags={"t": "2"}, end_time=6, start_time=2)
    runs.add("none", start_time=1)
    for key in ("params.p", "tags.t", "end_time"):
        assert runs.found(order_by=[key]) == ["x", "y", "none"]
        assert runs.found(order_by=[f"{key} DESC"]) == ["y", "x", "none"]
    assert runs.found(order_by=["start_time ASC"]) == ["none", "y", "x"]
    assert runs.found(order_by=["params.unknown", "run_name"]) == ["none", "x", "y"]


def test_searches_see_the_stages_they_ask_for(runs: Runs) -> None:
    runs.add("live", start_time=2)
    runs.add("dead", lifecycle_stage="deleted", start_time=1)
    assert runs.found() == ["live"]
    assert runs.found(run_view_type="DELETED_ONLY") == ["dead"]
    assert runs.found(run_view_type=3) == ["live", "dead"]
    assert runs.found(run_view_type="nonsense") == ["live"]


def test_several_experiments_are_one_list(api: Api, factory: Factory) -> None:
    experiments = [api.new_experiment() for _ in range(3)]
    for start, experiment_id in enumerate(experiments):
        factory.run(experiment_id, start_time=start)
    found = api.post("runs/search", experiment_ids=[*experiments[:2], experiments[0]])["runs"]
    assert [run["info"]["experiment_id"] for run in found] == [experiments[1], experiments[0]]
    assert api.post("runs/search", experiment_ids=[]) == {}
    assert api.post("runs/search") == {}
    assert api.post("runs/search", experiment_ids=["999999999999"]) == {}


@pytest.mark.parametrize(
    "order_by",
    [[], ["metrics.m"], ["metrics.m DESC"], ["params.p DESC", "metrics.m"], ["end_time", "run_id DESC"]],
)
def test_pages_together_are_the_whole_list(runs: Runs, order_by: list[str]) -> None:
    for index in range(11):
        runs.add(
            str(index),
            start_time=index // 3,
            end_time=index // 2 if index % 3 else None,
            metrics={"m": [math.nan, 1.5, -2.0][index % 3]} if index % 4 else {},
            params={"p": f"{index % 2}"} if index % 5 else {},
        )
    whole = runs.found(order_by=order_by)
    pages: list[str] = []
    token = ""
    while True:
        page = runs.page(order_by=order_by, max_results=2, page_token=token)
        pages += [run["info"]["run_name"] for run in page["runs"]]
        token = page.get("next_page_token", "")
        if not token:
            break
        # The newest of all: before every page that is yet to come, or on one of them, never in between.
        runs.add(f"late {len(pages)}", start_time=1_000, uuid=None)
    assert [name for name in pages if not name.startswith("late")] == whole


def test_a_token_is_for_its_own_query(runs: Runs, api: Api) -> None:
    for name in "abc":
        runs.add(name)
    token = runs.page(max_results=1)["next_page_token"]
    ids = [runs.experiment_id]
    for other in ({"filter": "run_name = 'a'"}, {"order_by": ["run_name"]}, {"run_view_type": "ALL"}):
        api.refused("POST", "runs/search", INVALID, experiment_ids=ids, page_token=token, **other)
    api.refused("POST", "runs/search", INVALID, experiment_ids=["0"], page_token=token)
    assert len(runs.page(max_results=2, page_token=token)["runs"]) == 2


@pytest.mark.parametrize(
    "after", [["text", "x"], [1, 2], [None, "x"], [1.5, "x"], [2**70, "x"], [1], [True, "x"], {}]
)
def test_a_forged_token_is_refused(runs: Runs, api: Api, after: object) -> None:
    for name in "ab":
        runs.add(name)
    token = runs.page(max_results=1)["next_page_token"]
    payload = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps(payload | {"after": after}).encode()).decode()
    api.refused(
        "POST", "runs/search", INVALID, experiment_ids=[runs.experiment_id], page_token=forged.rstrip("=")
    )


@pytest.mark.parametrize(
    "message",
    [
        {"experiment_ids": ["x"]},
        {"experiment_ids": ["1" * 30]},
        {"max_results": 0},
        {"max_results": 50_001},
        {"filter": "metrics.m = 'text'"},
        {"filter": "params.p = 5"},
        {"filter": "start_time > 99999999999999999999999"},
        {"filter": "nonsense"},
        {"filter": "status > 'A'"},
        {"order_by": ["metrics.m", "metric.m DESC"]},
        {"order_by": ["dataset.name"]},
        {"order_by": ["nonsense"]},
        {"order_by": ["params.`\0`"]},
        {"page_token": "nonsense"},
    ],
)
def test_a_search_that_is_not_allowed_is_refused(api: Api, message: dict[str, Any]) -> None:
    api.refused("POST", "runs/search", INVALID, **({"experiment_ids": ["0"]} | message))
