"""The log of a process, against a server of the tests' own: what is accepted arrives once, come what may."""

import math
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trackhelm.log import DeliveryError, InvalidEntryError, ParamConflictError, open_log
from trackhelm.log.runlog import RunLog
from trackhelm.log.segments import entry_record

from .fake_server import Answer, FakeServer, error
from .waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = "0123456789abcdef0123456789abcdef"
SOURCE = Path(__file__).parents[2] / "src"


def steps(server: FakeServer, key: str = "loss") -> list[int]:
    return sorted(step for _, found, step, _, _ in server.points if found == key)


def test_what_is_logged_arrives(log: RunLog, server: FakeServer) -> None:
    for step in range(2_500):
        log.metrics(RUN, {"loss": step / 7, "acc": math.nan if step == 3 else 0.5}, step, 1_000 + step)
    log.params(RUN, {"lr": "0.1"})
    log.tags(RUN, {"a": "first"})
    log.tags(RUN, {"a": "second"})
    log.end_run(RUN, "FINISHED", 9_000)
    log.flush(timeout=60)
    assert steps(server) == steps(server, "acc") == list(range(2_500))
    assert (RUN, "loss", 14, 1_014, 2.0) in server.points
    assert (RUN, "acc", 3, 1_003, "NaN") in server.points
    assert server.params == {(RUN, "lr"): "0.1"}
    assert server.tags == {(RUN, "a"): "second"}
    assert server.ends == {RUN: "FINISHED"}
    assert max(len(message.get("metrics", [])) for _, message in server.requests) <= 1_000
    assert log.stats()["waiting_bytes"] == 0


def test_what_a_run_read_and_made_arrives_before_its_end(log: RunLog, server: FakeServer) -> None:
    used = {
        "dataset": {"name": "n", "digest": "d", "source_type": "local", "source": "{}"},
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }
    log.inputs(RUN, [used], [{"model_id": "m-1"}])
    log.outputs(RUN, [{"model_id": "m-2", "step": 3}])
    log.end_run(RUN, "FINISHED", 9_000)
    log.flush(timeout=60)
    assert [(path, message) for path, message in server.requests if "update" not in path] == [
        (
            "/api/2.0/mlflow/runs/log-inputs",
            {"run_id": RUN, "datasets": [used], "models": [{"model_id": "m-1"}]},
        ),
        ("/api/2.0/mlflow/runs/outputs", {"run_id": RUN, "models": [{"model_id": "m-2", "step": 3}]}),
    ]
    assert server.requests[-1][0] == "/api/2.0/mlflow/runs/update"


def test_inputs_that_the_server_refuses_are_put_aside(log: RunLog, server: FakeServer) -> None:
    server.intercept = lambda path, _: (
        error(400, "INVALID_PARAMETER_VALUE", "no such model") if "log-inputs" in path else None
    )
    log.inputs(RUN, [], [{"model_id": "m-1"}])
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=60)
    [found] = log.rejected(RUN)
    assert (found["kind"], found["error"]) == ("inputs", "no such model")
    assert found["value"]["models"] == [{"model_id": "m-1"}]
    assert steps(server) == [1]


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("digest", "d" * 37), ("source", None), ("profile", 3)]
)
def test_a_dataset_that_no_server_takes_is_refused_at_once(log: RunLog, field: str, value: object) -> None:
    dataset = {"name": "n", "digest": "d", "source_type": "local", "source": "{}", field: value}
    with pytest.raises(InvalidEntryError, match=f"Invalid {field} .* of the dataset"):
        log.inputs(RUN, [{"dataset": dataset, "tags": []}], [])


def test_segments_are_deleted_when_they_are_acknowledged(
    log: RunLog, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackhelm.log.writer.SEGMENT_BYTES", 65_536)
    values = {f"metric/{number}": 0.5 for number in range(100)}
    for step in range(200):
        log.metrics(RUN, values, step, step)
    log.flush(timeout=120)
    [writer] = log.folder.writers()
    wait_until(lambda: len(writer.segments()) == 1, "the segments to be deleted")
    assert writer.segments()[0] >= 3
    assert steps(server, "metric/99") == list(range(200))


def test_a_server_that_is_away_delays_nothing_and_loses_nothing(spool: Path, server: FakeServer) -> None:
    server.stop()
    log = RunLog(server.url, spool)
    for step in range(500):
        log.metrics(RUN, {"loss": 0.5}, step, step)
    with pytest.raises(DeliveryError, match=r"bytes that this process logged .*cannot be reached.*kept in"):
        log.flush(RUN, timeout=3)
    server.start()
    log.flush(timeout=60)
    assert steps(server) == list(range(500))
    log.close()


def test_a_storm_of_429_is_waited_for(log: RunLog, server: FakeServer) -> None:
    refusals = iter(range(4))

    def storm(path: str, message: dict[str, Any]) -> Answer | None:
        if next(refusals, None) is None:
            return None
        return error(429, "REQUEST_LIMIT_EXCEEDED", Retry_After="0")

    server.intercept = storm
    for step in range(100):
        log.metrics(RUN, {"loss": 0.5}, step, step)
    log.flush(timeout=60)
    assert steps(server) == list(range(100))
    assert next(refusals, None) is None


def test_an_answer_of_something_before_the_server_is_no_refusal(log: RunLog, server: FakeServer) -> None:
    answers: Iterator[Answer] = iter([(400, {}, b"<html>proxy</html>"), (502, {}, b"bad gateway")])
    server.intercept = lambda *_: next(answers, None)
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=60)
    assert steps(server) == [1]
    assert log.rejected(RUN) == []


