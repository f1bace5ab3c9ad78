"""Starts programs in order, watches them, prints their output by name, and stops them in reverse order.

Owns the lock on a data folder: one stack at a time, and none before every program of the last one has ended.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, NoReturn

from trackhelm_stack.launch import BINDS_ANY_PORT, READS_ITS_INSTALLATION
from trackhelm_stack.program import Program

_POLL_SECONDS: Final = 0.05

# The lock on a data folder.

_LEFTOVERS_SECONDS: Final = 30


class DataInUseError(Exception):
    """Another stack, or a program of one, uses the folder."""


@contextmanager
def hold_lock(file: Path) -> Iterator[int]:
    """Hold the lock, and yield the descriptor that holds it.

    Every program of the stack and its children inherit the descriptor. If the stack is killed, the lock is
    therefore free only once the last of them has ended: two servers never write to one folder.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, file)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, file: Path) -> None:
    deadline = time.monotonic() + _LEFTOVERS_SECONDS
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        holder = os.pread(descriptor, 20, 0).decode().strip()
        if holder and _is_alive(int(holder)):
            raise DataInUseError(f"{file.parent.parent} is in use by process {holder}")
        if time.monotonic() > deadline:
            raise DataInUseError(f"a program of an earlier stack still holds {file}: see `lsof {file}`")
        time.sleep(_POLL_SECONDS)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# One program.

_KEPT_LINES: Final = 20
_LAUNCH: Final = Path(__file__).with_name("launch.py")
_PIPE_SECONDS: Final = 2

Say = Callable[[str], None]


def launch_command(program: Program) -> list[str]:
    """Return the command that ties a program's life to that of this process and then runs it."""
    user = program.user if os.geteuid() == 0 else ""
    if user and program.binds_any_port:
        user += BINDS_ANY_PORT
    if user and program.reads_its_installation:
        user += READS_ITS_INSTALLATION
    folder = str(program.folder or "")
    tie = [str(os.getpid()), str(int(program.death_signal)), user, folder]
    return [sys.executable, "-I", "-S", str(_LAUNCH), *tie, *program.command]


