"""Programs are started in order, watched, and stopped in reverse order; here they are a line of Python."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from trackhelm_stack.program import Program
from trackhelm_stack.supervisor import ProgramFailedError, StoppedError, Supervisor, hold_lock

STAYS = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"
FRAIL = (
    "import signal, sys; "
    "signal.signal(signal.SIGTERM, lambda *_: (print('a disk is full', flush=True), sys.exit(3))); "
    "print('up', flush=True); signal.pause()"
)
WITH_A_WORD = (
    "import signal, sys; "
    "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit())); "
    "print('up', flush=True); signal.pause()"
)


def python(name: str, code: str, *, ready_line: str = "up", stop_seconds: float = 15) -> Program:
    return Program(name, [sys.executable, "-c", code], ready_line=ready_line, stop_seconds=stop_seconds)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "processes.json"


MakeSupervisor = Callable[..., Supervisor]


@pytest.fixture
def make_supervisor(tmp_path: Path, record: Path) -> Iterator[MakeSupervisor]:
    made: list[Supervisor] = []
    with hold_lock(tmp_path / "lock") as held:

        def make(*, restart: bool) -> Supervisor:
            made.append(Supervisor(held, record, restart=restart))
            return made[-1]

        yield make
        for supervisor in made:
            supervisor.stop()


@pytest.fixture
def supervisor(make_supervisor: MakeSupervisor) -> Supervisor:
    return make_supervisor(restart=False)


def pid_of(record: Path, name: str) -> int:
    pid: int = json.loads(record.read_text())[name]["pid"]
    return pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_programs_are_stopped_in_reverse_order(
    supervisor: Supervisor, record: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(python("first", WITH_A_WORD))
    supervisor.start(python("second", WITH_A_WORD))
    assert list(json.loads(record.read_text())) == ["first", "second"]
    supervisor.stop()
    lines = capfd.readouterr().err.splitlines()
    assert lines == ["first    | up", "second   | up", "second   | bye", "first    | bye"]
    assert not record.exists()


def test_a_program_that_ends_is_named_with_its_last_words(supervisor: Supervisor, record: Path) -> None:
    supervisor.start(python("steady", STAYS))
    supervisor.start(python("frail", FRAIL))
    os.kill(pid_of(record, "frail"), signal.SIGTERM)
    with pytest.raises(ProgramFailedError, match=r"(?s)frail ended: exit code 3.*a disk is full"):
        supervisor.watch()


def test_a_program_that_is_killed_is_named_with_the_signal(supervisor: Supervisor, record: Path) -> None:
    supervisor.start(python("victim", STAYS))
    os.kill(pid_of(record, "victim"), signal.SIGKILL)
    with pytest.raises(ProgramFailedError, match="victim ended: killed by SIGKILL"):
        supervisor.watch()


def test_a_program_that_ends_before_it_is_ready_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(ProgramFailedError, match=r"(?s)early ended: exit code 1.*no luck"):
        supervisor.start(python("early", "raise SystemExit('no luck')"))


def test_a_program_that_is_run_must_end_well(supervisor: Supervisor) -> None:
    supervisor.run(python("task", "pass"))
    with pytest.raises(ProgramFailedError, match="task ended: exit code 2"):
        supervisor.run(python("task", "raise SystemExit(2)"))


def test_a_program_that_does_not_stop_is_killed(
    supervisor: Supervisor, record: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(python("stubborn", STUBBORN, stop_seconds=0.2))
    pid = pid_of(record, "stubborn")
    supervisor.stop()
    assert not is_alive(pid)
    assert "stubborn did not stop within 0.2 s and was killed" in capfd.readouterr().err


def test_a_request_to_stop_ends_the_watch_and_a_start(supervisor: Supervisor) -> None:
    supervisor.start(python("steady", STAYS))
    supervisor.request_stop()
    with pytest.raises(StoppedError):
        supervisor.watch()
    supervisor.request_stop()
    with pytest.raises(StoppedError):
        supervisor.start(python("slow", STAYS, ready_line="never said"))


def kill_again_and_again(record: Path, times: int, then: Callable[[], None] = lambda: None) -> None:
    """Kill a program and wait for its successor, as often as asked; the last one's is not waited for."""
    for turn in range(times):
        pid = pid_of(record, "victim")
        os.kill(pid, signal.SIGKILL)
        if turn < times - 1:
            wait_until(lambda killed=pid: pid_of(record, "victim") != killed)  # type: ignore[misc]
    then()


def test_a_program_is_started_again_where_that_is_wanted(
    make_supervisor: MakeSupervisor, record: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor = make_supervisor(restart=True)
    supervisor.start(python("victim", STAYS), python("other", STAYS))
    other = pid_of(record, "other")
    killer = threading.Thread(target=kill_again_and_again, args=(record, 2, supervisor.request_stop))
    killer.start()
    with pytest.raises(StoppedError):
        supervisor.watch()
    killer.join()
    assert pid_of(record, "other") == other
    said = capfd.readouterr().err
    assert "stack    | victim ended: killed by SIGKILL" in said
    assert "stack    | victim is started again" in said


def test_a_program_that_ends_again_and_again_is_given_up(
    make_supervisor: MakeSupervisor, record: Path
) -> None:
    supervisor = make_supervisor(restart=True)
    supervisor.start(python("victim", STAYS))
    killer = threading.Thread(target=kill_again_and_again, args=(record, 6))
    killer.start()
    with pytest.raises(ProgramFailedError, match="victim ended 6 times within 60 s"):
        supervisor.watch()
    killer.join()