def test_a_bad_record_is_found_and_put_aside(log: RunLog, server: FakeServer) -> None:
    def picky(path: str, message: dict[str, Any]) -> Answer | None:
        if any(metric["step"] == 77 for metric in message.get("metrics", [])):
            return error(400, "INVALID_PARAMETER_VALUE", "77 is not liked")
        return None

    server.intercept = picky
    for step in range(300):
        log.metrics(RUN, {"loss": step / 2}, step, step)
    log.flush(timeout=60)
    assert steps(server) == [step for step in range(300) if step != 77]
    [found] = log.rejected(RUN)
    assert (found["kind"], found["key"], found["value"], found["step"]) == ("metrics", "loss", 38.5, 77)
    assert found["error"] == "77 is not liked"
    assert log.stats()["rejected"] == 1


def test_a_param_that_only_the_server_knows_is_put_aside(log: RunLog, server: FakeServer) -> None:
    def immutable(path: str, message: dict[str, Any]) -> Answer | None:
        if any(param["key"] == "lr" for param in message.get("params", [])):
            return error(400, "INVALID_PARAMETER_VALUE", "Changing param values is not allowed.")
        return None

    server.intercept = immutable
    log.params(RUN, {"lr": "0.2", "depth": "3"})
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=60)
    assert server.params == {(RUN, "depth"): "3"}
    assert steps(server) == [1]
    assert [found["key"] for found in log.rejected(RUN)] == ["lr"]


def test_a_server_that_fails_on_one_record_does_not_hold_up_the_others(
    log: RunLog, server: FakeServer
) -> None:
    def failing(path: str, message: dict[str, Any]) -> Answer | None:
        if any(tag["key"] == "poison" for tag in message.get("tags", [])):
            return error(500, "INTERNAL_ERROR")
        return None

    server.intercept = failing
    log.tags(RUN, {"poison": "1", "good": "2"})
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=120)
    assert server.tags == {(RUN, "good"): "2"}
    assert steps(server) == [1]
    assert [found["key"] for found in log.rejected(RUN)] == ["poison"]


def test_a_clock_that_goes_back_changes_nothing(log: RunLog, server: FakeServer) -> None:
    for step, time in enumerate([5_000, 6_000, 1_000, 0, 7_000]):
        log.metrics(RUN, {"loss": 0.5}, step, time)
    log.flush(timeout=60)
    assert [point[3] for point in sorted(server.points, key=lambda point: point[2])] == [
        5_000,
        6_000,
        1_000,
        0,
        7_000,
    ]


@pytest.mark.parametrize(
    ("values", "step", "time", "message"),
    [
        ({"a\nb": 1.0}, 0, 0, r"Invalid metric name: 'a\\nb'"),
        ({"../up": 1.0}, 0, 0, "would resolve to"),
        ({"k" * 251: 1.0}, 0, 0, "at most 250"),
        ({"loss": "high"}, 0, 0, "invalid value 'high' for metric 'loss'"),
        ({"good": 1.0, "loss": None}, 0, 0, "invalid value None for metric 'loss'"),
        ({"loss": 1.0}, 2**63, 0, "Invalid step 9223372036854775808"),
        ({"loss": 1.0}, 0.5, 0, "Invalid step 0.5"),
        ({"loss": 1.0}, 0, "now", "Invalid timestamp 'now'"),
        ({"loss": 1.0}, 0, -1, "Invalid timestamp -1"),
        ({}, 0, 0, "No metrics"),
        ({3: 1.0}, 0, 0, "Invalid metric name 3"),
        ({"loss": 10**400}, 0, 0, "for metric 'loss'"),
    ],
)
def test_what_is_not_valid_is_refused_in_the_line_of_the_caller(
    log: RunLog, server: FakeServer, values: dict[str, float], step: int, time: int, message: str
) -> None:
    with pytest.raises(InvalidEntryError, match=message):
        log.metrics(RUN, values, step, time)
    log.metrics(RUN, {"good": 1.0}, 0, 0)
    log.flush(timeout=60)
    assert server.points == [(RUN, "good", 0, 0, 1.0)]


