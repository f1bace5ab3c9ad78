"""The Python examples of docs/governance.md and docs/lineage.md, run as they stand against a live server."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.live import serving
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

DOCS = Path(__file__).parents[3] / "docs"


Printed = Callable[[str], list[str]]


@pytest.fixture
def printed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Printed:
    """Return what runs the examples of a page against a server and returns the lines they print."""

    def run(page: str) -> list[str]:
        text = (DOCS / page).read_text(encoding="utf-8")
        names: dict[str, Any] = {}
        with serving(
            embedded_app(StorageSettings(data=tmp_path), auth=AuthSettings(unchecked_approvals=True))
        ) as port:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
            for example in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
                exec(compile(example, page, "exec"), names)
        return capsys.readouterr().out.splitlines()

    return run


def test_a_graph_of_lineage_is_as_documented(printed: Printed) -> None:
    assert printed("lineage.md") == [
        "commit:https:%2F%2Fgit.example%2Firis.git/4b825dc code_of run",
        "dataset:flowers/d41d8cd9 read_by run",
        "run logged logged_model",
        "run registered_as model_version:iris/1",
        "logged_model registered_as model_version:iris/1",
        "model_version:iris/1 named alias:iris/champion",
        "['alias:iris/champion', 'model_version:iris/1']",
    ]


def test_approvals_and_rollbacks_are_as_documented(printed: Printed) -> None:
    protections, code, refused, decided, rolled_back, move = printed("governance.md")
    assert protections == "{'name': 'iris', 'protections': [{'kind': 'alias', 'target': 'champion'}]}"
    assert code == "PERMISSION_DENIED"
    assert "Protected in registered model 'iris': alias 'champion'" in refused
    assert "approval request 1 " in refused
    assert decided == ("approved {'action': 'set_alias', 'alias': 'champion', 'version': '2'} ada bob")
    assert "approval request 2 " in rolled_back
    assert "'to_version': '1'" in move
