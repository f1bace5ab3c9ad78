"""`sync`: what was logged offline arrives later, once, also when the sync is interrupted."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trackhelm.exceptions import MlflowException
from trackhelm.log import DeliveryError, sync
from trackhelm.log.runlog import RunLog
from trackhelm.log.spool import DestinationFolder

from .fake_server import Answer, FakeServer, error

RUN = "0123456789abcdef0123456789abcdef"
SOURCE = Path(__file__).parents[2] / "src"


def log_offline(spool: Path, steps: range) -> DestinationFolder:
    log = RunLog(None, spool)
    for step in steps:
        log.metrics(RUN, {"loss": step / 2}, step, step)
    log.params(RUN, {"lr": "0.1"})
    log.close()
    return log.folder


def test_what_was_logged_offline_arrives_and_its_segments_go(spool: Path, server: FakeServer) -> None:
    folder = log_offline(spool, range(3_000))
    assert folder.waiting_bytes() > 0
    told: list[sync.Progress] = []
    done = sync.sync(folder, server.url, tell=told.append)
    assert sorted(point[2] for point in server.points) == list(range(3_000))
    assert server.params == {(RUN, "lr"): "0.1"}
    assert (done.waiting_bytes, done.rejected, done.error) == (0, 0, None)
    assert told[-1].sent_bytes == done.sent_bytes > 0
    assert folder.writers() == []
    assert sync.sync(folder, server.url).sent_bytes == 0


def test_a_sync_that_is_interrupted_goes_on_where_it_was(spool: Path, server: FakeServer) -> None:
    folder = log_offline(spool, range(2_500))
    answers = iter(range(2))

    def interrupt(path: str, message: dict[str, Any]) -> Answer | None:
        return None if next(answers, None) is not None else error(503, "TEMPORARILY_UNAVAILABLE")

    server.intercept = interrupt
    with pytest.raises(DeliveryError, match=r"answered 503.*kept in"):
        sync.sync(folder, server.url)
    server.intercept = lambda *_: None
    sync.sync(folder, server.url)
    assert {point[2] for point in server.points} == set(range(2_500))
    assert folder.writers() == []


def test_a_process_that_lives_goes_on_logging_into_what_is_synced(spool: Path, server: FakeServer) -> None:
    log = RunLog(None, spool)
    log.metrics(RUN, {"loss": 1.0}, 0, 0)
    sync.sync(log.folder, server.url)
    log.metrics(RUN, {"loss": 2.0}, 1, 0)
    assert len(log.folder.writers()) == 1
    sync.sync(log.folder, server.url)
    assert sorted(point[2] for point in server.points) == [0, 1]
    log.close()


def test_what_is_being_sent_already_is_left_alone(spool: Path, server: FakeServer) -> None:
    server.stop()
    log = RunLog(server.url, spool)
    log.metrics(RUN, {"loss": 1.0}, 0, 0)
    with pytest.raises(DeliveryError):
        log.flush(timeout=2)
    with pytest.raises(DeliveryError, match=r"The process \d+ is sending"):
        sync.sync(log.folder)
    server.start()
    log.flush(timeout=60)
    log.close()


def test_a_server_must_be_named_for_what_was_logged_offline(spool: Path, server: FakeServer) -> None:
    folder = log_offline(spool, range(1))
    with pytest.raises(ValueError, match="name the server"):
        sync.sync(folder)
    with pytest.raises(MlflowException, match="is no address of a server"):
        sync.sync(folder, "elsewhere")
    other = RunLog(server.url, spool)
    with pytest.raises(ValueError, match=r"is for http://127\.0\.0\.1"):
        sync.sync(other.folder, "http://127.0.0.1:1")


def test_folders_are_found_below_a_path(tmp_path: Path) -> None:
    data = tmp_path / "trackhelm-data"
    offline = DestinationFolder.of(data / "log", None)
    online = DestinationFolder.of(data / "log", "http://127.0.0.1:1")
    for path in (data, data / "log"):
        assert {folder.path for folder in sync.folders_of(path)} == {offline.path, online.path}
    assert sync.folders_of(online.path) == [online]
    assert sync.folders_of(tmp_path / "nothing") == []


def test_a_torn_end_of_a_killed_process_is_given_up_and_the_rest_is_sent(
    spool: Path, server: FakeServer
) -> None:
    script = f"""
import os, signal
from pathlib import Path
from trackhelm.log.runlog import RunLog
log = RunLog(None, Path({str(spool)!r}))
for step in range(100):
    log.metrics({RUN!r}, {{"loss": 0.5}}, step, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60, env=environment)
    folder = DestinationFolder.of(spool, None)
    [writer] = folder.writers()
    segment = writer.segment(1)
    with segment.open("r+b") as file:
        file.truncate(writer.waiting_bytes() - 5)
    sync.sync(folder, server.url)
    assert sorted(point[2] for point in server.points) == list(range(99))
    assert folder.writers() == []


def test_a_damaged_segment_is_noted_and_the_next_one_is_sent(
    spool: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackhelm.log.writer.SEGMENT_BYTES", 1_000)
    folder = log_offline(spool, range(60))
    [writer] = folder.writers()
    assert len(writer.segments()) > 2
    content = bytearray(writer.segment(1).read_bytes())
    content[len(content) // 2] ^= 1
    writer.segment(1).write_bytes(content)
    done = sync.sync(folder, server.url)
    assert done.rejected == 1
    found = sorted(point[2] for point in server.points)
    assert 59 in found
    assert 40 < len(found) < 60
    assert folder.writers() == []
