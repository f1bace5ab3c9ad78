"""Runs every suite of tests, even after failures, and prints which of them passed.

    python scripts/run_suites.py MAKE TARGET…

It must not know what a suite does: each is a target of the Makefile.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass


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


def run(make: str, suite: str) -> Outcome:
    """Run one suite, which prints to this program's output."""
    print(f"\n===== {suite} =====", flush=True)
    began = time.monotonic()
    code = subprocess.run([make, "--no-print-directory", suite], check=False).returncode  # noqa: S603 - ours
    return Outcome(suite, code, time.monotonic() - began)


def table(outcomes: list[Outcome]) -> str:
    """Return a line for each suite, and a last one for all of them."""
    width = max(len(outcome.suite) for outcome in outcomes)
    lines = [f"{outcome.suite:<{width}}  {outcome.seconds:7.1f} s  {outcome.words}" for outcome in outcomes]
    failed = sum(outcome.code != 0 for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    verdict = f"{failed} of {len(outcomes)} suites failed" if failed else "every suite passed"
    return "\n".join([*lines, f"{'total':<{width}}  {seconds:7.1f} s  {verdict}"])


def main(make: str, *suites: str) -> int:
    """Run the suites and return the exit code."""
    outcomes = [run(make, suite) for suite in suites]
    print(f"\n===== suites =====\n{table(outcomes)}", flush=True)
    return 1 if any(outcome.code for outcome in outcomes) else os.EX_OK


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
