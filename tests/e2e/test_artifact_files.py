"""Files that a run logs come back with the same bytes, under the same names."""

import time
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

from tests.e2e.server import trackhelm_only

FILES = {
    "readme.txt": b"plain text\n",
    "empty.bin": b"",
    "with spaces.txt": b"spaces\n",
    "größe 数据 ✓.txt": "Größe\n".encode(),
    "100% & more+.txt": b"signs that mean something in an address\n",
    "checkpoints/epoch-1/weights.bin": bytes(range(256)) * 64,
    "checkpoints/epoch-2/weights.bin": bytes(reversed(range(256))) * 64,
    "checkpoints/latest.txt": b"epoch-2",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "outputs"
    for name, content in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return root


@pytest.fixture
def run(experiment: Experiment, folder: Path) -> Run:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder))
    return run


def _tree(client: MlflowClient, run_id: str, path: str | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in client.list_artifacts(run_id, path):
        if file.is_dir:
            found |= _tree(client, run_id, file.path)
        else:
            found[file.path] = file.file_size or 0
    return found


def test_a_logged_folder_is_listed_with_every_nested_file_and_its_size(
    run: Run, client: MlflowClient
) -> None:
    assert _tree(client, run.info.run_id) == {name: len(content) for name, content in FILES.items()}


def test_a_listing_shows_one_level(run: Run, client: MlflowClient) -> None:
    top = {file.path: file.is_dir for file in client.list_artifacts(run.info.run_id)}
    assert top == {name: False for name in FILES if "/" not in name} | {"checkpoints": True}
    below = {file.path: file.is_dir for file in client.list_artifacts(run.info.run_id, "checkpoints")}
    assert below == {
        "checkpoints/epoch-1": True,
        "checkpoints/epoch-2": True,
        "checkpoints/latest.txt": False,
    }


@pytest.mark.parametrize("name", FILES)
def test_one_file_is_downloaded_with_the_same_bytes(name: str, run: Run, tmp_path: Path) -> None:
    local = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path=name, dst_path=str(tmp_path / "back")
    )
    assert Path(local).read_bytes() == FILES[name]


def test_a_whole_run_is_downloaded_as_the_folder_that_was_logged(run: Run, tmp_path: Path) -> None:
    local = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path / "back")))
    back = {str(file.relative_to(local)): file.read_bytes() for file in local.rglob("*") if file.is_file()}
    assert back == FILES


def test_a_file_can_be_logged_into_a_subfolder(
    experiment: Experiment, client: MlflowClient, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text("<p>fine</p>")
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(report), artifact_path="reports/2026/july")
    assert _tree(client, run.info.run_id) == {"reports/2026/july/report.html": 11}


def test_logging_a_file_again_replaces_it(experiment: Experiment, client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_text("first version, longer", "notes.txt")
        mlflow.log_text("second", "notes.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes.txt") == "second"
    assert _tree(client, run.info.run_id) == {"notes.txt": len("second")}


def test_a_deleted_directory_is_gone_and_a_file_takes_its_name(
    experiment: Experiment, client: MlflowClient, tmp_path: Path
) -> None:
    with mlflow.start_run() as run:
        for path in ("kept.txt", "out/first.txt", "out/sub/deep/second.txt"):
            mlflow.log_text("of a directory", path)
        get_artifact_repository(run.info.artifact_uri).delete_artifacts("out")
        assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["kept.txt"]
        assert client.list_artifacts(run.info.run_id, "out") == []
        mlflow.log_text("a file", "out")
    listed = {file.path: file.is_dir for file in client.list_artifacts(run.info.run_id)}
    assert listed == {"kept.txt": False, "out": False}
    local = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path / "back")))
    assert (local / "out").read_text() == "a file"


@trackhelm_only("a file below a file is a failure of the server")
def test_a_file_and_a_directory_of_one_name_refuse_each_other(
    experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        mlflow.log_text("a file", "taken")
        mlflow.log_text("of a directory", "out/first.txt")
        for path, why in (("taken/below.txt", "taken' is a file"), ("out", "out' is a directory")):
            with pytest.raises(requests.HTTPError, match=why):
                mlflow.log_text("x", path)
    assert _tree(client, run.info.run_id) == {"taken": 6, "out/first.txt": 14}


def test_a_large_file_survives_the_round_trip(experiment: Experiment, tmp_path: Path) -> None:
    block = bytes(range(256)) * 4096
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        for _ in range(32):
            file.write(block)
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(large))
    back = Path(
        mlflow.artifacts.download_artifacts(
            f"runs:/{run.info.run_id}/large.bin", dst_path=str(tmp_path / "b")
        )
    )
    assert back.stat().st_size == 32 * len(block)
    with back.open("rb") as file:
        assert all(file.read(len(block)) == block for _ in range(32))


def test_a_missing_artifact_is_refused_at_once_even_with_the_clients_default_retries(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR")
    started = time.monotonic()
    with pytest.raises(MlflowException):
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="no/such/file.txt")
    assert time.monotonic() - started < 30


def test_listing_a_path_that_does_not_exist_is_empty(run: Run, client: MlflowClient) -> None:
    assert client.list_artifacts(run.info.run_id, "no/such/folder") == []
