"""The history of metrics as it is read, over both databases."""

import math
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory, Point
from tests.fixtures.sql import CountStatements
from trackhelm_query.metrics import logic

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"


def triples(answer: dict[str, Any]) -> list[tuple[int, int, float | str]]:
    metrics = answer.get("metrics", [])
    return [(metric["timestamp"], metric["step"], metric["value"]) for metric in metrics]


def test_history_is_a_set_of_points_by_time(
    api: Api, factory: Factory, count_statements: CountStatements
) -> None:
    points: list[Point] = [(3, 5, 1.0), (1, 5, 2.0), (1, 5, 1.0), (1, 5, math.nan), (0, 9, math.inf)]
    run_id = factory.run(api.new_experiment(), metrics={"a/b c": points})
    factory.chunk(run_id, "a/b c", [(3, 5, 1.0), (7, 1, -1.0)])
    factory.labelled_metric(run_id, "a/b c", '{"model_id":"m-1"}', [(3, 5, 1.0), (4, 4, 4.0)], all_points=[])
    with count_statements() as statements:
        answer = api.get("metrics/get-history", run_id=run_id, metric_key="a/b c", max_results=25_000)
    assert triples(answer) == [
        (1, 7, -1.0), (4, 4, 4.0), (5, 1, 1.0), (5, 1, 2.0), (5, 1, "NaN"), (5, 3, 1.0), (9, 0, "Infinity"),
    ]  # fmt: skip
    assert answer["metrics"][0]["key"] == "a/b c"
    assert "next_page_token" not in answer
    assert api.get("metrics/get-history", run_uuid=run_id, metric_key="a/b c") == answer
    assert len(statements) == 1


def test_a_metric_of_labelled_points_only_has_a_history(api: Api, factory: Factory) -> None:
    run_id = factory.run(api.new_experiment())
    for rank in range(3):
        points = [(0, 0, float(rank))]
        factory.labelled_metric(run_id, "m", f'{{"rank":"{rank}"}}', points, all_points=points)
    answer = api.get("metrics/get-history", run_id=run_id, metric_key="m")
    assert triples(answer) == [(0, 0, 0.0), (0, 0, 1.0), (0, 0, 2.0)]


