"""The series of runs as they are listed, and the exact points of one, over both databases."""

import math
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory, Point
from tests.fixtures.sql import CountStatements

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"
LIST = "/api/2.0/trackhelm/series/list"
HISTORY = "/api/2.0/trackhelm/series/history"


def log(api: Api, run_id: str, key: str, *points: tuple[int, int, Any], **labels: str) -> None:
    metrics = [
        {"key": key, "step": step, "timestamp": at, "value": value, "labels": labels}
        for step, at, value in points
    ]
    api.post("runs/log-batch", run_id=run_id, metrics=metrics)


def test_series_are_listed_with_labels_and_summaries(api: Api) -> None:
    run_id = api.new_run()
    log(api, run_id, "loss", (0, 1, 0.5), (1, 2, 0.25), rank="0", node="a")
    log(api, run_id, "loss", (0, 1, "NaN"), (2, 2, "Infinity"), rank="1", node="a")
    log(api, run_id, "acc", (7, 8, 0.75))
    listed = api.post(LIST, run_ids=[run_id])
    # Keys and label sets are in the order in which the server first met them.
    rows = {
        (series["key"], *series.pop("labels", {}).values()): series["last"]["value"]
        for series in listed["series"]
    }
    assert rows == {
        ("loss",): "Infinity",
        ("acc",): 0.75,
        ("loss", "a", "0"): 0.25,
        ("loss", "a", "1"): "Infinity",
    }
    losses = [series for series in listed["series"] if series["key"] == "loss"]
    assert sorted(losses, key=lambda series: (-series["count"], series["last"]["step"])) == [
        {
            "run_id": run_id,
            "key": "loss",
            "last": {"value": last, "step": step, "timestamp": 2},
            "count": count,
            "nonfinite": nonfinite,
            **extremes,
        }
        for last, step, count, nonfinite, extremes in (
            ("Infinity", 2, 4, 2, {"min": 0.25, "max": 0.5}),
            (0.25, 1, 2, 0, {"min": 0.25, "max": 0.5}),
            ("Infinity", 2, 2, 2, {}),
        )
    ]
    keys = api.post(LIST, run_ids=[run_id], label_sets=False)["series"]
    assert sorted(series["key"] for series in keys) == ["acc", "loss"]
    assert not any("labels" in series for series in keys)
    assert [series["key"] for series in api.post(LIST, run_ids=[run_id], keys=["acc", "no"])["series"]] == [
        "acc"
    ]
    assert api.post(LIST, run_ids=[run_id], keys=["no"]) == {"series": []}
    assert api.post(LIST, run_ids=["none"]) == {"series": []}


def test_series_with_labels_are_listed_by_two_statements(api: Api, count_statements: CountStatements) -> None:
    run_id = api.new_run()
    for rank in "01":
        log(api, run_id, "loss", (0, 1, 0.5), rank=rank)
    with count_statements() as statements:
        assert len(api.post(LIST, run_ids=[run_id])["series"]) == 3
    assert len(statements) <= 2


def test_a_label_set_is_one_whatever_the_order_of_its_names(api: Api) -> None:
    run_id = api.new_run()
    for labels in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}):
        api.post("runs/log-metric", run_id=run_id, key="k", value=1, timestamp=1, labels=labels)
    labelled = [series for series in api.post(LIST, run_ids=[run_id])["series"] if "labels" in series]
    assert [series["labels"] for series in labelled] == [{"a": "1", "b": "2"}]


def test_labels_stand_beside_the_model_of_a_metric(api: Api) -> None:
    run_id = api.new_run()
    metric = {"key": "k", "value": 1, "timestamp": 1, "model_id": "m-1", "labels": {"rank": "0"}}
    api.post("runs/log-batch", run_id=run_id, metrics=[metric])
    labels = {"model_id": "m-1", "rank": "0"}
    assert api.post(LIST, run_ids=[run_id])["series"][1]["labels"] == labels
    found = api.get(HISTORY, run_id=run_id, key="k", label=["rank=0", "model_id=m-1"])
    assert (found["labels"], found["values"]) == ({"rank": "0", "model_id": "m-1"}, [1.0])


