"""The commands of docs/integrity.md print what the page says, one after the other, on both databases."""

import os
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fixtures.api import api_of
from trackhelm_cli.main import app
from trackhelm_core.settings import StorageSettings

PAGE = Path(__file__).parents[3] / "docs" / "integrity.md"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
DOCUMENTED_RUN = "2f4c1b0a9e8d4c7b8a6f5e4d3c2b1a09"


def transcript() -> list[tuple[str, list[str]]]:
    """Return each command that the page shows at a prompt, and the lines that it prints."""
    shown: list[tuple[str, list[str]]] = []
    for block in re.findall(
        r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        for line in block.splitlines():
            if line.startswith("$ trackhelm-server "):
                shown.append((line.removeprefix("$ trackhelm-server "), []))
            else:
                shown[-1][1].append(line)
    return shown


def rot(file: Path) -> None:
    """Change a byte as a disk does that fails: the file's time is not told of it."""
    facts = file.stat()
    with file.open("r+b") as content:
        content.write(b"W")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_the_commands_print_what_the_page_says(
    tmp_path: Path, own_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = StorageSettings(data=tmp_path, database_url=own_database_url)
    monkeypatch.setenv("TRACKHELM_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKHELM_DATABASE_URL", own_database_url)
    with api_of(storage) as api:
        # Somebody stays: for a database that knows nobody nothing is deleted.
        api.new_run("0")
        run_id = api.new_run("0")
        for name, content in (("model.pkl", b"weights"), ("plot.png", b"pixels")):
            assert api.client.put(f"{FILES}/0/{run_id}/artifacts/{name}", content=content).is_success
        folder = storage.artifact_folder / "0" / run_id / "artifacts"
        rot(folder / "model.pkl")
        (folder / "plot.png").unlink()
        (storage.artifact_folder / "copied.csv").write_bytes(b"a,b\n1,2\n")
        api.post("runs/delete", run_id=run_id)
        for command, printed in transcript():
            result = CliRunner().invoke(app, shlex.split(command))
            assert result.output.replace(run_id, DOCUMENTED_RUN).splitlines() == printed, command
