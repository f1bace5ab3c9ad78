"""Tasks: how a service describes its own, and what must be known to send one.

A service lists `Task` records in its `tasks.py`, and the worker registers them. A sender passes a record to
the connection, so no service imports Celery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class TaskQueue(StrEnum):
    """A queue from which workers take tasks."""

    METRICS = "metrics"
    """Urgent: metrics that are accepted and cannot be read yet."""

    UPKEEP = "upkeep"
    """Background work, for which no request waits."""

    WEBHOOKS = "webhooks"
    """Requests to other people's servers, which may be slow."""


class Sendable(Protocol):
    """What a sender must know of a task."""

    @property
    def name(self) -> str:
        """The name of the task, the same in every process."""

    @property
    def queue(self) -> TaskQueue:
        """The queue of the task."""

    @property
    def delay_seconds(self) -> float:
        """How long after it was sent a worker may run the task."""


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A reference to a task, for a sender that cannot import the function that the task runs."""

    name: str
    queue: TaskQueue
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A function that a worker calls with its runtime and the arguments that were sent (JSON values)."""

    name: str
    queue: TaskQueue
    run: Callable[..., None]
    delay_seconds: float = 0
    """How long after it was sent a worker may run the task."""
    every_seconds: float | None = None
    """How often beat sends the task, without arguments; None if only code sends it."""
