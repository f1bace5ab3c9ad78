"""Runs and experiments are resumed, deleted, restored and renamed."""

import mlflow
import pytest
from mlflow.entities import Experiment, Run, ViewType
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused


@pytest.fixture
def run(experiment: Experiment) -> Run:
    with mlflow.start_run() as run:
        mlflow.log_param("depth", 3)
        mlflow.log_metric("loss", 0.5, step=1)
    return run


def _active_runs(experiment: Experiment, view: int = ViewType.ACTIVE_ONLY) -> list[str]:
    found = mlflow.search_runs([experiment.experiment_id], run_view_type=view, output_format="list")
    return [one.info.run_id for one in found]


def test_a_finished_run_is_resumed_by_its_id(run: Run, client: MlflowClient) -> None:
    with mlflow.start_run(run_id=run.info.run_id):
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("loss", 0.25, step=2)
        mlflow.log_param("resumed", "yes")
    resumed = client.get_run(run.info.run_id)
    assert resumed.info.status == "FINISHED"
    assert resumed.info.start_time == run.info.start_time
    assert resumed.data.params == {"depth": "3", "resumed": "yes"}
    assert [p.value for p in client.get_metric_history(run.info.run_id, "loss")] == [0.5, 0.25]


def test_a_deleted_run_is_out_of_sight_until_it_is_restored(
    run: Run, experiment: Experiment, client: MlflowClient
) -> None:
    client.delete_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    assert _active_runs(experiment) == []
    assert _active_runs(experiment, ViewType.DELETED_ONLY) == [run.info.run_id]
    assert _active_runs(experiment, ViewType.ALL) == [run.info.run_id]

    client.restore_run(run.info.run_id)
    assert _active_runs(experiment) == [run.info.run_id]
    assert client.get_run(run.info.run_id).data.metrics == {"loss": 0.5}


def test_writing_to_a_deleted_run_is_refused(run: Run, client: MlflowClient) -> None:
    run_id = run.info.run_id
    client.delete_run(run_id)
    with refused("INVALID_PARAMETER_VALUE", run_id, "deleted"):
        client.log_metric(run_id, "loss", 0.1)
    with refused("INVALID_PARAMETER_VALUE", run_id, "deleted"):
        client.log_param(run_id, "width", 5)
    with refused("INVALID_PARAMETER_VALUE", run_id, "deleted"):
        client.set_tag(run_id, "team", "vision")
    with refused("INVALID_PARAMETER_VALUE", run_id, "deleted"):
        client.log_batch(run_id, metrics=[mlflow.entities.Metric("loss", 0.1, 0, 0)])
    client.restore_run(run_id)
    kept = client.get_run(run_id).data
    assert (kept.metrics, kept.params, kept.tags.get("team")) == ({"loss": 0.5}, {"depth": "3"}, None)


def test_a_deleted_experiment_takes_its_runs_along_and_brings_them_back(
    run: Run, experiment: Experiment, client: MlflowClient
) -> None:
    client.delete_experiment(experiment.experiment_id)
    assert client.get_experiment(experiment.experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    by_name = f"name = '{experiment.name}'"
    assert mlflow.search_experiments(filter_string=by_name) == []
    assert len(mlflow.search_experiments(ViewType.DELETED_ONLY, filter_string=by_name)) == 1
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_run(experiment.experiment_id)

    client.restore_experiment(experiment.experiment_id)
    assert client.get_experiment(experiment.experiment_id).lifecycle_stage == "active"
    assert _active_runs(experiment) == [run.info.run_id]


def test_a_renamed_experiment_is_found_by_its_new_name_only(
    run: Run, experiment: Experiment, client: MlflowClient
) -> None:
    new_name = f"{experiment.name}-renamed"
    client.rename_experiment(experiment.experiment_id, new_name)
    assert client.get_experiment_by_name(new_name).experiment_id == experiment.experiment_id
    assert client.get_experiment_by_name(experiment.name) is None
    assert client.get_run(run.info.run_id).info.experiment_id == experiment.experiment_id
