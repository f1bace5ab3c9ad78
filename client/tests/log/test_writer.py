"""The segments of a process, mapped into memory or written: every record is there, whatever the disk does."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackhelm.log import open_log
from trackhelm.log.keeper import Keeper
from trackhelm.log.segments import Entry, SegmentReader, entry_record
from trackhelm.log.spool import DestinationFolder, Position, can_map
from trackhelm.log.writer import WINDOW_BYTES, Writer

SOURCE = Path(__file__).parents[2] / "src"
RUN = "0123456789abcdef0123456789abcdef"

both_ways = pytest.mark.parametrize("maps", [True, False], ids=["mapped", "written"])


def tag(text: str) -> bytes:
    return entry_record({"kind": "tags", "run": "r", "tags": {"a": text}})


def texts(writer: Writer) -> list[str]:
    """What is in the segments of a writer, in its order."""
    found = []
    for number in writer.folder.segments():
        records, _ = SegmentReader().read(writer.folder.segment(number).read_bytes())
        found += [str(one.fields["tags"]["a"]) for one in records if isinstance(one, Entry)]
    return found


@both_ways
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sizes=st.lists(
        st.one_of(st.integers(0, 200), st.sampled_from([WINDOW_BYTES - 60, WINDOW_BYTES, 3 * WINDOW_BYTES])),
        max_size=20,
    )
)
def test_records_of_any_size_are_read_as_they_were_written(maps: bool, sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patched:
        patched.setattr("trackhelm.log.writer.SEGMENT_BYTES", 2 * WINDOW_BYTES)
        writer = Writer(DestinationFolder.of(Path(place), None), maps=maps)
        expected = [f"{number}" + "x" * size for number, size in enumerate(sizes)]
        for text in expected:
            writer.append(tag(text))
        waits = writer.folder.waiting_bytes()
        assert texts(writer) == expected
        end = writer.position()
        writer.close()
        assert texts(writer) == expected
        size = writer.folder.segment(end.segment).stat().st_size
        assert Position(end.segment, size) == end, "what was reserved is given back"
        assert writer.folder.waiting_bytes() == waits
        writer.folder.acknowledge(end)
        assert writer.folder.waiting_bytes() == 0


@both_ways
def test_what_waits_is_counted_without_what_is_reserved(tmp_path: Path, maps: bool) -> None:
    writer = Writer(DestinationFolder.of(tmp_path, None), maps=maps)
    for number in range(10):
        writer.append(tag(str(number)))
    assert writer.folder.waiting_bytes() == writer.position().offset
    assert 0 < writer.folder.waiting_bytes(enough=100) <= 100
    end = writer.position()
    assert writer.folder.waiting_bytes(end) == 0
    writer.append(tag("11"))
    assert writer.folder.waiting_bytes(end) == len(tag("11"))
    writer.close()


@both_ways
def test_the_handler_of_a_signal_may_log_in_the_middle_of_a_call(tmp_path: Path, maps: bool) -> None:
    writer = Writer(DestinationFolder.of(tmp_path, None), maps=maps)
    logged: list[str] = []
    numbers = itertools.count()

    def handle(*_: object) -> None:
        # Another signal may come in the middle of this, too.
        text = f"signal {next(numbers)}"
        with writer.lock:
            writer.append(tag(text + "x" * (len(logged) % 7) * 2_000))
        logged.append(text)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    number = 0
    try:
        while len(logged) < 300:
            with writer.lock:
                writer.append(tag(str(number)))
            number += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    found = texts(writer)
    assert [text for text in found if "signal" not in text] == [str(one) for one in range(number)]
    assert sorted(text.rstrip("x") for text in found if "signal" in text) == sorted(logged)
    writer.close()


@both_ways
def test_threads_write_whole_records(tmp_path: Path, maps: bool) -> None:
    writer = Writer(DestinationFolder.of(tmp_path, None), maps=maps)

    def work(name: str) -> None:
        for number in range(500):
            with writer.lock:
                writer.append(tag(f"{name} {number}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts(writer)) == sorted(f"{name} {number}" for name in "abcd" for number in range(500))
    writer.close()


@both_ways
def test_a_folder_that_somebody_deleted_is_made_anew(tmp_path: Path, maps: bool) -> None:
    writer = Writer(DestinationFolder.of(tmp_path, None), maps=maps)
    writer.append(tag("gone"))
    writer.folder.segment(1).unlink()
    writer.append(tag("gone, too"))
    assert writer.renew_if_deleted()
    assert not writer.renew_if_deleted()
    writer.append(tag("here"))
    assert texts(writer) == ["here"]
    writer.close()


def test_a_file_system_that_reserves_nothing_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    writer = Writer(DestinationFolder.of(tmp_path, None), maps=True)
    for number in range(3):
        writer.append(tag(str(number)))
    assert writer.error is None
    assert texts(writer) == ["0", "1", "2"]
    writer.close()


def test_only_known_file_systems_are_mapped() -> None:
    assert not can_map(Path("/proc/self"))
    assert can_map(Path("/dev/shm"))  # nothing is written there


FULL_DISK = """
import json, os, resource, sys
from pathlib import Path
from trackhelm.log.spool import DestinationFolder
from trackhelm.log.writer import HELD_BYTES, Writer
from trackhelm.log.segments import SegmentReader, entry_record

