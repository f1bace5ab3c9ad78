"""The environment variables that the client reads.

Each is read when it is needed, as `TRACKHELM_<name>` and else as `MLFLOW_<name>`, so that what is set for
MLflow works. This module must not read anything at its import.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

PREFIXES: Final = ("TRACKHELM_", "MLFLOW_")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", ""})

TRACKING_URI: Final = "TRACKING_URI"
REGISTRY_URI: Final = "REGISTRY_URI"
EXPERIMENT_NAME: Final = "EXPERIMENT_NAME"
EXPERIMENT_ID: Final = "EXPERIMENT_ID"
RUN_ID: Final = "RUN_ID"
OFFLINE: Final = "OFFLINE"
USERNAME: Final = "TRACKING_USERNAME"
PASSWORD: Final = "TRACKING_PASSWORD"  # noqa: S105 - the name of a variable
TOKEN: Final = "TRACKING_TOKEN"  # noqa: S105 - likewise


_overrides: ContextVar[dict[str, str]] = ContextVar("trackhelm_overrides")


@contextmanager
def overridden(**values: str) -> Iterator[None]:
    """Let variables have other values in a block, for the present context alone.

    For calls that must not wait as long as the user allows calls of their own to wait.

    Args:
        values: The values by the variables' names without a prefix.
    """
    token = _overrides.set({**_overrides.get({}), **values})
    try:
        yield
    finally:
        _overrides.reset(token)


def text(name: str) -> str | None:
    """Return a variable's value, or None where neither name is set or both are empty."""
    overridden_value = _overrides.get({}).get(name)
    if overridden_value:
        return overridden_value
    for prefix in PREFIXES:
        value = os.environ.get(prefix + name)
        if value:
            return value
    return None


def take(name: str) -> str | None:
    """Return a variable's value and remove it, so that it is used once."""
    value = text(name)
    for prefix in PREFIXES:
        os.environ.pop(prefix + name, None)
    return value


def flag(name: str, default: bool) -> bool:
    """Return whether a variable is true; `true`, `1`, `yes` and `on` are, in any case."""
    value = text(name)
    if value is None:
        return default
    lowered = value.lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError(f"MLFLOW_{name} is {value!r}: expected true or false")
    return lowered in _TRUE


def whole(name: str, default: int) -> int:
    """Return a variable's value as a whole number."""
    value = text(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"MLFLOW_{name} is {value!r}: expected a whole number") from None


def number(name: str, default: float) -> float:
    """Return a variable's value as a number."""
    value = text(name)
    if value is None:
        return default
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"MLFLOW_{name} is {value!r}: expected a number") from None