def test_a_param_that_this_process_logged_otherwise_is_refused_at_once(log: RunLog) -> None:
    log.params(RUN, {"lr": "0.1"})
    log.params(RUN, {"lr": "0.1"})
    with pytest.raises(ParamConflictError, match=r"key='lr' was already logged with value='0.1'"):
        log.params(RUN, {"lr": "0.2"})


def test_threads_lose_nothing(log: RunLog, server: FakeServer) -> None:
    def work(number: int) -> None:
        for step in range(300):
            log.metrics(RUN, {f"thread-{number}": 0.5, "shared": float(number)}, step, number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush(timeout=60)
    assert len(server.points) == len(set(server.points)) == 8 * 300 * 2


def test_a_forked_child_logs_by_itself(log: RunLog, server: FakeServer) -> None:
    log.metrics(RUN, {"loss": 0.5}, 0, 0)
    script = f"""
import os, sys
from pathlib import Path
from trackhelm.log import open_log
log = open_log({server.url!r}, Path({str(log.folder.path.parent)!r}))
log.metrics({RUN!r}, {{"loss": 0.5}}, 1, 1)
children = []
for number in range(3):
    child = os.fork()
    if not child:
        for step in range(10):
            log.metrics({RUN!r}, {{"loss": 0.5}}, 100 * (number + 1) + step, 1)
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
log.metrics({RUN!r}, {{"loss": 0.5}}, 2, 1)
log.flush(timeout=60)
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=120, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    expected = {0, 1, 2, *(100 * (number + 1) + step for number in range(3) for step in range(10))}
    wait_until(lambda: set(steps(server)) == expected, "the points of the children")
    # What processes that have ended left is deleted.
    wait_until(lambda: len(log.folder.writers()) == 1, "only this process's folder to be left")


def test_what_a_killed_process_left_is_sent_by_the_next(spool: Path, server: FakeServer) -> None:
    server.stop()
    script = f"""
import os, signal
from pathlib import Path
from trackhelm.log import open_log
log = open_log({server.url!r}, Path({str(spool)!r}))
for step in range(1000):
    log.metrics({RUN!r}, {{"loss": 0.5}}, step, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TRACKHELM_UPLOADER": "off"}
    killed = subprocess.run([sys.executable, "-c", script], check=False, timeout=120, env=environment)
    assert killed.returncode == -9
    server.start()
    log = RunLog(server.url, spool)
    log.metrics(RUN, {"other": 1.0}, 0, 0)
    wait_until(lambda: steps(server) == list(range(1_000)), "what the killed process had logged")
    log.flush(timeout=60)
    wait_until(lambda: len(log.folder.writers()) == 1, "the folder of the killed process to be deleted")
    log.close()


def test_an_uploader_that_is_killed_is_started_again(log: RunLog, server: FakeServer) -> None:
    log.metrics(RUN, {"loss": 0.5}, 0, 0)
    log.flush(timeout=60)
    first = log.folder.status()["pid"]
    os.kill(first, 9)
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=60)
    assert steps(server)[-1] == 1
    assert log.folder.status()["pid"] != first


def test_a_thread_uploads_where_no_process_may_and_its_children_hold_none_of_its_locks(
    spool: Path, server: FakeServer
) -> None:
    script = f"""
import os, sys, time
from pathlib import Path
from trackhelm.log import open_log
log = open_log({server.url!r}, Path({str(spool)!r}))
log.metrics({RUN!r}, {{"loss": 0.5}}, 0, 1)
log.flush(timeout=60)
assert log.stats()["uploader"]["pid"] == os.getpid()
if not os.fork():
    sys.stdin.read()  # until the test has seen what the parent left
    os._exit(0)
log.metrics({RUN!r}, {{"loss": 0.5}}, 1, 1)
os._exit(0)
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TRACKHELM_UPLOADER": "thread"}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as program:
        assert program.wait(timeout=120) == 0
        assert program.stdin is not None
        log = RunLog(server.url, spool)
        assert not log.folder.is_uploading()
        log.metrics(RUN, {"other": 0.5}, 0, 1)
        wait_until(lambda: steps(server) == [0, 1], "what the program that ended had logged")
        program.stdin.close()
    log.close()


def test_a_record_of_a_later_version_is_put_aside(log: RunLog, server: FakeServer) -> None:
    log.tags(RUN, {"a": "b"})
    assert log._writer is not None
    log._writer.append(entry_record({"kind": "console", "run": RUN, "text": "hello"}), is_needed=True)
    log.metrics(RUN, {"loss": 0.5}, 1, 1)
    log.flush(timeout=60)
    assert steps(server) == [1]
    [found] = log.rejected(RUN)
    assert (found["kind"], found["text"]) == ("console", "hello")


def test_offline_what_is_logged_stays(spool: Path) -> None:
    log = open_log(None, spool)
    log.metrics(RUN, {"loss": 0.5}, 0, 0)
    log.flush()
    assert log is open_log(None, spool)
    assert log.folder.path == spool / "offline"
    assert not log.folder.is_uploading()
    assert log.stats()["waiting_bytes"] > 0
    log.close()
