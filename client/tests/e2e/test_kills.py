"""What a call has logged is there once, whatever is killed: the trainer, the server, or both.

`CLIENT_KILLS` says how many trainers are killed (6); `make test-client-kills` kills 100.
"""

import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.server import ServerProcess
from trackhelm.destinations import DirectLog
from trackhelm.log.ranks import Rank, shared_run_id
from trackhelm.log.runlog import RunLog
from trackhelm.log.spool import DestinationFolder
from trackhelm.rest.transport import Transport

KILLS = int(os.environ.get("CLIENT_KILLS", "6"))
SOURCE = Path(__file__).parents[2] / "src"
SECONDS = 300.0

# It says in shared memory how many calls have returned, which a kill does not take back.
TRAINER = """
import mmap, struct, sys, time
from pathlib import Path
from trackhelm.log import open_log

url, spool, run, returned, pause = sys.argv[1:]
log = open_log(url, Path(spool))
with open(returned, "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
step = 0
while True:
    log.metrics(run, {"loss": step / 2, "acc": -step / 2}, step, 1_700_000_000_000 + step)
    step += 1
    counter[:] = struct.pack("<Q", step)
    if pause != "0":
        time.sleep(float(pause))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE)}


def history(transport: Transport, run: str, key: str) -> list[int]:
    query = {"run_id": run, "metric_key": key, "max_results": 1_000_000}
    points = transport.get("metrics/get-history", query).get("metrics", [])
    assert all(point["value"] == point["step"] / (2 if key == "loss" else -2) for point in points)
    return [int(point["step"]) for point in points]


def new_run(transport: Transport) -> str:
    made = transport.post("runs/create", {"experiment_id": "0", "start_time": 1})
    return str(made["run"]["info"]["run_id"])


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that a test may kill."""
    process = ServerProcess(tmp_path / "own-server")
    process.start()
    yield process
    process.stop()


def kill_uploader(folder: DestinationFolder) -> None:
    """End the process that uploads, if there is one, in the middle of whatever it does."""
    pid = folder.status().get("pid")
    if isinstance(pid, int) and folder.is_uploading():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until_sent(folder: DestinationFolder) -> None:
    """Wait until no folder of a process that has ended is left."""
    deadline = time.monotonic() + SECONDS
    while folder.writers():
        assert time.monotonic() < deadline, (folder.status(), [each.path for each in folder.writers()])
        time.sleep(0.05)


def test_killed_trainers_lose_and_double_nothing(server: ServerProcess, tmp_path: Path) -> None:
    spool, transport = tmp_path / "spool", Transport(server.url)
    chance = random.Random(20_261_130)
    expected: dict[str, int] = {}
    for number in range(KILLS):
        run = new_run(transport)
        counter = tmp_path / f"returned-{number}"
        counter.write_bytes(bytes(8))
        pause = ("0", "0.001", "0.01")[number % 3]
        command = [sys.executable, "-c", TRAINER, server.url, str(spool), run, str(counter), pause]
        trainer = subprocess.Popen(command, env=environment())
        deadline = time.monotonic() + 60
        while not any(counter.read_bytes()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.4))
        trainer.send_signal(signal.SIGKILL)
        trainer.wait()
        if number % 4 == 3:
            kill_uploader(DestinationFolder.of(spool, server.url))
        expected[run] = struct.unpack("<Q", counter.read_bytes())[0]
    # The next start of the program picks up what the killed ones left.
    log = RunLog(server.url, spool)
    log.metrics(new_run(transport), {"loss": 0.0}, 0, 0)
    log.flush(timeout=SECONDS)
    log.close()
    wait_until_sent(log.folder)
    for run, returned in expected.items():
        for key in ("loss", "acc"):
            steps = history(transport, run, key)
            # The call during which it was killed may have been written.
            assert steps in (list(range(returned)), list(range(returned + 1))), (run, returned, len(steps))


def test_a_server_that_is_killed_delays_nothing_and_loses_nothing(
    own_server: ServerProcess, tmp_path: Path
) -> None:
    transport = Transport(own_server.url)
    run = new_run(transport)
    log = RunLog(own_server.url, tmp_path / "spool")
    for step in range(2_000):
        log.metrics(run, {"loss": step / 2}, step, step)
        if step == 500:
            own_server.kill()
        if step == 1_500:
            # The trainer is started again while the server is away.
            log.close()
            log = RunLog(own_server.url, tmp_path / "spool")
    own_server.start()
    log.flush(timeout=SECONDS)
    log.close()
    wait_until_sent(log.folder)
    assert history(transport, run, "loss") == list(range(2_000))


RANK = """
import os, sys
from pathlib import Path
from trackhelm.log import open_log
from trackhelm.log.ranks import detect, shared_run_id

url, spool = sys.argv[1:]
rank = detect()
run = shared_run_id(rank)
log = open_log(url, Path(spool))
log.create_run(run, start_time_ms=1, experiment_id="0", run_name=f"of rank {rank.rank}")
if rank.is_primary:
    log.tags(run, {"mlflow.runName": "of all ranks"})
for step in range(50):
    log.metrics(run, {"loss": step / 2}, step, 1_000 + step)
if rank.is_primary:
    log.end_run(run, "FINISHED", 5_000)
log.flush(timeout=200)
"""