writer = Writer(DestinationFolder.of(Path(sys.argv[1]), None), maps=sys.argv[2] == "True")
record = entry_record({"kind": "tags", "run": "r", "tags": {"key": "x" * 1000}})
for _ in range(20):
    writer.append(record)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (writer.position().offset + len(record) // 2, hard))
needed = entry_record({"kind": "tags", "run": "r", "tags": {"needed": "y"}})
kept = 20
while writer.error is None:  # what was reserved is still taken
    writer.append(record)
    kept += 1
room = HELD_BYTES // len(record) - 1
for _ in range(room + 10):
    writer.append(record)
writer.append(needed, is_needed=True)
kept += room + 1
full = {"error": writer.error, "dropped": writer.dropped, "held": writer.held_bytes}
writer.write_held()
assert writer.error is not None
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.write_held()
data = writer.folder.segment(1).read_bytes()
records, taken = SegmentReader().read(data)
assert taken == writer.position().offset
assert not data[taken:].strip(bytes(1))
writer.append(needed)
assert writer.held_bytes == 0
print(json.dumps({**full, "after": writer.error, "records": len(records), "expected": kept}))
"""


@both_ways
def test_a_full_disk_is_waited_for_and_only_what_is_too_much_is_dropped(tmp_path: Path, maps: bool) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(maps)],
        check=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    ).stdout
    found = json.loads(printed)
    assert "File too large" in found["error"] or "No space" in found["error"]
    assert found["dropped"] == 10
    assert found["held"] > 3_000_000
    assert found["after"] is None
    assert found["records"] == found["expected"]


def test_beyond_the_limit_metrics_are_dropped_and_counted_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRACKHELM_SPOOL_LIMIT_BYTES", "2000")
    monkeypatch.setattr("trackhelm.log.keeper.LIMIT_SECONDS", 0)
    monkeypatch.setattr("trackhelm.log.keeper.WARN_SECONDS", 0)
    monkeypatch.setattr(Keeper, "_run", lambda _: None)  # it looks when the test wants it
    log = open_log(None, tmp_path)
    for step in range(60):
        log.metrics(RUN, {"loss": 0.5}, step, step)
    keeper, writer = log._keeper, log._writer
    assert keeper is not None
    assert writer is not None
    assert log.stats()["error"] is None
    keeper.look()
    assert "TRACKHELM_SPOOL_LIMIT_BYTES" in str(log.stats()["error"])
    for step in range(5):
        log.metrics(RUN, {"loss": 0.5}, 100 + step, step)
    log.params(RUN, {"depth": "3"})
    log.end_run(RUN, "FINISHED", 1)
    assert log.stats()["dropped"] == 5
    keeper.look()
    assert "5 calls were dropped until now" in caplog.text
    data = writer.folder.segment(1).read_bytes()
    assert b'"depth":"3"' in data
    assert b"FINISHED" in data
    writer.folder.acknowledge(writer.position())
    keeper.look()
    log.metrics(RUN, {"loss": 0.5}, 200, 1)
    assert (log.stats()["dropped"], log.stats()["error"]) == (5, None)
    log.close()
