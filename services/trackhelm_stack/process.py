"""A running program, whose output is printed line by line with its name."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from trackhelm_stack.launch import BINDS_ANY_PORT, PASSES_ANY_FOLDER
from trackhelm_stack.program import Program

_KEPT_LINES: Final = 20
_LAUNCH: Final = Path(__file__).with_name("launch.py")
_PIPE_SECONDS: Final = 2

Say = Callable[[str], None]


def launch_command(program: Program) -> list[str]:
    """Return the command that ties a program's life to that of this process and then runs it."""
    user = program.user if os.geteuid() == 0 else ""
    if user and program.binds_any_port:
        user += BINDS_ANY_PORT
    if user and program.passes_any_folder:
        user += PASSES_ANY_FOLDER
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
