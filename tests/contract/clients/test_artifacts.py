"""Files of runs, by every method that logs, lists and reads them."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION


def test_files_and_folders_go_there_and_back(
    client: MlflowClient, experiment: Experiment, tmp_path: Path
) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "deep" / "ünï 100%.bin").write_bytes(bytes(range(256)) * 1_000)
    client.log_artifact(run_id, str(source / "a.txt"))
    client.log_artifact(run_id, str(source / "a.txt"), "folder")
    client.log_artifacts(run_id, str(source), "tree")
    assert [(file.path, file.is_dir) for file in client.list_artifacts(run_id)] == [
        ("a.txt", False),
        ("folder", True),
        ("tree", True),
    ]
    assert [file.path for file in client.list_artifacts(run_id, "tree")] == ["tree/a.txt", "tree/deep"]
    assert client.list_artifacts(run_id, "none") == []
    local = Path(client.download_artifacts(run_id, "tree", str(tmp_path)))
    assert (local / "deep" / "ünï 100%.bin").read_bytes() == bytes(range(256)) * 1_000
    one = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="folder/a.txt")
    assert Path(one).read_text() == "a"


def test_texts_dictionaries_and_tables(client: MlflowClient, experiment: Experiment) -> None:
    with mlflow.start_run() as run:
        mlflow.log_text("text", "t.txt")
        mlflow.log_dict({"a": 1}, "d.json")
        mlflow.log_table({"x": [1, 2]}, "table.json")
    run_id = run.info.run_id
    client.log_text(run_id, "other", "folder/t.txt")
    client.log_dict(run_id, {"b": [2]}, "d.yaml")
    client.log_table(run_id, {"x": [3]}, "table.json")
    root = f"runs:/{run_id}"
    assert mlflow.artifacts.load_text(f"{root}/t.txt") == "text"
    assert mlflow.artifacts.load_text(f"{root}/folder/t.txt") == "other"
    assert mlflow.artifacts.load_dict(f"{root}/d.json") == {"a": 1}
    experiment_id = experiment.experiment_id
    assert client.load_table(experiment_id, "table.json")["x"].tolist() == [1, 2, 3]
    assert mlflow.load_table("table.json", run_ids=[run_id])["x"].tolist() == [1, 2, 3]


def test_images(client: MlflowClient, experiment: Experiment) -> None:
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    with mlflow.start_run() as run:
        mlflow.log_image(image, "black.png")
        client.log_image(run.info.run_id, image, key="black", step=1, synchronous=True)
    assert mlflow.artifacts.load_image(f"runs:/{run.info.run_id}/black.png").size == (4, 4)
    assert len(client.list_artifacts(run.info.run_id, "images")) >= 1


@pytest.mark.skipif(GENERATION < 3, reason="the client's generation 3 brought streams")
def test_a_stream_is_a_file(client: MlflowClient, experiment: Experiment, tmp_path: Path) -> None:
    run_id = client.create_run(experiment.experiment_id).info.run_id
    source = tmp_path / "bytes"
    source.write_bytes(b"x" * 100_000)
    with source.open("rb") as stream:
        client.log_stream(run_id, stream, "folder/bytes")
    local = client.download_artifacts(run_id, "folder/bytes", str(tmp_path / "."))
    assert Path(local).read_bytes() == b"x" * 100_000
