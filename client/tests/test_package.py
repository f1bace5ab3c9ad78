"""What the distribution promises: no dependency, a quick import, and no server."""

import ast
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "trackhelm"
SERVER = Path(__file__).parents[2] / "services"

NEW_MODULES = """
import json, sys
before = set(sys.modules)
import {0}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def imported_by(path: Path) -> set[str]:
    """The first names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_no_module_of_the_server_can_be_imported_here() -> None:
    found = [module.name for module in pkgutil.iter_modules() if module.name.startswith("trackhelm_")]
    assert found == []
    for package in sorted(path.parent.name for path in SERVER.glob("trackhelm_*/__init__.py")):
        assert importlib.util.find_spec(package) is None


def test_no_file_of_the_client_imports_the_server() -> None:
    for path in SOURCE.rglob("*.py"):
        assert not [name for name in imported_by(path) if name.startswith("trackhelm_")], path


@pytest.mark.parametrize("module", ["trackhelm"])
def test_logging_imports_the_standard_library_alone(module: str) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", NEW_MODULES.format(module)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    firsts = {name.partition(".")[0] for name in json.loads(printed)}
    assert firsts - sys.stdlib_module_names == {"trackhelm"}
