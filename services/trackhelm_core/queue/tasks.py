"""Tasks: how a service describes its own, how one is sent, and Celery's broker over Redis.

A service lists `Task` records in its `tasks.py`; the worker registers them. A sender gives a record to the
connection, so no service imports Celery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES, redis, virtual

from trackhelm_core.settings import RedisSettings

# Kombu's transport over Redis, made to go on after a Redis that was away.
#
# A worker takes as many messages as it has processes, and the next when it has acknowledged one. Kombu
# counts a message as held for ever when Redis is away just as it is acknowledged: after as many of those as
# the worker has processes it takes no message any more, and looks alive. Here an acknowledgement that
# failed counts as done. Redis still has the message, and gives it to somebody again when its time is up:
# tasks may run twice.


class _QoS(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


class _Channel(redis.Channel):
    QoS = _QoS


class Transport(redis.Transport):
    """The transport that Celery takes for `redis://` and `rediss://`."""

    Channel = _Channel


_NAME: Final = f"{__name__}:{Transport.__name__}"


def install() -> None:
    """Have kombu take this transport in place of its own; before it makes its first connection."""
    # By the names of the URLs' schemes: kombu asks for encryption by the name, too.
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = _NAME


# Tasks: how a service describes its own, and how one is sent.
#
# A service lists `Task` records in its `tasks.py`; the worker registers them. Whoever sends one gives its
# record to the connection, so no service imports Celery.

KEY_PREFIX: Final = "{trackhelm}:celery:"
"""Before the names of Celery's own keys: the Redis may serve others too."""

# A task that a killed worker held is given to another after this long: longer than any task runs.
_VISIBILITY_SECONDS: Final = 600


class TaskQueue(StrEnum):
    """What workers take tasks from."""

    METRICS = "metrics"
    """Short waits: metrics that are accepted and not yet readable."""

    UPKEEP = "upkeep"
    """What nobody waits for."""

    WEBHOOKS = "webhooks"
    """Calls to programs of others, which may be slow."""


class Sendable(Protocol):
    """What must be known of a task to send it."""

    @property
    def name(self) -> str:
        """Its name, the same in every process."""

    @property
    def queue(self) -> TaskQueue:
        """Where it waits."""

    @property
    def delay_seconds(self) -> float:
        """How long it waits, after it was sent, until a worker may run it."""


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A task that is sent by code that cannot import what it runs."""

    name: str
    queue: TaskQueue
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A function that a worker runs with its runtime and the arguments that were sent (JSON values)."""

    name: str
    queue: TaskQueue
    run: Callable[..., None]
    delay_seconds: float = 0
    """How long it waits, after it was sent, until a worker may run it."""
    every_seconds: float | None = None
    """How often beat sends it, without arguments; None when only code does."""


def make_celery(settings: RedisSettings) -> Celery:
    """Return the Celery application over a Redis, with no task registered."""
    url = settings.effective_redis_url
    if url is None:
        raise ValueError("TRACKHELM_REDIS_URL is not set: tasks wait in Redis")
    install()
    app = Celery("trackhelm", broker=url, set_as_current=False)
    timeout = settings.redis_timeout_seconds
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        # Acknowledged when done: a task whose worker is killed is run by another.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_queues=[_celery_queue(queue.value) for queue in TaskQueue],
        task_default_queue=TaskQueue.UPKEEP.value,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "global_keyprefix": KEY_PREFIX,
            "visibility_timeout": _VISIBILITY_SECONDS,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
        },
        # One attempt: whoever sends is told, and a task that was not sent is found missing by beat.
        task_publish_retry=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
    )
    return app


def _celery_queue(name: str) -> Queue:
    # An exchange each: by default Celery ties all queues to one, under one key.
    return Queue(name, Exchange(name, type="direct"), routing_key=name)  # type: ignore[no-untyped-call]
