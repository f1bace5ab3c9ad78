"""How the program ends: with its own status, and without tearing Python down once obstore was used."""

import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[3] / "services"

PROGRAM = """
import atexit
import sys
from trackhelm_cli import main

class Remnant:
    def __del__(self):
        print("torn down")

remnant = Remnant()
{before}
commands = main.app

def called(prog_name):
    atexit.register(print, "what was registered")
    {command}

main.app = called
main.program()
"""


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('a sentence')", 1),
        ("raise ValueError", 1),
        ("commands(['no-such-command'], prog_name=prog_name)", 2),
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_the_status_is_kept_and_python_is_torn_down_unless_obstore_was_used(
    command: str, status: int, *, used: bool
) -> None:
    program = PROGRAM.format(command=command, before="import obstore" if used else "")
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=SERVICES,
        timeout=180,
    )
    assert ended.returncode == status, ended.stderr
    assert ended.stdout.splitlines() == ["what was registered", *(["torn down"] if not used else [])]
    assert ("a sentence" in ended.stderr) == ("a sentence" in command)
    assert ("ValueError" in ended.stderr) == ("ValueError" in command)
