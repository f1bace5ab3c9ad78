"""What the distribution promises: no dependency, a quick import, and no server."""

import ast
import importlib.util
import json
import os
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
{0}
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


def new_modules(statements: str, folder: Path) -> set[str]:
    """The modules that statements import, where nothing tells of a server."""
    printed = subprocess.run(
        [sys.executable, "-c", NEW_MODULES.format(statements)],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
    ).stdout
    return set(json.loads(printed.splitlines()[-1]))


def test_the_import_loads_nothing_that_is_not_used_yet(tmp_path: Path) -> None:
    assert {name for name in new_modules("import trackhelm", tmp_path) if "trackhelm" in name} == {
        "trackhelm"
    }


LOG_EVERYTHING = """
import trackhelm
with trackhelm.start_run(log_system_metrics=True):
    trackhelm.log_params(dict(depth=3))
    trackhelm.log_metrics(dict(loss=1), step=1)
    trackhelm.set_tag("a", "b")
    trackhelm.log_text("text", "a.txt")
"""


def test_logging_imports_the_standard_library_alone(tmp_path: Path) -> None:
    firsts = {name.partition(".")[0] for name in new_modules(LOG_EVERYTHING, tmp_path)}
    # A hook of environments that setuptools installs, of the tests' Python.
    assert firsts - sys.stdlib_module_names - {"_distutils_hack"} == {"trackhelm"}


FLAVOURS = "import " + ", ".join(
    f"trackhelm.{name}"
    for name in ("keras", "lightgbm", "models", "pyfunc", "pytorch", "sklearn", "tensorflow", "xgboost")
)


def test_flavours_import_no_framework(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    firsts = {name.partition(".")[0] for name in new_modules(FLAVOURS, tmp_path)}
    allowed = {"trackhelm", "numpy", "cython_runtime", "_distutils_hack"}
    assert {name for name in firsts - sys.stdlib_module_names - allowed if not name.startswith("_")} == set()


def test_what_serving_installs_in_an_environment_is_what_the_extra_names() -> None:
    tomllib = pytest.importorskip("tomllib")
    from trackhelm.serving.environments import SERVER

    told = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = {
        one for extra in ("cli", "models", "serve") for one in told[extra] if not one.startswith("trackhelm")
    }
    assert set(SERVER) == named
