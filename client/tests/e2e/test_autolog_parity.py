"""Scripts that log themselves leave the same behind with the stock client and with ours, on the same server.

The scripts of frameworks that are too large for this environment are run by `make test-frameworks`, which
calls `compared` as well.
"""

import sys
from pathlib import Path

import pytest

import trackhelm
from client.tests.e2e.autolog_parity import compared
from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock


@needs_stock
@pytest.mark.parametrize("script", ["sklearn"])
def test_the_same_is_logged(
    script: str, client: trackhelm.MlflowClient, tracking: str, tmp_path: Path
) -> None:
    found = compared(f"{script}_training.py", client, tracking, tmp_path, (STOCK_PYTHON, sys.executable))
    assert found.differences == {}
    assert found.unused == set()
    assert found.runs > 3
