"""The program behind `make test`: every suite runs, what one prints is whole, and a table says the end."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "scripts" / "run_suites.py"

# It stands for make: `--no-print-directory TARGET`. Two suites that are to run at once wait for each other.
MAKE = """#!/bin/sh
mkfifo "$2.pipe" 2>/dev/null
case $2 in
  left) echo left-1; echo x > right.pipe; read -r met < left.pipe; echo left-2 ;;
  right) echo right-1; read -r met < right.pipe; echo x > left.pipe; echo right-2 >&2 ;;
  fails) echo fails-1; exit 3 ;;
  *) echo "$2-1" ;;
esac
"""


@pytest.fixture
def make(tmp_path: Path) -> Path:
    program = tmp_path / "make"
    program.write_text(MAKE)
    program.chmod(0o755)
    return program


def suites(make: Path, *targets: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(PROGRAM), str(make), *targets]
    return subprocess.run(
        command, cwd=make.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def test_suites_run_two_at_a_time_and_what_each_printed_is_whole(make: Path) -> None:
    ended = suites(make, "alone", "--at-once", "2", "left", "right", "last")
    assert ended.returncode == 0
    assert "\n===== left =====\nleft-1\nleft-2\n" in ended.stdout
    assert "\n===== right =====\nright-1\nright-2\n" in ended.stdout
    lines = [line.split() for line in ended.stdout.partition("===== suites =====\n")[2].splitlines()]
    assert [(line[0], line[-1]) for line in lines] == [
        *((name, "passed") for name in ("alone", "left", "right", "last")),
        ("total", "passed"),
    ]


@pytest.mark.parametrize("targets", [("fails", "after"), ("--at-once", "2", "fails", "after", "last")])
def test_a_suite_that_fails_keeps_no_other_from_running(make: Path, targets: tuple[str, ...]) -> None:
    ended = suites(make, *targets)
    assert ended.returncode == 1
    assert "after-1\n" in ended.stdout
    assert "===== fails =====\nfails-1\n" in ended.stdout
    assert "FAILED (exit code 3)" in ended.stdout
    assert f"1 of {len(set(targets) - {'--at-once', '2'})} suites failed" in ended.stdout
