"""Figures, dictionaries, text and tables, logged without a file of one's own."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient
from sklearn.metrics import ConfusionMatrixDisplay

from tests.e2e.training import iris_split, trained_forest

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def confusion_matrix() -> Iterator[Figure]:
    _, test_x, _, test_y = iris_split()
    display = ConfusionMatrixDisplay.from_estimator(trained_forest(), test_x, test_y)
    yield display.figure_
    plt.close(display.figure_)


def _bytes(run_id: str, path: str) -> bytes:
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path)).read_bytes()


def test_a_confusion_matrix_is_kept_as_a_figure_and_as_a_file(
    experiment: Experiment, confusion_matrix: Figure, tmp_path: Path
) -> None:
    file = tmp_path / "confusion matrix.png"
    confusion_matrix.savefig(file)
    with mlflow.start_run() as run:
        mlflow.log_figure(confusion_matrix, "plots/confusion_matrix.png")
        mlflow.log_artifact(str(file), artifact_path="plots/by hand")
    assert _bytes(run.info.run_id, "plots/confusion_matrix.png").startswith(PNG_SIGNATURE)
    assert _bytes(run.info.run_id, "plots/by hand/confusion matrix.png") == file.read_bytes()


def test_a_dictionary_is_kept_as_json_or_yaml(experiment: Experiment) -> None:
    config = {"layers": [64, 32], "dropout": 0.1, "name": "größe", "nested": {"on": True, "off": None}}
    with mlflow.start_run() as run:
        mlflow.log_dict(config, "config.json")
        mlflow.log_dict(config, "deep/er/config.yaml")
    assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/config.json") == config
    assert yaml.safe_load(_bytes(run.info.run_id, "deep/er/config.yaml")) == config


def test_text_is_kept_to_the_character(experiment: Experiment) -> None:
    text = "line one\nzweite Zeile: ü\n\n数据\n"
    with mlflow.start_run() as run:
        mlflow.log_text(text, "notes/today.md")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/today.md") == text


def test_a_table_grows_by_rows_and_is_loaded_from_all_runs_of_the_experiment(experiment: Experiment) -> None:
    for trees in (10, 20):
        with mlflow.start_run(run_name=f"trees-{trees}"):
            mlflow.log_table({"input": [1, 2], "answer": [trees, trees]}, "eval/answers.json")
            mlflow.log_table(pd.DataFrame({"input": [3], "answer": [trees]}), "eval/answers.json")
    table = mlflow.load_table("eval/answers.json", extra_columns=["run_id"])
    assert sorted(zip(table["input"], table["answer"], strict=True)) == [
        (1, 10),
        (1, 20),
        (2, 10),
        (2, 20),
        (3, 10),
        (3, 20),
    ]
    assert table["run_id"].nunique() == 2


def test_a_table_is_loaded_from_the_runs_that_were_named(experiment: Experiment) -> None:
    with mlflow.start_run() as run:
        mlflow.log_table({"question": ["why?"]}, "answers.json")
    with mlflow.start_run():
        mlflow.log_table({"question": ["who?"]}, "answers.json")
    assert list(mlflow.load_table("answers.json", run_ids=[run.info.run_id])["question"]) == ["why?"]


def test_an_image_logged_by_key_and_step_is_listed(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), key="sample", step=3)
        mlflow.flush_artifact_async_logging()
    names = [file.path for file in client.list_artifacts(run.info.run_id, "images")]
    assert names
    assert all("sample" in name for name in names)
