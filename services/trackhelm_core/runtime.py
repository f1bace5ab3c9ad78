"""What a process holds for as long as it runs: made once, passed down, closed in reverse order.

It opens nothing by itself, and knows no table: a composition says what there is to open.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from trackhelm_core.clock import Clock, now_ms
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.read_wait import Backlog

PartType = TypeVar("PartType")

Openers = Mapping[type[Any], Callable[[], Any]]
"""How to open what only some services use, by its type."""


class Parts:
    """What only some services use, each opened when it is first asked for.

    A process that never asks for the object store or for the key of secrets never has them.
    """

    def __init__(self, openers: Openers) -> None:
        self._openers = openers
        self._opened: dict[type[Any], Any] = {}
        self._opening = Lock()

    def get(self, kind: type[PartType]) -> PartType:
        """Return the part of a type. Raises `KeyError` for one that the composition does not know."""
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
    """A process's connections to the world."""

    database: Database
    backlog: Backlog
    """Metrics that are accepted and not yet stored: what reads wait for."""
    missing: Callable[[], str | None] = lambda: None
    """Returns what the process waits for before it can serve, in words for its operator.

    Raises `SQLAlchemyError` when the database does not answer.
    """
    clock: Clock = now_ms
    redis: RedisConnection | None = None
    """The queue of metrics; None when embedded."""
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What `/metrics` shows."""
    parts: Parts = field(default_factory=lambda: Parts({}))
    closing: ExitStack = field(default_factory=ExitStack, repr=False)

    def part(self, kind: type[PartType]) -> PartType:
        """Return what only some services use. Raises `KeyError` in a process that is not to have it."""
        return self.parts.get(kind)

    def close(self) -> None:
        """Close everything, the last opened first."""
        self.closing.close()


async def _runtime(request: Request) -> Runtime:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
"""The parameter type by which an endpoint asks for the process's runtime."""
