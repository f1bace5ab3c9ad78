"""Celery's broker over Redis: what carries tasks to the workers.

Celery and kombu take 100 ms to import: only a process that has a Redis imports this.
"""

import ssl
import time
from typing import Any, Final
from urllib.parse import urlsplit

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.transport import redis, virtual

from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.settings import RedisSettings

# Kombu's transport over Redis, changed so that a worker recovers after Redis was down.
#
# A worker takes as many messages as it has processes, and another one when it has acknowledged one. If Redis
# is down just when a message is acknowledged, kombu counts the message as held for ever. After as many such
# messages as the worker has processes, it takes no message any more, although it looks alive. Here a failed
# acknowledgement counts as done. Redis still has the message and delivers it again after the visibility
# time-out, so tasks may run twice.


SENT_AT: Final = "timestamp"
"""The property of a message that says when it was sent, in seconds since the epoch."""


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

    def prepare_message(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return a message that says when it was sent, for the metrics of the queue. Kombu notes no time."""
        message: dict[str, Any] = super().prepare_message(*arguments, **options)  # type: ignore[no-untyped-call]
        message["properties"].setdefault(SENT_AT, time.time())
        return message


class Transport(redis.Transport):
    """The transport of Celery's connections, whatever the scheme of the URL."""

    Channel = _Channel


_TRANSPORT: Final = f"{__name__}:{Transport.__name__}"


def _encryption(url: str) -> dict[str, Any] | None:
    """Return how connections to a Redis are encrypted; None for a scheme that does not encrypt.

    Kombu decides that by the name of its own transport, and then verifies no certificate. Here it is as for
    this process's other connections: redis-py's default is to verify. Options in the URL replace this.
    """
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if urlsplit(url).scheme == "rediss" else None


# Celery's application and its keys in Redis.

KEY_PREFIX: Final = "{trackhelm}:celery:"
"""The prefix of Celery's own keys, because other applications may use the same Redis."""

UNACKNOWLEDGED: Final = f"{KEY_PREFIX}unacked"
"""The hash of the messages that workers have taken and not acknowledged yet."""


def waiting_of(queue: TaskQueue) -> str:
    """Return the name of the list of messages of a queue that no worker has taken; the oldest is the last."""
    return f"{KEY_PREFIX}{queue.value}"


# After this long, a task that a killed worker held is delivered to another one. No task runs for so long.
_VISIBILITY_SECONDS: Final = 600


def make_celery(settings: RedisSettings) -> Celery:
    """Return a Celery application that uses a Redis, with no task registered."""
    url = settings.effective_redis_url
    if url is None:
        raise ValueError("TRACKHELM_REDIS_URL is not set: tasks wait in Redis")
    app = Celery("trackhelm", broker=url, set_as_current=False)
    timeout = settings.redis_timeout_seconds
    app.conf.update(
        broker_transport=_TRANSPORT,
        broker_use_ssl=_encryption(url),
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        # A task is acknowledged when it is done, so that another worker runs it if its worker is killed.
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
        # One attempt only: the sender gets the error, and beat sends the task later.
        task_publish_retry=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
    )
    return app


def _celery_queue(name: str) -> Queue:
    # Each queue has its own exchange: by default Celery binds all queues to one, under one key.
    return Queue(name, Exchange(name, type="direct"), routing_key=name)  # type: ignore[no-untyped-call]
