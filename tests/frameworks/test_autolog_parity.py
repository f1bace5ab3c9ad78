"""Frameworks that log themselves leave the same behind with the stock client and with ours."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trackhelm

from client.tests.e2e.autolog_parity import compared
from tests.e2e.server import ServerProcess


@pytest.fixture
def own(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our own client, at the server."""
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "own-spool"))
    trackhelm.set_tracking_uri(server.url)
    yield
    trackhelm.set_tracking_uri("")


@pytest.mark.parametrize(
    ("framework", "variables"),
    [
        *((name, {}) for name in ("sklearn", "xgboost", "lightgbm", "keras", "tensorflow")),
        *(("lightning", {"LIGHTNING_PACKAGE": name}) for name in ("pytorch_lightning", "lightning.pytorch")),
    ],
    ids=lambda value: value if isinstance(value, str) else "".join(value.values()),
)
def test_the_same_is_logged(
    framework: str, variables: dict[str, str], own: None, server: ServerProcess, tmp_path: Path
) -> None:
    pythons = sys.executable, sys.executable
    client = trackhelm.MlflowClient()
    found = compared(f"{framework}_training.py", client, server.url, tmp_path, pythons, variables)
    assert found.differences == {}
    assert found.unused == set()
    assert found.runs > 2
