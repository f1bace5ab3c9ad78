"""The Python examples of docs/governance.md, run as they stand against a live server."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.live import serving
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

DOCS = Path(__file__).parents[3] / "docs"


def test_the_examples_do_what_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "governance.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    with serving(embedded_app(StorageSettings(data=tmp_path))) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        for example in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            exec(compile(example, "docs/governance.md", "exec"), names)
    protections, code, refused, decided, rolled_back, move = capsys.readouterr().out.splitlines()
    assert protections == "{'name': 'iris', 'protections': [{'kind': 'alias', 'target': 'champion'}]}"
    assert code == "PERMISSION_DENIED"
    assert "Protected in registered model 'iris': alias 'champion'" in refused
    assert "approval request 1 " in refused
    assert decided == ("approved {'action': 'set_alias', 'alias': 'champion', 'version': '2'} ada bob")
    assert "approval request 2 " in rolled_back
    assert "'to_version': '1'" in move
