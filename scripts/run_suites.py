"""Runs every suite of tests, even after failures, and prints which of them passed.

    python scripts/run_suites.py MAKE TARGET… [--at-once NUMBER TARGET…]

The targets before the option run one after the other and use the whole machine. Of those after it so many run
at a time, in the order given, because each waits for servers half of its time; what one of them printed is
printed whole when it ends. This program must not know what a suite does: each is a target of the Makefile.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import IO, Final

_AT_ONCE: Final = "--at-once"

_printing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a suite."""

    suite: str
    code: int
    seconds: float
    processor_seconds: float

    @property
    def words(self) -> str:
        """The result as text."""
        return "passed" if self.code == 0 else f"FAILED (exit code {self.code})"


def run(make: str, suite: str, output: IO[bytes] | None = None) -> Outcome:
    """Run one suite, which prints to a file or to this program's output."""
    began = time.monotonic()
    errors = None if output is None else subprocess.STDOUT
    command = [make, "--no-print-directory", suite]
    with subprocess.Popen(command, stdout=output, stderr=errors) as process:  # noqa: S603 - ours
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    used = usage.ru_utime + usage.ru_stime
    return Outcome(suite, process.returncode, time.monotonic() - began, used)


def run_alone(make: str, suite: str) -> Outcome:
    """Run one suite, whose output is seen as it is printed."""
    _say(f"\n===== {suite} =====")
    return run(make, suite)


def run_beside(make: str, suite: str) -> Outcome:
    """Run one suite while another may run, and print its output when it ends."""
    _say(f"\n===== {suite} begins =====")
    with tempfile.TemporaryFile() as output:
        outcome = run(make, suite, output)
        output.seek(0)
        with _printing:
            print(f"\n===== {suite} =====", flush=True)
            shutil.copyfileobj(output, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return outcome


def table(outcomes: list[Outcome], seconds: float) -> str:
    """Return a line for each suite, and a last one for all of them, which took so many seconds together.

    The second column is the processors' time.
    """
    failed = sum(outcome.code != 0 for outcome in outcomes)
    verdict = f"{failed} of {len(outcomes)} suites failed" if failed else "every suite passed"
    used = sum(outcome.processor_seconds for outcome in outcomes)
    rows = [
        *((each.suite, each.seconds, each.processor_seconds, each.words) for each in outcomes),
        ("total", seconds, used, verdict),
    ]
    width = max(len(name) for name, *_ in rows)
    return "\n".join(
        f"{name:<{width}}  {wall:7.1f} s  {work:7.1f} s  {words}" for name, wall, work, words in rows
    )


def main(make: str, *targets: str) -> int:
    """Run the suites and return the exit code."""
    began = time.monotonic()
    split = targets.index(_AT_ONCE) if _AT_ONCE in targets else len(targets)
    outcomes = [run_alone(make, suite) for suite in targets[:split]]
    if split < len(targets):
        with ThreadPoolExecutor(int(targets[split + 1])) as lanes:
            outcomes += lanes.map(partial(run_beside, make), targets[split + 2 :])
    print(f"\n===== suites =====\n{table(outcomes, time.monotonic() - began)}", flush=True)
    return 1 if any(outcome.code for outcome in outcomes) else os.EX_OK


def _say(line: str) -> None:
    with _printing:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
