"""Kombu's transport over Redis, made to go on after a Redis that was away.

A worker takes as many messages as it has processes, and the next when it has acknowledged one. Kombu counts a
message as held for ever when Redis is away just as it is acknowledged: after as many of those as the worker
has processes it takes no message any more, and looks alive. Here an acknowledgement that failed counts as
done. Redis still has the message, and gives it to somebody again when its time is up: tasks may run twice.
"""

from typing import Final

from kombu.transport import TRANSPORT_ALIASES, redis, virtual


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
