"""The examples of docs/protocol.md and docs/client-log.md, run against a live server."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fixtures.live import serving
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

ROOT = Path(__file__).parents[3]
NAMED = "http://127.0.0.1:5000"

LOGGED_OFFLINE = """
from pathlib import Path
from trackhelm.log import open_log
log = open_log(None, Path("trackhelm-data/log"))
log.create_run("0123456789abcdef0123456789abcdef", start_time_ms=1, experiment_id="0")
log.metrics("0123456789abcdef0123456789abcdef", {"loss": 0.5}, 0, 1)
log.close()
"""


def example(page: str, port: int) -> str:
    """The Python of a page, with the address of a server that runs."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    examples: list[str] = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    [found] = examples
    assert NAMED in found
    return found.replace(NAMED, f"http://127.0.0.1:{port}")


def run(script: str, folder: Path) -> str:
    """What a script prints, with the client's source on its path."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client" / "src")}
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_example_of_the_protocol_is_stored(tmp_path: Path) -> None:
    with serving(embedded_app(StorageSettings(data=tmp_path))) as port:
        assert run(example("protocol.md", port), tmp_path) == "{'acknowledged': 1}\n"


def test_the_example_of_the_clients_log_sends_what_was_offline(tmp_path: Path) -> None:
    run(LOGGED_OFFLINE, tmp_path)
    with serving(embedded_app(StorageSettings(data=tmp_path / "server"))) as port:
        printed = run(example("client-log.md", port), tmp_path)
        assert re.fullmatch(
            r"Progress\(folder=.*offline.*sent_bytes=\d+, waiting_bytes=0, rejected=0, error=None\)\n",
            printed,
        )
