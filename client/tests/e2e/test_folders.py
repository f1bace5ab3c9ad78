"""Without a tracking URI: an embedded server where the server's package is there, and else offline."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import trackhelm as mlflow
from client.tests.e2e.conftest import SOURCE, run_python
from tests.e2e.polling import wait_until
from tests.e2e.server import ServerProcess
from trackhelm.exceptions import MlflowException
from trackhelm.local import running_server

SERVER = shutil.which(shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server"))[0])
NO_SERVER = "/usr/bin:/bin"

TRAIN = """
import sys, numpy as np, trackhelm as mlflow
with mlflow.start_run(run_name=sys.argv[1]) as run:
    mlflow.log_metric("loss", 0.5, step=1)
    mlflow.log_text("a note", "note.txt")
    mlflow.log_input(mlflow.data.from_numpy(np.arange(3.0), name="numbers"), context="training")
print(run.info.run_id, mlflow.MlflowClient()._destination.address)
"""


@pytest.fixture
def path_with_server(tmp_path: Path) -> str:
    assert SERVER is not None, "SERVER_UNDER_TEST names no program"
    return f"{Path(SERVER).parent}:{NO_SERVER}"


@pytest.fixture
def folder(tmp_path: Path, ended_servers: None) -> Path:
    """The folder in which programs log that have no URI; its server is ended after the test."""
    return tmp_path / "trackhelm-data"


def train(name: str, path: str, tmp_path: Path, **variables: str) -> list[str]:
    told = {"PATH": path, **variables}
    return run_python(sys.executable, "-c", TRAIN, name, cwd=tmp_path, variables=told).stdout.split()


def test_programs_start_and_join_the_server_of_their_folder(
    folder: Path, path_with_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, address = train("first", path_with_server, tmp_path)
    second, joined = train("second", path_with_server, tmp_path)
    assert joined == address == running_server(folder)
    monkeypatch.setenv("PATH", NO_SERVER)  # it runs already
    runs = mlflow.search_runs(output_format="list", experiment_ids=["0"])
    assert {run.info.run_id: run.info.status for run in runs} == {first: "FINISHED", second: "FINISHED"}
    assert mlflow.artifacts.load_text(f"runs:/{first}/note.txt") == "a note"
    assert mlflow.get_tracking_uri() == folder.as_uri()
    assert (folder / "trackhelm.db").exists()


def test_a_server_that_somebody_started_for_the_folder_is_joined(
    folder: Path, path_with_server: str, tmp_path: Path
) -> None:
    command = [*shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server")), "embedded"]
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen([*command, "--port", "0", "--data", str(folder)], stdout=log, stderr=log)
    try:
        wait_until(lambda: running_server(folder) is not None, seconds=120, what="the server")
        _, address = train("first", path_with_server, tmp_path)
        assert address == running_server(folder)
        assert json.loads((folder / "server.json").read_text())["pid"] == started.pid
        assert not (folder / "server-port").exists(), "no keeper was started"
    finally:
        started.terminate()
        started.wait(timeout=60)
    assert not (folder / "server.json").exists()


def test_the_server_ends_some_time_after_its_last_client(
    folder: Path, path_with_server: str, tmp_path: Path
) -> None:
    linger = {"TRACKHELM_SERVER_LINGER_SECONDS": "0.5"}
    _, address = train("first", path_with_server, tmp_path, **linger)
    wait_until(lambda: running_server(folder) is None, seconds=120, what="the server's end")
    assert not (folder / "server.json").exists()
    second, again = train("second", path_with_server, tmp_path, **linger)
    assert second
    assert again == address, "what waits to be sent names the address"


def test_many_programs_at_once_start_one_server(folder: Path, path_with_server: str, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": path_with_server, "PYTHONPATH": str(SOURCE)}
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", TRAIN, f"program {number}"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    printed = [program.communicate(timeout=300)[0].split() for program in programs]
    assert len({address for _, address in printed}) == 1
    assert len({run_id for run_id, _ in printed}) == 4


def test_a_folder_may_be_the_tracking_uri(
    path_with_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path_with_server)
    monkeypatch.setenv("TRACKHELM_SERVER_LINGER_SECONDS", "0.5")
    told = {"MLFLOW_TRACKING_URI": "some/where", "TRACKHELM_SERVER_LINGER_SECONDS": "0.5"}
    _, address = train("there", path_with_server, tmp_path, **told)
    assert address.startswith("http://127.0.0.1:")
    assert (tmp_path / "some" / "where" / "trackhelm.db").exists()
    wait_until(
        lambda: not (tmp_path / "some" / "where" / "server.json").exists(),
        seconds=120,
        what="the server's end",
    )


def test_offline_everything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", NO_SERVER)
    with mlflow.start_run(run_name="offline") as run:
        mlflow.log_metric("loss", 0.5)
        mlflow.log_text("a note", "notes/a.txt")
        (tmp_path / "model.bin").write_bytes(b"12")
        mlflow.log_artifact("model.bin")
    assert run.info.run_name == "offline"
    folder = tmp_path / "trackhelm-data"
    kept = folder / "artifacts-to-send" / run.info.run_id
    assert (kept / "notes" / "a.txt").read_text() == "a note"
    assert (kept / "model.bin").read_bytes() == b"12"
    segments = list((folder / "log").rglob("*.seg"))
    assert any(run.info.run_id.encode() in segment.read_bytes() for segment in segments)
    with pytest.raises(MlflowException, match="There is no server"):
        mlflow.get_run(run.info.run_id)


def test_what_was_logged_offline_is_sent_by_sync(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"offline-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    run_id, address = train("at home", NO_SERVER, tmp_path, MLFLOW_EXPERIMENT_NAME=name)
    assert address == "None"
    told = {"PATH": NO_SERVER}
    command = ("-m", "trackhelm", "sync", "trackhelm-data", "--to", server.url)
    printed = run_python(sys.executable, *command, cwd=tmp_path, variables=told).stdout
    assert "all sent to" in printed
    client = mlflow.MlflowClient(server.url)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_id, run.info.run_name, run.info.status) == (run_id, "at home", "FINISHED")
    assert run.data.metrics == {"loss": 0.5}
    assert run.inputs is not None
    assert [used.dataset.name for used in run.inputs.dataset_inputs] == ["numbers"]
    assert {file.path for file in client.list_artifacts(run_id)} == {"note.txt", "environment.json"}
    again = run_python(sys.executable, *command, cwd=tmp_path, variables=told).stdout
    assert again == "Nothing waits to be sent.\n"


OFFLINE = """
import pandas as pd, trackhelm as mlflow
from trackhelm.entities import LoggedModelInput
mlflow.set_experiment(experiment_id="0")
with mlflow.start_run(run_name="at sea") as run:
    mlflow.log_metric("loss", 0.5, dataset=mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="points"))
    mlflow.log_table({"question": ["a"], "answer": [1]}, "tables/qa.json")
    mlflow.log_table(pd.DataFrame({"question": ["b"], "answer": [2]}), "tables/qa.json")
    mlflow.log_table({"x": [3]}, "other.json")
    mlflow.log_dict({"a": 1}, "settings.json")
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/settings.json")
print(run.info.run_id)
"""


def test_a_variable_keeps_everything_though_a_server_is_named(server: ServerProcess, tmp_path: Path) -> None:
    told = {"TRACKHELM_OFFLINE": "true", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    run_id = run_python(sys.executable, "-c", OFFLINE, cwd=tmp_path, variables=told).stdout.strip()
    command = ("-m", "trackhelm", "sync", "--to", server.url)
    assert "all sent to" in run_python(sys.executable, *command, cwd=tmp_path, variables=told).stdout
    client = mlflow.MlflowClient(server.url)
    run = client.get_run(run_id)
    assert (run.info.run_name, run.info.status, run.data.metrics) == ("at sea", "FINISHED", {"loss": 0.5})
    assert run.inputs is not None
    assert [used.dataset.name for used in run.inputs.dataset_inputs] == ["points"]
    tables = client.load_table("0", "tables/qa.json", run_ids=[run_id])
    assert tables.to_dict("list") == {"question": ["a", "b"], "answer": [1, 2]}
    assert client.load_table("0", "other.json", run_ids=[run_id])["x"].tolist() == [3]


def test_the_command_opens_a_folder_with_what_was_logged_offline(
    folder: Path, path_with_server: str, tmp_path: Path
) -> None:
    run_id, _ = train("at home", NO_SERVER, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "trackhelm", "server", "--no-browser", "--port", "0"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path_with_server, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        for line in command.stdout:
            if line.startswith("It runs until"):
                break
        address = running_server(folder)
        assert address is not None
        run = mlflow.MlflowClient(address).get_run(run_id)
        assert (run.info.run_name, run.info.status) == ("at home", "FINISHED")
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=60) == 0


def test_offline_runs_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", NO_SERVER)
    names = set()
    for _ in range(3):
        with mlflow.start_run() as run:
            names.add(run.info.run_name)
    assert len(names) == 3
