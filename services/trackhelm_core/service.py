"""The record that describes a service: everything that a composition needs to know about it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from fastapi import APIRouter

from trackhelm_core.runtime import Runtime

API_2 = ("/api/2.0", "/ajax-api/2.0")
"""Prefixes of version 2 of the API, for Python clients and for browsers."""

API_3 = ("/api/3.0", "/ajax-api/3.0")
"""Prefixes of version 3 of the API, for Python clients and for browsers."""

AJAX_2 = ("/ajax-api/2.0",)
"""Endpoints that MLflow serves to browsers only."""

ROOT = ("",)
"""Endpoints outside the API's prefixes."""

Lifespan = Callable[[Runtime], AbstractAsyncContextManager[dict[str, object]]]
"""Opens what a service runs in the background; yields the values that its endpoints find in `app.state`."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A router and the prefixes below which it is served; the first one is documented."""

    router: APIRouter
    prefixes: tuple[str, ...] = API_2


@dataclass(frozen=True, slots=True)
class Service:
    """A part of the product that runs as a process of its own, or together with others in one process."""

    name: str
    mounts: tuple[Mount, ...]
    lifespan: Lifespan | None = None
