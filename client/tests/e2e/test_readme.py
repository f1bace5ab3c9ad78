"""The script of the client's README runs as it stands: with a server, and without a tracking URI."""

import ast
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from client.tests.e2e.conftest import run_python

README = Path(__file__).parents[2] / "README.md"


def script(folder: Path) -> Path:
    block = re.search(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block, "the README has no script"
    path = folder / "quick_start.py"
    path.write_text(block[1], encoding="utf-8")
    return path


def test_with_a_server(tracking: str, tmp_path: Path) -> None:
    told = {"MLFLOW_TRACKING_URI": tracking, "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool")}
    printed = run_python(sys.executable, script(tmp_path), cwd=tmp_path, variables=told).stdout.splitlines()
    assert printed[0] == "It converges."
    # The server promises no order of params: it is another one before and after a run's snapshot is made.
    name, status, loss, params = printed[1].split(" ", 3)
    assert (name, status, loss) == ("first", "FINISHED", "0.01")
    assert ast.literal_eval(params) == {"layers": "[64, 32]", "rate": "0.1"}


def test_without_a_tracking_uri(tmp_path: Path, ended_servers: None) -> None:
    server = shutil.which(shlex.split(os.environ.get("SERVER_UNDER_TEST", "trackhelm-server"))[0])
    assert server is not None
    told = {"PATH": f"{Path(server).parent}:/usr/bin:/bin"}
    printed = run_python(sys.executable, script(tmp_path), cwd=tmp_path, variables=told).stdout.splitlines()
    assert printed[0] == "It converges."
    assert printed[1].startswith("first FINISHED 0.01")
    assert (tmp_path / "trackhelm-data" / "trackhelm.db").exists()


@pytest.mark.parametrize(
    "line", re.findall(r"^trackhelm (\S+(?: [a-z]+)?)", README.read_text(), re.MULTILINE)
)
def test_its_commands_are_there(line: str, tmp_path: Path) -> None:
    words = [word for word in line.split() if not word.startswith("-")]
    printed = run_python(sys.executable, "-m", "trackhelm", *words, "--help", cwd=tmp_path).stdout
    assert "Usage: trackhelm" in printed
