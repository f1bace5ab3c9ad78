"""The record that describes a service: what a composition needs to know of it, and no more."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from fastapi import APIRouter

from trackhelm_core.runtime import Runtime

API_2 = ("/api/2.0", "/ajax-api/2.0")
"""Where version 2 of the API is served: to Python clients, and to browsers."""

API_3 = ("/api/3.0", "/ajax-api/3.0")
"""Likewise version 3."""

AJAX_2 = ("/ajax-api/2.0",)
"""Endpoints that MLflow serves to browsers only."""

ROOT = ("",)
"""Endpoints outside the API's prefixes."""

Lifespan = Callable[[Runtime], AbstractAsyncContextManager[dict[str, object]]]
"""Opens what a service runs in the background; yields what its endpoints find in `app.state`."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A router and the prefixes it is served under; the first one is documented."""

    router: APIRouter
    prefixes: tuple[str, ...] = API_2


@dataclass(frozen=True, slots=True)
class Service:
    """A part of the product that can run as a process of its own, or beside others in one."""

    name: str
    mounts: tuple[Mount, ...]
    lifespan: Lifespan | None = None
