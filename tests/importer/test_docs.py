"""The commands of docs/migrating.md, run as they stand there."""

import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.importer.conftest import ROOT
from tests.importer.making import make_source

COMMAND = re.compile(r"^\$ trackhelm-server (.*)$", re.MULTILINE)


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    make_source(tmp_path / "mlflow.db", runs=2, metrics=1, points=3)
    with closing(sqlite3.connect(tmp_path / "basic_auth.db")) as connection:
        connection.execute(
            "CREATE TABLE users (id INTEGER, username TEXT, password_hash TEXT, is_admin BOOLEAN)"
        )
    commands = COMMAND.findall((ROOT / "docs" / "migrating.md").read_text(encoding="utf-8"))
    assert len(commands) == 6
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "trackhelm_cli", *shlex.split(command)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT / "services"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout + done.stderr)
    assert (tmp_path / "out.db").exists()
    assert '"is_equal": true' in (tmp_path / "report.json").read_text(encoding="utf-8")
