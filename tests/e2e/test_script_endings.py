"""However a training script ends, its run says how."""

import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(autouse=True)
def into_the_experiment(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment.experiment_id)


def test_a_script_that_raises_leaves_a_failed_run(client: MlflowClient) -> None:
    ended = subprocess.run(
        [sys.executable, SCRIPTS / "raises.py"], capture_output=True, text=True, check=False, timeout=180
    )
    assert ended.returncode == 1
    assert "the loader found no images" in ended.stderr
    run = client.get_run(ended.stdout.strip())
    assert run.info.status == "FAILED"
    assert run.info.end_time >= run.info.start_time
    assert run.data.metrics == {"loss": 0.5}


def test_ctrl_c_leaves_a_failed_run(client: MlflowClient) -> None:
    with subprocess.Popen(
        [sys.executable, SCRIPTS / "waits_for_ctrl_c.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as script:
        run_id = script.stdout.readline().strip()
        assert client.get_run(run_id).info.status == "RUNNING"
        script.send_signal(signal.SIGINT)
        _, errors = script.communicate(timeout=180)
    assert "KeyboardInterrupt" in errors
    run = client.get_run(run_id)
    assert run.info.status == "FAILED"
    assert run.data.metrics == {"loss": 0.5}


def test_a_block_that_ends_well_leaves_a_finished_run(client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.1)
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


@pytest.mark.parametrize("status", ["KILLED", "FAILED", "FINISHED"])
def test_a_run_can_be_ended_by_hand(status: str, experiment: Experiment, client: MlflowClient) -> None:
    run = client.create_run(experiment.experiment_id)
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    client.set_terminated(run.info.run_id, status=status)
    ended = client.get_run(run.info.run_id)
    assert ended.info.status == status
    assert ended.info.end_time is not None
