"""Every name and parameter of MLflow 3.17 is there, or in docs/client.md with the reason why not."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock, run_python

PAGE = Path(__file__).parents[3] / "docs" / "client.md"

# For each public name of a module and of its client: the parameters, or None for what is no function.
LIST_NAMES = """
import importlib, inspect, json, sys, warnings
warnings.simplefilter("ignore")
module = importlib.import_module(sys.argv[1])

def parameters(value):
    if inspect.isfunction(value):
        found = inspect.signature(value).parameters
        return [name for name in found if name not in ("self", "args", "kwargs")]

def names(owner):
    return {name: parameters(getattr(owner, name, None)) for name in dir(owner) if not name.startswith("_")}

print(json.dumps([names(module), names(module.MlflowClient)]))
"""


def names(python: str, module: str, folder: Path) -> list[dict[str, Any]]:
    printed = run_python(python, "-c", LIST_NAMES, module, cwd=folder).stdout
    found: list[dict[str, Any]] = json.loads(printed.splitlines()[-1])
    return found


def table(heading: str) -> list[str]:
    """The cells of the second column of the table below a line of the page."""
    text = PAGE.read_text(encoding="utf-8").partition(heading)[2]
    rows = re.findall(r"^\| (.+) \| (`.+`) \|$", text, re.MULTILINE)
    return [cells for _, cells in rows]


@needs_stock
def test_every_missing_name_has_a_reason(tmp_path: Path) -> None:
    stock, own = names(STOCK_PYTHON, "mlflow", tmp_path), names(sys.executable, "trackhelm", tmp_path)
    missing = {name for theirs, ours in zip(stock, own, strict=True) for name in set(theirs) - set(ours)}
    part = PAGE.read_text(encoding="utf-8").partition("Parameters that are not taken")[0]
    listed = re.findall(
        r"`(\w+)`",
        "".join(re.findall(r"^\| .+ \| (`.+`) \|$", part.partition("## What is not there")[2], re.MULTILINE)),
    )
    assert sorted(set(listed)) == sorted(listed), "a name is listed twice"
    assert missing == set(listed)


@needs_stock
def test_every_parameter_is_there(tmp_path: Path) -> None:
    stock, own = names(STOCK_PYTHON, "mlflow", tmp_path), names(sys.executable, "trackhelm", tmp_path)
    lacking: dict[str, set[str]] = {}
    for theirs, ours in zip(stock, own, strict=True):
        for name in set(theirs) & set(ours):
            if theirs[name] is None or ours[name] is None:
                continue
            gone = [parameter for parameter in theirs[name] if parameter not in ours[name]]
            if gone:
                lacking.setdefault(name, set()).update(gone)
            kept = [parameter for parameter in theirs[name] if parameter in ours[name]]
            # In the same order, so that they may be given by their place.
            assert ours[name][: len(kept)] == kept, name
    rows = table("Parameters that are not taken")
    allowed: dict[str, set[str]] = {}
    for entry in re.findall(r"`(\w+: [\w, ]+)`", " ".join(rows)):
        function, _, parameters = entry.partition(": ")
        allowed.setdefault(function, set()).update(parameters.split(", "))
    assert lacking == allowed


@pytest.mark.parametrize("name", trackhelm.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(trackhelm, name) is not None
    assert name in dir(trackhelm)


def test_public_names_are_what_type_checkers_see() -> None:
    text = Path(trackhelm.__file__).read_text(encoding="utf-8")
    typed = text.partition("if TYPE_CHECKING:")[2].partition("__version__")[0]
    homes = {name for names_of in trackhelm._HOMES.values() for name in [names_of]}
    assert homes == set(re.findall(r"from (trackhelm[\w.]*) import", typed)) - {"trackhelm"}
    for name in trackhelm._HOMES:
        assert re.search(rf"\b{name}\b", typed), name
    assert set(trackhelm.__all__) == {"__version__", *trackhelm._HOMES, *trackhelm._MODULES}
