"""The first script of the README runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.server import ServerProcess

README = Path(__file__).parents[2] / "README.md"
HEADING = "## Sixty seconds"


def _first_python_block() -> str:
    _, found, rest = README.read_text().partition(f"\n{HEADING}\n")
    assert found, f"README.md has no heading {HEADING!r}"
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    block = re.search(r"^```python\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    assert block, f"no python block under {HEADING!r}"
    return block[1]


def test_the_sixty_second_script_runs_as_pasted(server: ServerProcess, tmp_path: Path) -> None:
    script = tmp_path / "sixty_seconds.py"
    script.write_text(_first_python_block())
    ended = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"MLFLOW_TRACKING_URI": server.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()
