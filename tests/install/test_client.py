"""The client's wheel, alone in an empty environment: small, without dependencies, and able to log offline."""

import sys
import venv
from pathlib import Path

import pytest

from tests.install.conftest import ROOT, run

pytestmark = pytest.mark.timeout(900)

MEGABYTES = 10

LOG = """
import sys, trackhelm as mlflow
with mlflow.start_run() as run:
    mlflow.log_metrics({"loss": 0.5}, step=1)
    mlflow.log_text("a note", "note.txt")
assert run.stats()["logged_bytes"] > 0
assert not [name for name in sys.modules if name.startswith("trackhelm_")]
"""


@pytest.fixture(scope="module")
def python(client_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    # Without an index: it needs nothing else.
    run(*pip, "install", "--quiet", "--no-index", client_wheel, cwd=folder)
    return python


def test_it_needs_nothing_and_takes_little(python: Path, tmp_path: Path) -> None:
    (site,) = python.parents[1].glob("lib/*/site-packages")
    assert {path.name.partition("-")[0] for path in site.iterdir()} == {"trackhelm"}
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < MEGABYTES * 1_000_000


def test_it_is_typed_and_licensed(python: Path) -> None:
    (site,) = python.parents[1].glob("lib/*/site-packages")
    assert (site / "trackhelm" / "py.typed").exists()
    (described,) = site.glob("trackhelm-*.dist-info")
    assert "License-Expression: Apache-2.0" in (described / "METADATA").read_text(encoding="utf-8")
    assert (described / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_it_logs(python: Path, tmp_path: Path) -> None:
    run(python, "-I", "-c", LOG, cwd=tmp_path, PATH="/usr/bin:/bin")
    assert list((tmp_path / "trackhelm-data").rglob("*.seg"))
    assert list((tmp_path / "trackhelm-data").rglob("note.txt"))


def test_the_command_says_what_it_needs(python: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"pip install 'trackhelm\[cli\]'"):
        run(python.with_name("trackhelm"), cwd=tmp_path)
