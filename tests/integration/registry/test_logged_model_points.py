"""The points of logged models' metrics: all that were logged, as far as an answer holds them."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements
from tests.integration.registry.logged_models import found_names, new_model
from trackhelm_core.chunks import codec
from trackhelm_core.chunks.points import Points
from trackhelm_registry.logged_models import store as logged_models_store

SEARCH = "logged-models/search"


def log(api: Api, run_id: str, model_id: str, *points: tuple[str, float, int, int], **labels: str) -> None:
    """Log points, each key, value, step and time."""
    metrics = [
        {"key": key, "value": value, "step": step, "timestamp": time, "model_id": model_id, **labels}
        for key, value, step, time in points
    ]
    api.post("runs/log-batch", run_id=run_id, metrics=metrics)


def metrics_of(api: Api, model_id: str) -> list[dict[str, Any]]:
    data = api.get(f"logged-models/{model_id}")["model"]["data"]
    metrics: list[dict[str, Any]] = data.get("metrics", [])
    return metrics


def told(metrics: list[dict[str, Any]]) -> list[tuple[str, float, int, int]]:
    return [(each["key"], each["value"], each["step"], each["timestamp"]) for each in metrics]


def test_a_model_has_every_point_of_its_metrics_by_time(api: Api) -> None:
    experiment_id = api.new_experiment()
    model_id, other = new_model(api, experiment_id), new_model(api, experiment_id)
    first, second = api.new_run(experiment_id), api.new_run(experiment_id)
    log(api, first, model_id, ("acc", 0.5, 0, 10), ("acc", 0.25, 1, 20), ("loss", 3, 1, 20))
    log(api, first, other, ("acc", 9, 9, 9))
    for value in (0.75, 0.75):
        log(api, first, model_id, ("acc", value, 2, 30))
    log(api, first, model_id, ("acc", 0.125, 1, 15), dataset_name="iris", dataset_digest="d1")
    log(api, second, model_id, ("acc", 0.0, 7, 5), ("acc", -1, 6, 5))
    metrics = metrics_of(api, model_id)
    assert told(metrics) == [
        ("acc", -1, 6, 5),
        ("acc", 0, 7, 5),
        ("acc", 0.5, 0, 10),
        ("acc", 0.125, 1, 15),
        ("acc", 0.25, 1, 20),
        ("loss", 3, 1, 20),
        ("acc", 0.75, 2, 30),
    ]
    assert {each["model_id"] for each in metrics} == {model_id}
    assert [each["run_id"] == first for each in metrics] == [False] * 2 + [True] * 5
    assert [(each.get("dataset_name"), each.get("dataset_digest")) for each in metrics] == (
        [(None, None)] * 3 + [("iris", "d1")] + [(None, None)] * 3
    )
    found = api.post(SEARCH, experiment_ids=[experiment_id])["models"]
    assert {model["info"]["model_id"]: model["data"].get("metrics", []) for model in found} == {
        model_id: metrics, other: metrics_of(api, other)
    }  # fmt: skip
    message = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
    finalized = api.call("PATCH", f"logged-models/{model_id}", **message)
    assert finalized["model"]["data"]["metrics"] == metrics


def test_what_is_not_finite_is_among_the_points(api: Api) -> None:
    experiment_id = api.new_experiment()
    model_id, run_id = new_model(api, experiment_id), api.new_run(experiment_id)
    for step, value in enumerate(("NaN", "Infinity", 1.5, "-Infinity")):
        message = {"key": "loss", "value": value, "step": step, "timestamp": step, "model_id": model_id}
        api.post("runs/log-metric", run_id=run_id, **message)
    assert [each["value"] for each in metrics_of(api, model_id)] == ["NaN", "Infinity", 1.5, "-Infinity"]


def test_points_stay_when_the_run_ends(api: Api) -> None:
    experiment_id = api.new_experiment()
    model_id, run_id = new_model(api, experiment_id), api.new_run(experiment_id)
    for step in range(5):
        log(api, run_id, model_id, ("acc", step, step, step))
    before = metrics_of(api, model_id)
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=9)
    assert metrics_of(api, model_id) == before
    assert len(before) == 5


def test_of_too_many_points_the_longest_series_have_their_newest(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment_id = api.new_experiment()
    model_id, run_id = new_model(api, experiment_id), api.new_run(experiment_id)
    log(api, run_id, model_id, ("final", 1, 0, 1))
    log(api, run_id, model_id, ("few", 1, 0, 1), ("few", 2, 1, 2))
    # Chunks that overlap in time, and steps that go another way than time does.
    for part in range(10):
        numbers = [part + 10 * number for number in range(10)]
        log(api, run_id, model_id, *(("many", number, -number, number) for number in numbers))
        log(api, run_id, model_id, *(("more", number, number, number) for number in range(100)))
    assert len(metrics_of(api, model_id)) == 203
    monkeypatch.setattr(logged_models_store, "LOGGED_MODEL_POINTS", 23)
    data = api.get(f"logged-models/{model_id}")["model"]["data"]
    by_key: dict[str, list[float]] = {}
    for each in data["metrics"]:
        by_key.setdefault(each["key"], []).append(each["value"])
    newest = [float(number) for number in range(90, 100)]
    assert by_key == {"final": [1], "few": [1, 2], "many": newest, "more": newest}
    assert data["metrics_are_partial"] is True
    monkeypatch.setattr(logged_models_store, "LOGGED_MODEL_POINTS", 1)
    data = api.get(f"logged-models/{model_id}")["model"]["data"]
    assert told(data["metrics"]) == [
        ("final", 1, 0, 1),
        ("few", 2, 1, 2),
        ("many", 99, -99, 99),
        ("more", 99, 99, 99),
    ]


def test_a_page_ends_before_it_has_too_many_points(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    models = [new_model(api, experiment_id, name=str(number)) for number in range(5)]
    for model_id, points in zip(models, (3, 4, 20, 0, 2), strict=True):
        for step in range(points):
            log(api, run_id, model_id, ("acc", step, step, step))
    monkeypatch.setattr(logged_models_store, "LOGGED_MODEL_POINTS", 7)
    pages: list[list[tuple[str, int, bool]]] = []
    token = ""
    query = {"experiment_ids": [experiment_id], "order_by": [{"field_name": "name"}]}
    while token or not pages:
        page = api.post(SEARCH, **query, page_token=token)
        token = page.get("next_page_token", "")
        pages.append(
            [
                (
                    model["info"]["name"],
                    len(model["data"].get("metrics", [])),
                    model["data"].get("metrics_are_partial", False),
                )
                for model in page["models"]
            ]
        )
    assert pages == [
        [("0", 3, False), ("1", 4, False)],
        [("2", 7, True), ("3", 0, False)],
        [("4", 2, False)],
    ]


def test_a_long_history_is_not_read_as_a_whole(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = api.new_experiment()
    model_id, run_id = new_model(api, experiment_id), api.new_run(experiment_id)
    for part in range(40):
        log(api, run_id, model_id, *(("loss", step, step, step) for step in range(10 * part, 10 * part + 10)))
    monkeypatch.setattr(logged_models_store, "LOGGED_MODEL_POINTS", 15)
    read: list[bytes] = []

    def decode(data: bytes) -> Points:
        read.append(data)
        return codec.decode(data)

    monkeypatch.setattr(logged_models_store, "decode", decode)
    (model,) = api.post(SEARCH, experiment_ids=[experiment_id])["models"]
    steps = [each["step"] for each in model["data"]["metrics"]]
    assert steps == list(range(385, 400))
    # Requests that were stored together share a chunk.
    assert 1 <= len(read) <= 2


def test_points_are_read_by_as_many_statements_as_one(api: Api, count_statements: CountStatements) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    for _ in range(6):
        model_id = new_model(api, experiment_id)
        for step in range(3):
            log(api, run_id, model_id, ("acc", step, step, step), ("loss", step, step, step))
    counts = []
    for size in (1, 6):
        with count_statements() as statements:
            page = api.post(SEARCH, experiment_ids=[experiment_id], max_results=size)
        assert [len(model["data"]["metrics"]) for model in page["models"]] == [6] * size
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


@pytest.fixture(scope="module")
def measured(api: Api) -> str:
    """Return an experiment of models with several points of each metric."""
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    histories: dict[str, list[tuple[str, list[float | str]]]] = {
        "rising": [("acc", [0.1, 0.2, 0.3, 0.4, 0.5])],
        "falling": [("acc", [0.5, 0.3, 0.25, 0.05])],
        "level": [("acc", [0.5, 0.5, 0.5])],
        "diverged": [("acc", [0.5, "Infinity", "-Infinity", "NaN", 0.5])],
        "two keys": [("acc", [0.6]), ("acc.max", [9, 1, 2])],
        "none": [],
    }
    for name, metrics in histories.items():
        model_id = new_model(api, experiment_id, name=name)
        for key, values in metrics:
            for step, value in enumerate(values):
                point = {"key": key, "value": value, "step": step, "timestamp": step}
                api.post("runs/log-metric", run_id=run_id, model_id=model_id, **point)
    model_id = new_model(api, experiment_id, name="by dataset")
    for name, first in (("a", 1), ("b", 4)):
        for step in range(3):
            log(
                api,
                run_id,
                model_id,
                ("size", first + step, step, step),
                dataset_name=name,
                dataset_digest="d",
            )
    return experiment_id


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metrics.acc < 0.2", {"rising", "falling", "diverged"}),
        ("metrics.acc <= 0.05", {"falling", "diverged"}),
        ("metrics.acc > 0.45 AND metrics.acc < 0.15", {"rising", "falling", "diverged"}),
        ("metrics.acc > 1e300", {"diverged"}),
        ("metrics.acc >= 0.6", {"diverged", "two keys"}),
        ("metrics.acc = 0.2", {"rising"}),
        ("metrics.acc = 0.3", {"rising", "falling"}),
        ("metrics.acc = 0.26", set()),
        ("metrics.acc = 0.5", {"rising", "falling", "level", "diverged"}),
        ("metrics.acc = inf", {"diverged"}),
        ("metrics.acc = nan", {"diverged"}),
        ("metrics.acc IN (0.26, 0.25, 7)", {"falling"}),
        ("metrics.acc IN (0.2, nan)", {"rising", "diverged"}),
        ("metrics.acc != 0.5", {"rising", "falling", "diverged", "two keys"}),
        ("metrics.acc NOT IN (0.5, 0.6)", {"rising", "falling", "diverged"}),
        ("NOT metrics.acc < 0.2", {"level", "two keys", "none", "by dataset"}),
        ("metrics.acc.last < 0.2", {"falling"}),
        ("metrics.acc.min = 0.1", {"rising"}),
        ("metrics.`acc`.max >= 0.6", {"two keys"}),
        ("metrics.acc.max > 8", {"two keys"}),
        ("metrics.`acc.max` = 2", {"two keys"}),
        ("metrics.`acc.max` = 1", {"two keys"}),
        ("metrics.acc IS NULL", {"none", "by dataset"}),
        ("metrics.size = 5", {"by dataset"}),
    ],
)
def test_one_point_is_enough_for_a_comparison(api: Api, measured: str, text: str, names: set[str]) -> None:
    assert set(found_names(api, measured, filter=text)) == names


@pytest.mark.parametrize(("text", "is_found"), [("= 2", True), ("= 5", False), ("> 3", False), ("< 2", True)])
def test_only_points_on_the_datasets_count(api: Api, measured: str, text: str, *, is_found: bool) -> None:
    on_a = [{"dataset_name": "a"}]
    found = found_names(api, measured, filter=f"metrics.size {text}", datasets=on_a)
    assert found == (["by dataset"] if is_found else [])


@pytest.mark.parametrize(("ascending", "names"), [(True, "abcde"), (False, "dcbae")])
@pytest.mark.parametrize("size", [1, 5])
def test_models_are_sorted_by_the_newest_point_by_time(
    api: Api, size: int, names: str, *, ascending: bool
) -> None:
    """As when a script goes on from a checkpoint: the newest point is not that of the greatest step."""
    experiment_id = api.new_experiment()
    first, second = api.new_run(experiment_id), api.new_run(experiment_id)
    points: dict[str, list[tuple[str, float | str, int, int]]] = {
        "a": [(first, "-Infinity", 1, 9), (first, 9, 9, 8)],
        "b": [(first, 0.2, 3, 9), (first, 8, 9, 8), (first, 7, 2, 9)],
        "c": [(second, 6, 9, 9), (second, 0.3, 8, 10), (first, 6, 9, 9)],
        "d": [(first, 0.4, 0, 30), (first, 0.1, 5, 20), (second, 0.1, 1, 10)],
        "e": [(first, 5, 9, 8), (first, "NaN", 1, 9)],
    }
    for name, logged in points.items():
        model_id = new_model(api, experiment_id, name=name)
        for run_id, value, step, time in logged:
            point = {"key": "acc", "value": value, "step": step, "timestamp": time, "model_id": model_id}
            api.post("runs/log-metric", run_id=run_id, **point)
    found, token = "", ""
    order = [{"field_name": "metrics.acc", "ascending": ascending}]
    while token or not found:
        page = api.post(
            SEARCH, experiment_ids=[experiment_id], max_results=size, page_token=token, order_by=order
        )
        found += "".join(model["info"]["name"] for model in page["models"])
        token = page.get("next_page_token", "")
    assert found == names
