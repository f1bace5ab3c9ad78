"""Runs every suite of tests, even after failures, and prints which of them passed.

    python scripts/run_suites.py MAKE TARGET… [--two-at-once TARGET…]

The targets before the option run one after the other and use the whole machine. Those after it are mostly one
process each, so two of them run at a time, in the order given; what one of them printed is printed whole when
it ends. This program must not know what a suite does: each is a target of the Makefile.
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

_TWO_AT_ONCE: Final = "--two-at-once"

_printing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a suite."""

    suite: str
    code: int
    seconds: float

    @property
    def words(self) -> str:
        """The result as text."""
        return "passed" if self.code == 0 else f"FAILED (exit code {self.code})"


def run(make: str, suite: str, output: IO[bytes] | None = None) -> Outcome:
    """Run one suite, which prints to a file or to this program's output."""
    began = time.monotonic()
    errors = None if output is None else subprocess.STDOUT
    command = [make, "--no-print-directory", suite]
    ended = subprocess.run(command, stdout=output, stderr=errors, check=False)  # noqa: S603 - ours
    return Outcome(suite, ended.returncode, time.monotonic() - began)


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
    """Return a line for each suite, and a last one for all of them, which took so many seconds together."""
    width = max(len(outcome.suite) for outcome in outcomes)
    lines = [f"{outcome.suite:<{width}}  {outcome.seconds:7.1f} s  {outcome.words}" for outcome in outcomes]
    failed = sum(outcome.code != 0 for outcome in outcomes)
    verdict = f"{failed} of {len(outcomes)} suites failed" if failed else "every suite passed"
    return "\n".join([*lines, f"{'total':<{width}}  {seconds:7.1f} s  {verdict}"])


def main(make: str, *targets: str) -> int:
    """Run the suites and return the exit code."""
    began = time.monotonic()
    split = targets.index(_TWO_AT_ONCE) if _TWO_AT_ONCE in targets else len(targets)
    outcomes = [run_alone(make, suite) for suite in targets[:split]]
    with ThreadPoolExecutor(2) as lanes:
        outcomes += lanes.map(partial(run_beside, make), targets[split + 1 :])
    print(f"\n===== suites =====\n{table(outcomes, time.monotonic() - began)}", flush=True)
    return 1 if any(outcome.code for outcome in outcomes) else os.EX_OK


def _say(line: str) -> None:
    with _printing:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
