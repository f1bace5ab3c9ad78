"""Models of MLflow where it is not installed: the names of its modules lead to ours.

A pickle that MLflow saved names `mlflow.pyfunc.model.PythonModel`, and the code of a model says `import
mlflow`. `provide_mlflow` makes both find this package, unless MLflow itself is installed. In the other
direction, `dump_python_model` writes MLflow's names instead of ours, so that MLflow loads the pickle.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_THEIRS: Final = "mlflow"
_OURS: Final = "trackhelm"
_ELSEWHERE: Final = {
    "mlflow.pyfunc.loaders.code_model": "trackhelm.pyfunc.model",
    "mlflow.pyfunc.utils.data_validation": "trackhelm.pyfunc.utils",
}
"""Modules of MLflow of which ours have another name."""


def our_name(name: str) -> str:
    """Return our name of a module that has a name of MLflow's; other names are returned as they are."""
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    first, dot, rest = name.partition(".")
    return f"{_OURS}{dot}{rest}" if first == _THEIRS else name


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds our module under MLflow's name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != _THEIRS:
            return None
        try:
            if importlib.util.find_spec(our_name(fullname)) is None:
                return None
        except ModuleNotFoundError:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # What is imported is what the table of modules has afterwards, so that both names are one module.
        sys.modules[module.__name__] = importlib.import_module(our_name(module.__name__))


_finder = _Finder()


def provide_mlflow() -> None:
    """Let `import mlflow` find this package in this process, unless MLflow is installed."""
    if _finder in sys.meta_path or importlib.util.find_spec(_THEIRS) is not None:
        return
    sys.meta_path.insert(0, _finder)


class _Import:
    """Is pickled as the import of a module."""

    def __init__(self, name: str) -> None:
        self.name = name


def dump_python_model(python_model: Any, file: Path) -> None:
    """Write a model as a pickle by value, with MLflow's names of this package's classes and modules."""
    import pickle

    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, _Import):
                return importlib.import_module, (value.name,)
            if isinstance(value, type) and value.__module__ == "trackhelm.pyfunc.model":
                return getattr, (_Import("mlflow.pyfunc.model"), value.__name__)
            if isinstance(value, ModuleType) and value.__name__.partition(".")[0] == _OURS:
                return importlib.import_module, (_THEIRS + value.__name__.removeprefix(_OURS),)
            return super().reducer_override(value)

    with file.open("wb") as content:
        Pickler(content, protocol=pickle.DEFAULT_PROTOCOL).dump(python_model)


def load_python_model(file: Path, compression: str | None) -> Any:
    """Load such a pickle, or one that MLflow wrote. Whether it may be loaded is asked before.

    Args:
        file: The pickle.
        compression: `lzma`, `bzip2`, `gzip` or None.
    """
    import cloudpickle

    provide_mlflow()
    opening = {"lzma": "lzma", "bzip2": "bz2", "gzip": "gzip"}
    opened: Any
    if compression is None:
        opened = file.open("rb")
    else:
        opened = importlib.import_module(opening[compression]).open(file, "rb")
    with opened as content:
        return cloudpickle.load(content)
