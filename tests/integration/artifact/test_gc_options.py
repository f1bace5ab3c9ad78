"""Options of `trackhelm-server gc` that name nothing which it could delete."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fixtures.api import api_of
from trackhelm_cli.main import app
from trackhelm_core.settings import StorageSettings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--run-ids", "0" * 32], "is not in the bin"),
        (["--experiment-ids", "0"], "is not in the bin"),
        (["--experiment-ids", "x"], "x"),
        (["--logged-model-ids", "m-1"], "is not in the bin"),
        (["--older-than", "1y"], "is no age"),
        (["--older-than", ""], "is no age"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, options: list[str], message: str) -> None:
    with api_of(StorageSettings(data=tmp_path)):
        result = CliRunner().invoke(app, ["gc", "--data", str(tmp_path), *options])
    assert result.exit_code == 2
    assert message in result.stderr