@pytest.mark.parametrize("ranks", [64])
def test_all_ranks_of_a_job_log_to_one_run(server: ServerProcess, tmp_path: Path, ranks: int) -> None:
    spool, transport, job = tmp_path / "spool", Transport(server.url), uuid.uuid4().hex
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, server.url, str(spool)],
            env={
                **environment(),
                "RANK": str(number),
                "WORLD_SIZE": str(ranks),
                "GROUP_RANK": str(number // 8),
                "TORCHELASTIC_RUN_ID": job,
            },
        )
        for number in range(ranks)
    ]
    for process in processes:
        assert process.wait(timeout=SECONDS) == 0
    wait_until_sent(DestinationFolder.of(spool, server.url))
    run = shared_run_id(Rank(0, ranks, "0", job, "torchrun"))
    assert run is not None
    info = transport.get("runs/get", {"run_id": run})["run"]["info"]
    assert (info["run_name"], info["status"]) == ("of all ranks", "FINISHED")
    query = {"run_ids": [run], "keys": ["loss"]}
    series = transport.call("POST", "/api/2.0/trackhelm/series/list", body=query)["series"]
    labels = {one["labels"]["rank"]: one for one in series if "labels" in one}
    assert set(labels) == set(map(str, range(ranks)))
    assert all(one["labels"]["node"] == str(int(rank) // 8) for rank, one in labels.items())
    assert {one["last"]["step"] for one in labels.values()} == {49}
    assert {one["labels"]["world_size"] for one in labels.values()} == {str(ranks)}


def test_what_was_logged_offline_keeps_its_run_id(server: ServerProcess, tmp_path: Path) -> None:
    from trackhelm.log import sync

    transport, run, name = Transport(server.url), uuid.uuid4().hex, f"offline {uuid.uuid4().hex}"
    log = RunLog(None, tmp_path / "spool")
    log.create_run(run, start_time_ms=1_234, experiment_name=name, run_name="at home", tags={"a": "b"})
    log.params(run, {"lr": "0.1"})
    for step in range(100):
        log.metrics(run, {"loss": step / 2}, step, step)
    log.end_run(run, "FINISHED", 5_678)
    log.close()
    done = sync.sync(log.folder, server.url)
    assert (done.waiting_bytes, done.rejected) == (0, 0)
    found = transport.get("runs/get", {"run_id": run})["run"]
    assert (found["info"]["run_name"], found["info"]["status"]) == ("at home", "FINISHED")
    assert (found["info"]["start_time"], found["info"]["end_time"]) == (1_234, 5_678)
    assert [param["value"] for param in found["data"]["params"]] == ["0.1"]
    assert history(transport, run, "loss") == list(range(100))
    experiment = transport.get("experiments/get-by-name", {"experiment_name": name})["experiment"]
    assert experiment["experiment_id"] == found["info"]["experiment_id"]


def test_labels_are_sent_by_a_call_that_waits_for_the_server(server: ServerProcess) -> None:
    transport = Transport(server.url)
    run = new_run(transport)
    DirectLog(transport).metrics(run, {"loss": 0.5}, 1, 2, labels={"rank": "3"})
    query = {"run_ids": [run], "keys": ["loss"]}
    series = transport.call("POST", "/api/2.0/trackhelm/series/list", body=query)["series"]
    assert {"rank": "3"} in [one.get("labels") for one in series]


def test_a_rank_that_waits_for_the_server_keeps_its_labels(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKHELM_RANK", "2")
    monkeypatch.setenv("TRACKHELM_WORLD_SIZE", "4")
    transport = Transport(server.url)
    run = new_run(transport)
    DirectLog(transport).metrics(run, {"loss": 0.5}, 1, 2)
    query = {"run_ids": [run], "keys": ["loss"]}
    series = transport.call("POST", "/api/2.0/trackhelm/series/list", body=query)["series"]
    assert {"rank": "2", "world_size": "4"} in [one.get("labels") for one in series]


def test_what_is_logged_to_a_run_that_is_not_there_is_put_aside(
    server: ServerProcess, tmp_path: Path
) -> None:
    transport = Transport(server.url)
    good, missing = new_run(transport), uuid.uuid4().hex
    log = RunLog(server.url, tmp_path / "spool")
    for step in range(2_500):
        log.metrics(missing, {"loss": step / 2, "acc": 0.5}, step, step)
        log.metrics(good, {"loss": step / 2}, step, step)
    log.params(missing, {"lr": "0.1"})
    log.flush(timeout=SECONDS)
    log.close()
    assert history(transport, good, "loss") == list(range(2_500))
    refused = log.rejected(missing)
    assert sorted(step for line in refused for step in line.get("steps", [])) == list(range(2_500))
    assert all("not found" in line["error"] for line in refused)
    assert [line["value"] for line in refused if line["kind"] == "params"] == ["0.1"]
    assert log.rejected(good) == []


def test_shared_memory_survives_a_kill(tmp_path: Path) -> None:
    """What these tests rest on: a counter in a mapped file is there after SIGKILL."""
    counter = tmp_path / "counter"
    counter.write_bytes(bytes(8))
    with counter.open("r+b") as file, mmap.mmap(file.fileno(), 8) as mapped:
        if not (child := os.fork()):
            mapped[:] = struct.pack("<Q", 77)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
    assert struct.unpack("<Q", counter.read_bytes())[0] == 77
