"""`trackhelm-server doctor` says how the server would read metrics."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trackhelm_cli.main import app
from trackhelm_ingest.metrics import reading


def test_the_way_metrics_are_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for is_compiled, told in ((True, "compiled"), (False, "in Python, at a quarter of the speed")):
        monkeypatch.setattr(reading, "IS_COMPILED", is_compiled)
        doctor = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path / "data")])
        assert doctor.exit_code == 0, doctor.output
        assert f"ok     reading of metrics: {told}" in doctor.output
