"""The examples of docs/autolog.md run as they stand."""

import re
import sys
from pathlib import Path

import pytest

from client.tests.e2e.conftest import run_python

PAGE = Path(__file__).parents[3] / "docs" / "autolog.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
# What the others print. Those that begin with the name of a framework are run by `make test-frameworks`.
PRINTED = [
    "1.0 0.97\n3 child runs",
    "['LogisticRegression_score_X_test', 'accuracy_score_X_test']",
]


@pytest.mark.parametrize(
    ("script", "printed"),
    list(zip([one for one in BLOCKS if not one.startswith("# ")], PRINTED, strict=True)),
)
def test_an_example(script: str, printed: str, tracking: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(script, encoding="utf-8")
    ended = run_python(
        sys.executable,
        "example.py",
        cwd=tmp_path,
        variables={
            "MLFLOW_TRACKING_URI": tracking,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
            "MLFLOW_AUTOLOGGING_TESTING": "true",
        },
    )
    assert ended.stdout.strip() == printed
