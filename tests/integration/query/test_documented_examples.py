"""The Python examples of docs/{labels,charts,tables}.md, run as they stand against a live server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.live import serving
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENTED = "http://127.0.0.1:5000"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(embedded_app(StorageSettings(data=tmp_path_factory.mktemp("docs")))) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("page", "printed"),
    [
        (
            "labels.md",
            [
                "{'rank': '0'} 0.01",
                "{'rank': '1'} 0.009900990099009901",
                "{'rank': '2'} 0.00980392156862745",
                "{'rank': '3'} 0.009708737864077669",
            ],
        ),
        (
            "charts.md",
            [
                "79 buckets of 64 steps stand for 5000 points",
                "the first spike is at step 500",
                "exact: True [-0.9617129034267934, 50.0, -0.9560397542711181]",
            ],
        ),
        (
            "tables.md",
            [
                "run_name ['mlp 0.5', 'gbm 0.25']",
                "metrics.loss [0.5, 0.25]",
                "runs: 2",
                "gbm 2 0.5",
                "mlp 1 0.5",
                "[{'key': 'loss', 'runs': 3}]",
                "[{'value': 'gbm', 'runs': 2}, {'value': 'mlp', 'runs': 1}]",
            ],
        ),
    ],
)
def test_an_example_does_what_it_says(
    url: str, page: str, printed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    for example in examples:
        exec(example.replace(DOCUMENTED, url), names)
    assert capsys.readouterr().out.splitlines() == printed
