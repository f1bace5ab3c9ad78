"""Every point of a metric is kept, in order, once."""

import math
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from mlflow.entities import Experiment, Metric
from mlflow.tracking import MlflowClient

EPOCHS = 40
POINTS = 2_500
LARGEST = 1.79e308  # MLflow's own server stores an infinity as the largest double


def _values(client: MlflowClient, run_id: str, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in client.get_metric_history(run_id, key)]


def test_a_metric_per_epoch_comes_back_whole_and_in_order(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        for epoch in range(EPOCHS):
            mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
            mlflow.log_metrics(
                {"train/accuracy": epoch / EPOCHS, "val/accuracy": epoch / EPOCHS / 2}, step=epoch
            )
    assert _values(client, run.info.run_id, "loss") == [(epoch, 1 / (epoch + 1)) for epoch in range(EPOCHS)]
    assert _values(client, run.info.run_id, "train/accuracy") == [(e, e / EPOCHS) for e in range(EPOCHS)]
    last = client.get_run(run.info.run_id).data.metrics
    assert last == {
        "loss": 1 / EPOCHS,
        "train/accuracy": (EPOCHS - 1) / EPOCHS,
        "val/accuracy": (EPOCHS - 1) / EPOCHS / 2,
    }


def test_what_was_logged_is_read_at_once(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        for step in range(10):
            mlflow.log_metric("loss", float(step), step=step)
            assert len(client.get_metric_history(run.info.run_id, "loss")) == step + 1
            assert client.get_run(run.info.run_id).data.metrics["loss"] == step


def test_nan_and_the_infinities_keep_their_places(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        for step, value in enumerate((0.5, math.nan, math.inf, -math.inf, 1.5)):
            mlflow.log_metric("loss", value, step=step)
        mlflow.log_metric("diverged", math.nan)
    values = [value for _, value in _values(client, run.info.run_id, "loss")]
    assert values[0] == 0.5
    assert math.isnan(values[1])
    assert values[2] >= LARGEST
    assert values[3] <= -LARGEST
    assert values[4] == 1.5
    assert math.isnan(client.get_run(run.info.run_id).data.metrics["diverged"])


def test_a_batch_larger_than_one_request_may_be_loses_nothing(
    experiment: Experiment, client: MlflowClient
) -> None:
    now = int(time.time() * 1000)
    points = [Metric("signal", math.sin(step), now + step, step) for step in range(POINTS)]
    with mlflow.start_run() as run:
        client.log_batch(run.info.run_id, metrics=points)  # the client sends it as three requests
    history = client.get_metric_history(run.info.run_id, "signal")
    assert [(p.step, p.timestamp, p.value) for p in history] == [
        (p.step, p.timestamp, p.value) for p in points
    ]
    assert client.get_run(run.info.run_id).data.metrics["signal"] == points[-1].value


def test_the_same_point_twice_is_one_point(experiment: Experiment, client: MlflowClient) -> None:
    point = Metric("loss", 0.25, 1_700_000_000_000, 7)
    with mlflow.start_run() as run:
        client.log_batch(run.info.run_id, metrics=[point, point])
        client.log_batch(run.info.run_id, metrics=[point])
        client.log_metric(run.info.run_id, "loss", 0.25, timestamp=point.timestamp, step=7)
    assert _values(client, run.info.run_id, "loss") == [(7, 0.25)]


def test_points_that_differ_in_anything_are_all_kept(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        client.log_metric(run.info.run_id, "loss", 1.0, timestamp=1_000, step=0)
        client.log_metric(run.info.run_id, "loss", 2.0, timestamp=1_000, step=0)
        client.log_metric(run.info.run_id, "loss", 2.0, timestamp=2_000, step=0)
        client.log_metric(run.info.run_id, "loss", 2.0, timestamp=2_000, step=1)
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 4


def test_a_smaller_step_later_does_not_change_the_latest_value(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        client.log_metric(run.info.run_id, "loss", 0.1, timestamp=1_000, step=10)
        client.log_metric(run.info.run_id, "loss", 0.9, timestamp=9_000, step=3)
    assert client.get_run(run.info.run_id).data.metrics["loss"] == 0.1


@pytest.mark.parametrize(
    ("first", "second", "latest"),
    [
        pytest.param((1.0, 1_000, 0), (2.0, 2_000, 0), 2.0, id="later at the same step"),
        pytest.param((1.0, 2_000, 0), (2.0, 1_000, 0), 1.0, id="earlier at the same step"),
        pytest.param((2.0, 1_000, 0), (1.0, 1_000, 0), 2.0, id="smaller at the same step and time"),
        pytest.param((1.0, 1_000, -5), (2.0, 1_000, -9), 1.0, id="negative steps are ordered too"),
    ],
)
def test_the_latest_value_is_the_greatest_by_step_then_time_then_value(
    first: tuple[float, int, int],
    second: tuple[float, int, int],
    latest: float,
    experiment: Experiment,
    client: MlflowClient,
) -> None:
    with mlflow.start_run() as run:
        for value, timestamp, step in (first, second):
            client.log_metric(run.info.run_id, "loss", value, timestamp=timestamp, step=step)
    assert client.get_run(run.info.run_id).data.metrics["loss"] == latest


def test_a_metric_that_was_never_logged_has_an_empty_history(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
    assert client.get_metric_history(run.info.run_id, "loss") == []


def test_points_logged_in_the_background_are_there_after_a_flush(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        for step in range(200):
            mlflow.log_metric("loss", step / 4, step=step, synchronous=False)
        mlflow.flush_async_logging()
        assert _values(client, run.info.run_id, "loss") == [(step, step / 4) for step in range(200)]


def test_threads_that_log_to_one_run_lose_nothing(experiment: Experiment, client: MlflowClient) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id

    def rank(number: int) -> None:
        for step in range(25):
            client.log_metric(run_id, f"rank-{number}/loss", step / 2, step=step)
            client.log_metric(run_id, "loss", number, step=step)

    with ThreadPoolExecutor(8) as ranks:
        list(ranks.map(rank, range(8)))
    for number in range(8):
        assert _values(client, run_id, f"rank-{number}/loss") == [(step, step / 2) for step in range(25)]
    expected = {(step, float(number)) for step in range(25) for number in range(8)}
    shared = _values(client, run_id, "loss")
    assert len(shared) == len(expected)
    assert set(shared) == expected
