"""Ranks, as launchers tell them in the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackhelm.log.ranks import Rank, detect, shared_run_id
from trackhelm.log.runlog import RunLog

from .fake_server import FakeServer
from .waiting import wait_until

RUN = "0123456789abcdef0123456789abcdef"
SOURCE = Path(__file__).parents[2] / "src"
TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_RANK": "1",
    "TORCHELASTIC_RUN_ID": "job-77",
    "MASTER_ADDR": "node-0",
    "MASTER_PORT": "29500",
}
TF_CONFIG = (
    '{"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]},'
    ' "task": {"type": "worker", "index": 1}}'
)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (TORCHRUN, Rank(5, 8, "1", "job-77", "torchrun")),
        ({"RANK": "3", "WORLD_SIZE": "4"}, Rank(3, 4, None, None, "torchrun")),
        (
            {
                "SLURM_PROCID": "9",
                "SLURM_NTASKS": "16",
                "SLURM_NODEID": "2",
                "SLURM_JOB_ID": "41",
                "SLURM_STEP_ID": "0",
            },
            Rank(9, 16, "2", "41.0", "slurm"),
        ),
        (
            {
                "OMPI_COMM_WORLD_RANK": "3",
                "OMPI_COMM_WORLD_SIZE": "4",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                "PMIX_NAMESPACE": "prterun-node-0-11@1",
            },
            Rank(3, 4, "1", "prterun-node-0-11@1", "openmpi"),
        ),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, Rank(1, 2, None, None, "mpich")),
        (
            {"JOB_COMPLETION_INDEX": "3", "HOSTNAME": "train-3-x7k2p", "POD_NAMESPACE": "ml"},
            Rank(3, None, "3", "ml/train", "job"),
        ),
        (
            {
                "TRACKHELM_RANK": "7",
                "TRACKHELM_WORLD_SIZE": "9",
                "TRACKHELM_NODE": "n",
                "TRACKHELM_JOB_ID": "j",
            },
            Rank(7, 9, "n", "j", "told"),
        ),
        ({"SLURM_JOB_ID": "41", "SLURM_NTASKS": "16"}, None),
        ({"RANK": "0", "WORLD_SIZE": "1"}, None),
        ({"RANK": "first", "WORLD_SIZE": "4"}, None),
        ({"TF_CONFIG": "{}"}, None),
        ({}, None),
    ],
)
def test_launchers_tell_the_rank(environment: dict[str, str], expected: Rank | None) -> None:
    assert detect(environment) == expected


def test_tensorflow_numbers_the_chief_first() -> None:
    found = detect({"TF_CONFIG": TF_CONFIG})
    assert found is not None
    assert (found.rank, found.world_size) == (2, 4)


def test_ranks_inside_an_indexed_job_are_those_of_torchrun() -> None:
    found = detect({**TORCHRUN, "JOB_COMPLETION_INDEX": "1", "HOSTNAME": "train-1-abcde"})
    assert found is not None
    assert (found.rank, found.launcher) == (5, "torchrun")


def test_all_ranks_of_a_job_have_one_run_and_other_jobs_another() -> None:
    ids = set()
    for number in range(8):
        rank = detect({**TORCHRUN, "RANK": str(number), "GROUP_RANK": str(number // 4)})
        assert rank is not None
        ids.add(shared_run_id(rank))
    assert len(ids) == 1
    other = detect({**TORCHRUN, "TORCHELASTIC_RUN_ID": "job-78"})
    assert other is not None
    assert shared_run_id(other) not in ids
    assert shared_run_id(other) != shared_run_id(other, 1)
    nameless = detect({"RANK": "3", "WORLD_SIZE": "4"})
    assert nameless is not None
    assert shared_run_id(nameless) is None


def test_a_process_of_a_shared_run_says_that_it_lives(
    server: FakeServer, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackhelm.log.runlog.HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr("trackhelm.log.keeper.EVERY_SECONDS", 0.05)
    log = RunLog(server.url, spool)
    log.begin_heartbeats(RUN)
    before = log.stats()["logged_bytes"]
    wait_until(lambda: log.stats()["logged_bytes"] > before + 100, "some heartbeats")
    log.end_run(RUN, "FINISHED", 1)
    log.metrics(RUN, {"other": 1.0}, 0, 0)
    after = log.stats()["logged_bytes"]
    log.flush(timeout=60)
    beats = [point for point in server.points if point[1] == "system/heartbeat"]
    assert len(beats) >= 4
    assert all(isinstance(value, float) and 0 <= value < 600 for *_, value in beats)
    assert log.stats()["logged_bytes"] == after, "no heartbeat after the end"
    log.close()


def test_a_launcher_without_an_id_is_told_by_its_process() -> None:
    environment = {
        **os.environ,
        "RANK": "1",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "TORCHELASTIC_RUN_ID": "none",
        "PYTHONPATH": str(SOURCE),
    }
    script = "from trackhelm.log.ranks import *; print(shared_run_id(detect()))"
    launcher = f"""
import subprocess, sys
for _ in range(2):
    subprocess.run([sys.executable, "-c", {script!r}], check=True)
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", launcher], env=environment, check=True, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert found[0][0] == found[0][1] != found[1][0] == found[1][1]
    assert len(found[0][0]) == 32


def test_the_points_of_a_rank_have_its_labels(
    server: FakeServer, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    log = RunLog(server.url, spool)
    log.metrics(RUN, {"loss": 0.5}, 0, 0)
    log.metrics(RUN, {"loss": 0.5}, 1, 0, labels={"stage": "warm-up"})
    log.metrics(RUN, {"loss": 0.5}, 2, 0, labels={})
    assert log.labels == (("node", "1"), ("rank", "5"), ("world_size", "8"))
    log.flush(timeout=60)
    # MLflow's own server has no labels, and gets none.
    assert all(
        "labels" not in metric for _, message in server.requests for metric in message.get("metrics", ())
    )
    log.close()