@pytest.mark.parametrize("page_size", [1, 2, 5])
def test_pages_of_series(api: Api, page_size: int) -> None:
    runs = [api.new_run() for _ in range(2)]
    for run_id in runs:
        for rank in range(3):
            log(api, run_id, "k", (0, 1, rank), rank=str(rank))
    whole = api.post(LIST, run_ids=runs)["series"]
    assert len(whole) == 8
    pages: list[dict[str, Any]] = []
    token = ""
    while True:
        answer = api.post(LIST, run_ids=runs, max_results=page_size, page_token=token)
        pages += answer["series"]
        assert len(answer["series"]) <= page_size
        token = answer.get("next_page_token", "")
        if not token:
            break
        api.refused("POST", LIST, INVALID, run_ids=runs[:1], page_token=token)
    assert pages == whole


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({}, "'run_ids' supplied: 0 are named"),
        ({"run_ids": ["r"] * 501}, "'run_ids' supplied: 501 are named"),
        ({"run_ids": ["r"], "max_results": 0}, "Invalid value 0 for parameter 'max_results'"),
        ({"run_ids": ["r"], "max_results": 10_001}, "Invalid value 10001 for parameter 'max_results'"),
        ({"run_ids": ["r"], "page_token": "x"}, "page_token"),
        ({"run_ids": ["r"], "keys": [1]}, "for parameter 'keys[0]'"),
    ],
)
def test_a_list_that_cannot_be_asked_for(api: Api, message: dict[str, Any], told: str) -> None:
    assert told in api.refused("POST", LIST, INVALID, **message)


def test_the_history_of_one_series_is_its_exact_points(api: Api, factory: Factory) -> None:
    plain: list[Point] = [(3, 5, 1.0), (1, 5, math.nan), (0, 9, math.inf)]
    run_id = factory.run(api.new_experiment(), metrics={"m": plain})
    log(api, run_id, "m", (4, 4, 4.0), rank="0")
    log(api, run_id, "m", (4, 4, 5.0), rank="1", formula="a=b")
    assert api.get(HISTORY, run_id=run_id, key="m") == {
        "run_id": run_id,
        "key": "m",
        "labels": {},
        "steps": [1, 3, 0],
        "timestamps": [5, 5, 9],
        "values": ["NaN", 1.0, "Infinity"],
    }
    found = api.get(HISTORY, run_id=run_id, key="m", label=["rank=1", "formula=a=b"])
    assert (found["labels"], found["values"]) == ({"rank": "1", "formula": "a=b"}, [5.0])
    told = api.refused("GET", HISTORY, "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id, key="m", label="rank=2")
    assert told == f"Run '{run_id}' has no series 'm' with the labels {{\"rank\":\"2\"}}."
    api.refused("GET", HISTORY, "RESOURCE_DOES_NOT_EXIST", 404, run_id=run_id, key="other")


def test_pages_of_a_history(api: Api) -> None:
    run_id = api.new_run()
    points = [(step, 1 + step // 3, float(step % 2)) for step in range(10)]
    log(api, run_id, "m", *points, rank="0")
    query: dict[str, Any] = {"run_id": run_id, "key": "m", "label": "rank=0", "max_results": 4}
    steps: list[int] = []
    while True:
        answer = api.get(HISTORY, **query)
        steps += answer["steps"]
        if "next_page_token" not in answer:
            break
        query["page_token"] = answer["next_page_token"]
    assert steps == list(range(10))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"key": "k"}, "Missing value for required parameter 'run_id'"),
        ({"run_id": "r"}, "Missing value for required parameter 'key'"),
        ({"run_id": "r", "key": "k", "label": "rank"}, "\"rank\" for parameter 'label' supplied: it must be"),
        ({"run_id": "r", "key": "k", "label": ["a=1", "a=2"]}, "'a' is given twice"),
        ({"run_id": "r", "key": "k", "max_results": 0}, "Invalid value 0 for parameter 'max_results'"),
        ({"run_id": "r", "key": "k", "page_token": "x"}, "page_token"),
    ],
)
def test_a_history_that_cannot_be_asked_for(api: Api, query: dict[str, Any], told: str) -> None:
    assert told in api.refused("GET", HISTORY, INVALID, **query)