@pytest.mark.parametrize("page_size", [1, 3, 7])
def test_pages_go_on_where_the_last_one_ended(api: Api, factory: Factory, page_size: int) -> None:
    points: list[Point] = [(step, step // 4, float(step % 3)) for step in range(20)]
    points += [(9, 2, math.nan), (9, 2, -math.inf)]
    run_id = factory.run(api.new_experiment(), metrics={"m": points})
    whole = triples(api.get("metrics/get-history", run_id=run_id, metric_key="m"))
    assert len(whole) == 22
    pages: list[tuple[int, int, float | str]] = []
    query: dict[str, Any] = {"run_id": run_id, "metric_key": "m", "max_results": page_size}
    while True:
        answer = api.get("metrics/get-history", **query)
        pages += triples(answer)
        if "next_page_token" not in answer:
            break
        # A point before all others must not make a page repeat one.
        factory.chunk(run_id, "m", [(-len(pages), -1, 0.0)])
        query["page_token"] = answer["next_page_token"]
    assert pages == whole


@pytest.mark.parametrize("is_at_one_time", [False, True])
def test_a_long_history_is_read_and_sent_in_parts(
    api: Api, factory: Factory, monkeypatch: pytest.MonkeyPatch, *, is_at_one_time: bool
) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": [(0, 0, 0.0)]})
    for begin in range(0, 40, 5):
        steps = range(begin, begin + 6)
        points: list[Point] = [(step, 0 if is_at_one_time else step // 2, float(step)) for step in steps]
        factory.chunk(run_id, "m", points)
    factory.chunk(run_id, "m", [(3, 0, math.nan), (40, 0, -math.inf)])
    query = {"run_id": run_id, "metric_key": "m"}
    whole = api.get("metrics/get-history", **query)
    assert len(triples(whole)) == 43
    monkeypatch.setattr(logic, "HISTORY_BATCH", 4)
    response = api.client.get("/api/2.0/mlflow/metrics/get-history", params=query)
    assert "content-length" not in response.headers
    assert response.json() == whole
    first = api.get("metrics/get-history", **query, max_results=41)
    rest = api.get("metrics/get-history", **query, page_token=first["next_page_token"])
    assert triples(first) + triples(rest) == triples(whole)


def test_samples_of_a_long_history_are_those_of_a_short_one(
    api: Api, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = api.new_experiment()
    runs = [factory.run(experiment, metrics={"m": [(0, 0, 0.0)]}) for _ in range(3)]
    for number, run_id in enumerate(runs):
        for begin in range(0, 10 * (number + 1), 5):
            points: list[Point] = [(step, 7, float(number)) for step in range(begin, begin + 6)]
            factory.chunk(run_id, "m", points)
    query = {"run_ids": runs, "metric_key": "m", "max_results": 6, "start_step": 2, "end_step": 27}
    path = "metrics/get-history-bulk-interval"
    expected = api.get(path, **query)
    monkeypatch.setattr(logic, "PIECE_POINTS", 12)
    assert api.get(path, **query) == expected
    assert [point["step"] for point in expected["metrics"]] == [
        *(2, 4, 6, 8, 9, 10),
        *(2, 6, 9, 12, 15, 20),
        *(2, 7, 12, 16, 20, 27),
    ]


def test_what_is_not_there_has_no_history(api: Api, factory: Factory) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": 1.0})
    assert api.get("metrics/get-history", run_id=run_id, metric_key="other") == {}
    assert api.get("metrics/get-history", run_id="0" * 32, metric_key="m") == {}


@pytest.mark.parametrize(
    "query",
    [
        {"metric_key": "m"},
        {"run_id": "r"},
        {"run_id": "r", "metric_key": "m", "max_results": 0},
        {"run_id": "r", "metric_key": "m", "max_results": -5},
        {"run_id": "r", "metric_key": "m", "max_results": 5, "page_token": "nonsense"},
        {"run_id": "r", "metric_key": "m\0"},
    ],
)
def test_a_history_that_cannot_be_asked_for(api: Api, query: dict[str, Any]) -> None:
    api.refused("GET", "metrics/get-history", INVALID, **query)


def test_bulk_history_goes_run_by_run_up_to_a_total(
    api: Api, factory: Factory, count_statements: CountStatements
) -> None:
    experiment_id = api.new_experiment()
    runs = sorted(
        factory.run(experiment_id, metrics={"m": [(step, 100 - step, float(step)) for step in range(4)]})
        for _ in range(3)
    )
    with count_statements() as statements:
        answer = api.get(BULK, run_id=[runs[2], runs[0], runs[1], runs[0], "none"], metric_key="m")
    assert [metric["run_id"] for metric in answer["metrics"]] == [run for run in runs for _ in range(4)]
    assert triples(answer)[:4] == [(97, 3, 3.0), (98, 2, 2.0), (99, 1, 1.0), (100, 0, 0.0)]
    assert len(statements) == 1
    first = api.get(BULK, run_id=runs, metric_key="m", max_results=6)
    assert first["metrics"] == answer["metrics"][:6]
    assert api.get(BULK, run_id=runs, metric_key="m", max_results=999_999) == answer
    assert api.get(BULK, run_id=runs, metric_key="other") == {"metrics": []}


def test_bulk_history_is_for_browsers_and_a_hundred_runs(api: Api) -> None:
    api.refused("GET", BULK, INVALID, metric_key="m")
    api.refused("GET", BULK, INVALID, run_id=["r"])
    api.refused("GET", BULK, INVALID, run_id=["r"], metric_key="m", max_results=0)
    api.refused("GET", BULK, INVALID, run_id=["r"] * 101, metric_key="m")
    path = "metrics/get-history-bulk"
    api.refused("GET", path, "ENDPOINT_NOT_FOUND", 404, run_id=["r"], metric_key="m")


@pytest.mark.parametrize("root", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"])
def test_an_interval_is_sampled_evenly_with_both_ends(api: Api, factory: Factory, root: str) -> None:
    path = f"{root}/metrics/get-history-bulk-interval"
    experiment_id = api.new_experiment()
    long = factory.run(
        experiment_id, metrics={"m": [(step, 1_000 - step, float(step)) for step in range(100)]}
    )
    short = factory.run(experiment_id, metrics={"m": [(5, 1, 5.0), (5, 0, math.nan)]})

    def steps(answer: dict[str, Any], run_id: str) -> list[int]:
        return [metric["step"] for metric in answer["metrics"] if metric["run_id"] == run_id]

    answer = api.get(path, run_ids=[short, long], metric_key="m", max_results=4)
    assert steps(answer, long) == [0, 25, 50, 99]
    assert triples(answer)[:2] == [(0, 5, "NaN"), (1, 5, 5.0)]
    assert [metric["run_id"] for metric in answer["metrics"]] == [short] * 2 + [long] * 4
    query: dict[str, Any] = {"run_ids": [long], "metric_key": "m"}
    assert steps(api.get(path, **query), long) == list(range(100))
    assert steps(api.get(path, **query, max_results=1), long) == [99]
    assert steps(api.get(path, **query, start_step=10, end_step=12), long) == [10, 11, 12]
    assert steps(api.get(path, **query, start_step=10, end_step=30, max_results=3), long) == [10, 17, 30]
    assert api.get(path, **query, start_step=200, end_step=300) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"metric_key": "m"},
        {"run_ids": ["r"]},
        {"run_ids": ["r"] * 101, "metric_key": "m"},
        {"run_ids": ["r"], "metric_key": "m", "start_step": 1},
        {"run_ids": ["r"], "metric_key": "m", "end_step": 1},
        {"run_ids": ["r"], "metric_key": "m", "start_step": 2, "end_step": 1},
        {"run_ids": ["r"], "metric_key": "m", "max_results": 0},
        {"run_ids": ["r"], "metric_key": "m", "max_results": 2_501},
        {"run_ids": ["r"], "metric_key": "m", "start_step": 2**70, "end_step": 2**71},
    ],
)
def test_an_interval_that_cannot_be_asked_for(api: Api, query: dict[str, Any]) -> None:
    api.refused("GET", "metrics/get-history-bulk-interval", INVALID, **query)
