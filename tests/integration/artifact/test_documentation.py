"""The examples of docs/artifacts.md work as they stand, but for where the store is."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fixtures.s3 import S3Server
from tests.integration.artifact.conftest import LiveServer
from trackhelm_artifact.objects.opening import open_store
from trackhelm_cli.main import app
from trackhelm_core.settings import ObjectSettings

PAGE = Path(__file__).parents[3] / "docs" / "artifacts.md"


def test_the_example_reaches_a_store(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(s3_server.secret_key)
    example = dict(
        re.findall(r"^export (TRACKHELM_\w+)=(.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert len(example) == 5
    places = {"TRACKHELM_S3_ENDPOINT": s3_server.endpoint, "TRACKHELM_S3_SECRET_KEY_FILE": str(secret)}
    for name, value in (example | places).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRACKHELM_S3_ACCESS_KEY", s3_server.access_key)
    monkeypatch.setenv("TRACKHELM_DATA", str(tmp_path / "data"))
    doctor = CliRunner().invoke(app, ["doctor"])
    assert doctor.exit_code == 1
    assert "wrong  artifacts: s3://trackhelm-example/artifacts cannot be listed" in doctor.output

    # What a start of the server does.
    open_store(example["TRACKHELM_ARTIFACTS_URL"], ObjectSettings())
    doctor = CliRunner().invoke(app, ["doctor"])
    assert doctor.exit_code == 0, doctor.output
    assert "ok     artifacts: s3://trackhelm-example/artifacts answers" in doctor.output
    assert s3_server.secret_key not in doctor.output


def test_the_example_of_an_archive_does_what_it_says(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{live.port}")
    (example,) = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    exec(compile(example, str(PAGE), "exec"), {})
    assert capsys.readouterr().out == "['plots/loss.svg', 'plots/roc.svg']\n"
