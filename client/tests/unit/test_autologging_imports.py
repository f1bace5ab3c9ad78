"""Frameworks are seen when they are imported, and `import trackhelm` imports none."""

import importlib
import logging
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from trackhelm.autologging import imports
from trackhelm.autologging.integrations import Integration

Make = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a package that can be imported, with the module `part`."""
    name = f"package_{uuid.uuid4().hex[:8]}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("value = 1\n")
    (tmp_path / name / "part.py").write_text("value = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for known in [known for known in sys.modules if known.partition(".")[0] == name]:
        del sys.modules[known]


def test_a_module_is_handed_over_when_it_is_imported(package: str) -> None:
    seen: list[tuple[str, int]] = []

    def hook(module: ModuleType) -> None:
        seen.append((module.__name__, module.value))

    imports.on_import(package, hook)
    assert seen == []
    importlib.import_module(package)
    assert seen == [(package, 1)]
    importlib.import_module(f"{package}.part")
    assert seen == [(package, 1)]
    imports.on_import(f"{package}.", hook)
    assert seen == [(package, 1), (f"{package}.part", 2)]
    imports.off_import(hook)


def test_what_is_called_does_not_break_an_import(package: str, caplog: pytest.LogCaptureFixture) -> None:
    def hook(module: ModuleType) -> None:
        raise RuntimeError("of the hook")

    imports.on_import(package, hook)
    with caplog.at_level(logging.WARNING, "trackhelm"):
        assert importlib.import_module(package).value == 1
    assert "of the hook" in caplog.text
    imports.off_import(hook)


def test_a_module_that_is_not_there_is_missed_as_ever() -> None:
    def hook(module: ModuleType) -> None:
        """Do nothing."""

    imports.on_import("no_such_package_of_the_test", hook)
    with pytest.raises(ModuleNotFoundError, match="no_such_package_of_the_test"):
        importlib.import_module("no_such_package_of_the_test")
    imports.off_import(hook)


FRAMEWORKS = """
import sys
import trackhelm
trackhelm.autolog()
frameworks = {"sklearn", "xgboost", "lightgbm", "tensorflow", "keras", "torch", "lightning", "numpy"}
print(sorted(frameworks & set(sys.modules)))
"""


def test_autolog_imports_no_framework(tmp_path: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", FRAMEWORKS], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize(
    ("installed", "least", "is_old"),
    [("1.2.9", "1.3", True), ("1.3", "1.3", False), ("1.10.0rc1", "1.3", False), ("2.0+cpu", "2.0", False)],
)
def test_old_versions_are_left_out_if_wanted(
    installed: str, least: str, is_old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackhelm.autologging.integrations.version", lambda _name: installed)
    integration = Integration("library", some_library=least)
    applied = []
    integration.configure({"disable_for_unsupported_versions": True}, lambda: applied.append(1))
    assert (integration.is_on, bool(applied)) == (not is_old, not is_old)
    integration.configure({}, lambda: applied.append(1))
    assert integration.is_on


def test_what_cannot_be_patched_leaves_it_off() -> None:
    integration = Integration("library")

    def apply() -> None:
        raise ModuleNotFoundError("library")

    with pytest.raises(ModuleNotFoundError):
        integration.configure({}, apply)
    assert not integration.is_on
