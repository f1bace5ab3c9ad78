"""The runtime, which a process holds as long as it runs, its clock, and the record of a service.

Owns the record of these parts and the order in which they are closed. Must not open anything by itself or
know a table: a composition says what is opened, and how.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from prometheus_client import CollectorRegistry

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.read_wait import Backlog, ReadWaits

if TYPE_CHECKING:  # An embedded server has none, and does not import its client.
    from trackhelm_core.queue.connection import RedisConnection

Clock = Callable[[], int]
"""Returns milliseconds since the epoch. It is passed as an argument, so that a test can set the time."""


def now_ms() -> int:
    """Return the present time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


PartType = TypeVar("PartType")

Openers = Mapping[type[Any], Callable[[], Any]]
"""How to open each part that only some services use, by its type."""


class Parts:
    """The parts that only some services use. Each is opened when it is first requested.

    A process that never requests the object store or the key for secrets never opens them.
    """

    def __init__(self, openers: Openers) -> None:
        self._openers = openers
        self._opened: dict[type[Any], Any] = {}
        self._opening = Lock()

    def get(self, kind: type[PartType]) -> PartType:
        """Return the part of a type. Raises `KeyError` if the composition does not have it."""
        part = self._opened.get(kind)
        if part is None:
            with self._opening:
                if kind not in self._opened:
                    self._opened[kind] = self._openers[kind]()
                part = self._opened[kind]
        assert isinstance(part, kind)
        return part


@dataclass(frozen=True, slots=True)
class Runtime:
    """The connections of a process, and the settings that its services share."""

    database: Database
    backlog: Backlog
    """Metrics that are accepted and not yet stored: what reads wait for."""
    reads: ReadWaits
    """Reads of metrics, each after what was accepted before it is stored."""
    missing: Callable[[], str | None] = lambda: None
    """Returns what the process still needs before it can serve, as a message for the operator, or None.

    Raises `SQLAlchemyError` when the database does not answer.
    """
    clock: Clock = now_ms
    redis: "RedisConnection | None" = None
    """The queue of metrics; None when embedded."""
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    """The metrics that `/metrics` shows."""
    parts: Parts = field(default_factory=lambda: Parts({}))
    closing: ExitStack = field(default_factory=ExitStack, repr=False)

    def part(self, kind: type[PartType]) -> PartType:
        """Return a part that only some services use. Raises `KeyError` in a process that must not have it."""
        return self.parts.get(kind)

    def close(self) -> None:
        """Close everything, in the reverse order of opening."""
        self.closing.close()


async def _runtime(request: Request) -> Runtime:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
"""The parameter type by which an endpoint gets the process's runtime."""


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
