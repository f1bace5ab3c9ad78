"""The processes of a distributed job log to one run."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import trackhelm as mlflow
from client.tests.e2e.conftest import SOURCE
from trackhelm import MlflowClient
from trackhelm.exceptions import MlflowException

RANKS = 6
NODES = 2

RANK = """
import os, trackhelm as mlflow
rank = int(os.environ["RANK"])
mlflow.set_system_metrics_sampling_interval(0.05)
with mlflow.start_run(
    run_name="all of them", tags={"team": "vision"}, shared=True, log_system_metrics=True
) as run:
    for step in range(20):
        mlflow.log_metric("loss", rank + step / 100, step=step)
    mlflow.log_param("world", os.environ["WORLD_SIZE"])
    if rank == 0:
        mlflow.log_text("of the first", "first.txt")
print(run.info.run_id)
"""


def test_all_ranks_log_to_one_run_that_ends_with_the_first(
    tracking: str, experiment: str, client: MlflowClient, tmp_path: Path
) -> None:
    job = uuid.uuid4().hex
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "PYTHONPATH": str(SOURCE),
                "MLFLOW_TRACKING_URI": tracking,
                "MLFLOW_EXPERIMENT_ID": experiment,
                "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank % (RANKS // NODES)),
                "GROUP_RANK": str(rank // (RANKS // NODES)),
                "WORLD_SIZE": str(RANKS),
                "TORCHELASTIC_RUN_ID": job,
            },
        )
        for rank in range(RANKS)
    ]
    printed = {process.communicate(timeout=300)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * RANKS
    (run_id,) = printed
    runs = client.search_runs([experiment])
    assert [run.info.run_id for run in runs] == [run_id]
    run = runs[0]
    assert (run.info.run_name, run.info.status) == ("all of them", "FINISHED")
    assert run.data.params == {"world": str(RANKS)}
    assert run.data.tags["team"] == "vision"
    body = {"run_ids": [run_id], "keys": ["loss"]}
    series = client._rest.call("POST", "/api/2.0/trackhelm/series/list", body=body)["series"]
    last = {one["labels"]["rank"]: one["last"]["value"] for one in series if "labels" in one}
    assert last == {str(rank): rank + 0.19 for rank in range(RANKS)}
    nodes = {key.split("/")[1] for key in run.data.metrics if key.startswith("system/")}
    assert nodes == {"0", "1", "heartbeat"}


def test_ranks_need_something_in_common(tracking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKHELM_RANK", "1")
    monkeypatch.setenv("TRACKHELM_WORLD_SIZE", "4")
    with pytest.raises(MlflowException, match="TRACKHELM_JOB_ID"):
        mlflow.start_run(shared=True)


def test_a_single_process_shares_with_nobody(client: MlflowClient, experiment: str) -> None:
    with mlflow.start_run(shared=True) as run:
        mlflow.log_metric("loss", 1)
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