class Process:
    """Starts a program. `ended` is called from another thread when it ends for any reason."""

    def __init__(
        self, program: Program, say: Say, ended: Callable[["Process"], None], *, lock: int | None = None
    ) -> None:
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._announced = False
        self._say = say
        # It gets its own session, so that Ctrl-C in a terminal reaches only the stack, which stops its
        # programs in order.
        self._popen = subprocess.Popen(  # noqa: S603 - the commands are Trackhelm's own
            launch_command(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | program.environment,
            pass_fds=() if lock is None else (lock,),
            start_new_session=True,
            text=True,
            errors="replace",
        )
        assert self._popen.stdin is not None
        with suppress(BrokenPipeError), self._popen.stdin as stdin:
            stdin.write(program.stdin)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, args=(ended,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    @property
    def fate(self) -> str:
        """How it ended, as text."""
        code = self._popen.wait()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    @property
    def succeeded(self) -> bool:
        """Whether it ended with exit code 0; waits for its end."""
        return self._popen.wait() == 0

    @property
    def is_ready(self) -> bool:
        """Whether it is ready to serve."""
        asked = self.program.is_ready
        return asked() if asked else self._announced

    def ask_to_stop(self) -> None:
        """Send it the signal that stops it."""
        if self.running:
            self._popen.send_signal(self.program.stop_signal)

    def wait_or_kill(self, seconds: float) -> bool:
        """Wait for its end; return False if it had to be killed."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            return False
        finally:
            # A child of the program that still runs would keep the pipe open; its output is not waited for.
            self._reader.join(_PIPE_SECONDS)
        return True

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as stdout:
            for line in stdout:
                words = line.rstrip("\n")
                self._announced |= words == self.program.ready_line
                self.last_lines.append(words)
                self._say(words)

    def _wait(self, ended: Callable[["Process"], None]) -> None:
        self._popen.wait()
        if self.program.has_workers:
            # The children are in the program's group, whose id is the program's, because it has a session of
            # its own.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._reader.join(_PIPE_SECONDS)
        ended(self)


# Many programs: their order, and what happens when one ends.

_READY_SECONDS: Final = 90
_MOST_RESTARTS: Final = 5
_RESTARTS_WITHIN_SECONDS: Final = 60


class StoppedError(Exception):
    """The stack was asked to stop."""


class ProgramFailedError(Exception):
    """A program ended, or did not become ready; the message says which and how."""


class Supervisor:
    """Holds every program of a stack. All methods except `request_stop` are for the main thread only."""

    def __init__(self, lock: int, record: Path, *, restart: bool) -> None:
        self._lock = lock
        self._record = record
        self._restart = restart
        self._started: list[list[Process]] = []
        self._ended: SimpleQueue[Process | None] = SimpleQueue()
        self._restarts: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MOST_RESTARTS))
        self._printing = threading.Lock()

    def request_stop(self) -> None:
        """Make the main thread raise `StoppedError` instead of waiting; a signal handler may call this."""
        self._ended.put(None)

    def start(self, *programs: Program) -> None:
        """Start programs at the same time, and return when all of them are ready."""
        group = [self._launch(program) for program in programs]
        self._started.append(group)
        self._write_record()
        deadline = time.monotonic() + _READY_SECONDS
        waiting = group
        while waiting := [process for process in waiting if not process.is_ready]:
            if time.monotonic() > deadline:
                names = ", ".join(process.program.name for process in waiting)
                raise ProgramFailedError(f"{names}: not ready within {_READY_SECONDS} s")
            self._check_ended(_POLL_SECONDS)

    def run(self, program: Program) -> None:
        """Run a program to its end; raises unless its exit code is 0."""
        process = self._launch(program)
        self._started.append([process])
        while (ended := self._ended.get()) is not process:
            self._judge(ended)
        self._started.pop()
        if not process.succeeded:
            raise ProgramFailedError(_obituary(process))

    def watch(self) -> None:
        """Wait until a stop is requested or a program ends, which is started again with `restart`."""
        while True:
            ended = self._ended.get()
            if ended is None or not self._restart:
                self._judge(ended)
            else:
                self._say("stack", _obituary(ended))
                self._start_again(ended)

    def stop(self) -> None:
        """Stop every program, the last group first; one that takes too long is killed."""
        while self._started:
            group = self._started.pop()
            for process in group:
                process.ask_to_stop()
            for process in group:
                if not process.wait_or_kill(process.program.stop_seconds):
                    name, seconds = process.program.name, process.program.stop_seconds
                    self._say("stack", f"{name} did not stop within {seconds:g} s and was killed")
        self._record.unlink(missing_ok=True)

    def _launch(self, program: Program) -> Process:
        return Process(program, partial(self._say, program.name), self._ended.put, lock=self._lock)

    def _check_ended(self, seconds: float) -> None:
        try:
            ended = self._ended.get(timeout=seconds)
        except Empty:
            return
        self._judge(ended)

    @staticmethod
    def _judge(ended: Process | None) -> NoReturn:
        if ended is None:
            raise StoppedError
        raise ProgramFailedError(_obituary(ended))

    def _start_again(self, ended: Process) -> None:
        name = ended.program.name
        moments = self._restarts[name]
        now = time.monotonic()
        if len(moments) == _MOST_RESTARTS and now - moments[0] < _RESTARTS_WITHIN_SECONDS:
            raise ProgramFailedError(
                f"{name} ended {_MOST_RESTARTS + 1} times within {_RESTARTS_WITHIN_SECONDS} s"
            )
        moments.append(now)
        self._say("stack", f"{name} is started again")
        (group,) = (group for group in self._started if ended in group)
        group[group.index(ended)] = self._launch(ended.program)
        self._write_record()

    def _write_record(self) -> None:
        """Write a file with the ids and names of all processes, for people and for tests of failures."""
        record = {
            process.program.name: {"pid": process.pid, "address": process.program.address}
            for group in self._started
            for process in group
        }
        draft = self._record.with_suffix(".draft")
        draft.write_text(json.dumps(record, indent=2) + "\n")
        draft.replace(self._record)

    def _say(self, name: str, line: str) -> None:
        # If standard output is closed, the output is still read, because the program's pipe must not fill up.
        with self._printing, suppress(OSError):
            os.write(sys.stderr.fileno(), f"{name:<8} | {line}\n".encode(errors="replace"))


def _obituary(process: Process) -> str:
    last = "\n".join(f"    {line}" for line in process.last_lines) or "    (nothing)"
    return f"{process.program.name} ended: {process.fate}. Its last lines:\n{last}"
