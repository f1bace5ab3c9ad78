"""A grid of runs, and finding the one that won."""

import uuid
from itertools import product

import mlflow
import pytest
from mlflow.entities import Experiment

from tests.e2e.server import ServerProcess

DEPTHS = (2, 4, 8)
TREES = (10, 50, 100, 200)


def _scores(depth: int, trees: int) -> dict[str, float]:
    accuracy = 0.5 + depth / 100 + trees / 1000
    return {"accuracy": accuracy, "precision": accuracy - 0.01, "recall": accuracy - 0.02}


@pytest.fixture(scope="module")
def grid(server: ServerProcess) -> Experiment:
    """The runs that every test here reads and none changes."""
    mlflow.set_tracking_uri(server.url)
    experiment = mlflow.set_experiment(f"grid-{uuid.uuid4().hex[:8]}")
    for depth, trees in product(DEPTHS, TREES):
        with mlflow.start_run(run_name=f"depth-{depth}-trees-{trees}"):
            mlflow.log_params({"max_depth": depth, "n_estimators": trees})
            mlflow.log_metrics(_scores(depth, trees))
    return experiment


def test_ordering_by_accuracy_puts_the_winner_first(grid: Experiment) -> None:
    runs = mlflow.search_runs([grid.experiment_id], order_by=["metrics.accuracy DESC"])
    assert len(runs) == len(DEPTHS) * len(TREES)
    assert runs.loc[0, "tags.mlflow.runName"] == "depth-8-trees-200"
    assert runs.loc[0, "params.max_depth"] == "8"
    assert runs.loc[0, "metrics.precision"] == pytest.approx(_scores(8, 200)["precision"])
    assert list(runs["metrics.accuracy"]) == sorted(runs["metrics.accuracy"], reverse=True)


def test_a_filter_by_param_keeps_the_runs_with_that_value(grid: Experiment) -> None:
    runs = mlflow.search_runs([grid.experiment_id], filter_string="params.max_depth = '4'")
    assert set(runs["params.max_depth"]) == {"4"}
    assert len(runs) == len(TREES)


def test_a_filter_by_metric_compares_numbers(grid: Experiment) -> None:
    threshold = 0.7
    runs = mlflow.search_runs([grid.experiment_id], filter_string=f"metrics.recall >= {threshold}")
    expected = [recall for d, t in product(DEPTHS, TREES) if (recall := _scores(d, t)["recall"]) >= threshold]
    assert sorted(runs["metrics.recall"]) == pytest.approx(sorted(expected))


def test_filters_joined_by_and_all_hold(grid: Experiment) -> None:
    runs = mlflow.search_runs(
        [grid.experiment_id],
        filter_string="metrics.accuracy > 0.6 AND params.n_estimators = '100' AND status = 'FINISHED'",
        order_by=["metrics.accuracy ASC"],
    )
    assert list(runs["params.max_depth"]) == ["2", "4", "8"]


def test_names_can_be_searched_by_pattern(grid: Experiment) -> None:
    runs = mlflow.search_runs([grid.experiment_id], filter_string="run_name LIKE 'depth-2-%'")
    assert len(runs) == len(TREES)


def test_pages_give_every_run_once_and_in_order(grid: Experiment) -> None:
    client = mlflow.MlflowClient()
    seen: list[float] = []
    token: str | None = None
    while True:
        page = client.search_runs(
            [grid.experiment_id], max_results=5, order_by=["metrics.accuracy DESC"], page_token=token
        )
        seen += [run.data.metrics["accuracy"] for run in page]
        token = page.token
        if not token:
            break
    assert seen == sorted((_scores(d, t)["accuracy"] for d, t in product(DEPTHS, TREES)), reverse=True)


def test_runs_are_found_by_the_experiments_name(grid: Experiment) -> None:
    runs = mlflow.search_runs(experiment_names=[grid.name], output_format="list")
    assert {run.info.experiment_id for run in runs} == {grid.experiment_id}
    assert len(runs) == len(DEPTHS) * len(TREES)
