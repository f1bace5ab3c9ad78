"""What a signature is, what it makes of data, and how examples are written: as with the stock client."""

import re
import sys
from pathlib import Path

import pytest

from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock, run_python
from client.tests.e2e.test_same_scripts import SCRIPTS, ours

pytest.importorskip("sklearn")


@pytest.fixture
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], list[str]]:
    """Run the script of the test by both clients, and return what they print: the stock client first."""
    script = SCRIPTS / request.param
    changed = tmp_path / "ours"
    changed.mkdir()
    printed = (
        run_python(STOCK_PYTHON, script, cwd=tmp_path),
        run_python(sys.executable, ours(script, changed), cwd=tmp_path),
    )
    stock, own = (ended.stdout.splitlines() for ended in printed)
    return stock, own


@needs_stock
@pytest.mark.parametrize("lines", ["signatures.py"], indirect=True)
def test_signatures(lines: tuple[list[str], list[str]]) -> None:
    stock, own = lines
    assert len(stock) > 130
    assert sum(bool(re.search(r"Exception|Error", line)) for line in stock) > 30
    assert own == stock
