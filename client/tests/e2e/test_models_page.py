"""The examples of docs/models.md run as they stand."""

import re
import sys
from pathlib import Path

import pytest

from client.tests.e2e.conftest import run_python

pytest.importorskip("sklearn")
pytest.importorskip("skops")

PAGE = Path(__file__).parents[3] / "docs" / "models.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
PRINTED = ["[0 0]\nsepal length (cm)\n", "10.0\n"]


@pytest.mark.parametrize("number", range(len(PRINTED)))
def test_an_example(number: int, tracking: str, tmp_path: Path) -> None:
    assert len(EXAMPLES) == len(PRINTED)
    script = tmp_path / "example.py"
    script.write_text(EXAMPLES[number])
    told = {"MLFLOW_TRACKING_URI": tracking, "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool")}
    assert run_python(sys.executable, script, cwd=tmp_path, variables=told).stdout == PRINTED[number]
