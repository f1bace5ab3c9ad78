"""What a run was trained on is part of the run."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_iris


@pytest.fixture
def frame() -> pd.DataFrame:
    return load_iris(as_frame=True).data


def _context(dataset_input: mlflow.entities.DatasetInput) -> str:
    return {tag.key: tag.value for tag in dataset_input.tags}["mlflow.data.context"]


def test_a_data_frame_is_read_back_with_schema_profile_and_context(
    experiment: Experiment, client: MlflowClient, frame: pd.DataFrame
) -> None:
    dataset = mlflow.data.from_pandas(frame, source="https://example.org/iris.csv", name="iris")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
    (used,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert _context(used) == "training"
    assert (used.dataset.name, used.dataset.digest) == ("iris", dataset.digest)
    assert json.loads(used.dataset.profile) == {"num_rows": 150, "num_elements": 600}
    columns = json.loads(used.dataset.schema)["mlflow_colspec"]
    assert [column["name"] for column in columns] == list(frame.columns)
    assert mlflow.data.get_source(used).url == "https://example.org/iris.csv"


def test_arrays_and_frames_of_one_run_are_told_apart_by_context(
    experiment: Experiment, client: MlflowClient, frame: pd.DataFrame
) -> None:
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(frame.head(100), name="iris-train"), context="training")
        mlflow.log_input(mlflow.data.from_numpy(np.ones((20, 4)), name="iris-test"), context="test")
    used = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert {one.dataset.name: _context(one) for one in used} == {
        "iris-train": "training",
        "iris-test": "test",
    }


def test_logging_an_input_again_changes_nothing(
    experiment: Experiment, client: MlflowClient, frame: pd.DataFrame
) -> None:
    dataset = mlflow.data.from_pandas(frame, name="iris")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
        mlflow.log_input(dataset, context="training")
    assert len(client.get_run(run.info.run_id).inputs.dataset_inputs) == 1


def test_runs_are_found_by_the_dataset_they_used(experiment: Experiment, frame: pd.DataFrame) -> None:
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(frame, name="iris"), context="training")
    with mlflow.start_run():
        mlflow.log_input(mlflow.data.from_pandas(frame.head(10), name="small"), context="training")
    found = mlflow.search_runs(filter_string="dataset.name = 'iris' AND dataset.context = 'training'")
    assert list(found["run_id"]) == [run.info.run_id]
