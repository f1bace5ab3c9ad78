"""Experiment tracking with MLflow's Python API: `import trackhelm as mlflow` runs a script unchanged.

This package is the client. It must not import the server, and importing it must stay quick: every public name
is imported from its module when it is first used.
"""

from typing import Any, Final

__version__: Final = "0.1.0"

_HOMES: Final[dict[str, str]] = {}
"""The module of each public name."""


def __getattr__(name: str) -> Any:
    """Import a public name from its module, once."""
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'trackhelm' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
