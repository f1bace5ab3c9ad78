"""The flush signal: a read that waits for metrics tells the drainer of their partition to flush.

A drainer gathers entries for a moment, because a large batch costs little more than a small one. A read
should not have to wait for that moment. A signal that is sent while no drainer listens, between two time
slices, is lost; it is not needed then.
"""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from redis import Redis

from trackhelm_core.queue.names import flush_signal_of


def signal_flush(client: Redis, partitions: Iterable[int]) -> None:
    """Make the drainers of these partitions store at once what they are gathering."""
    with client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.publish(flush_signal_of(partition), "")
        pipeline.execute()


class FlushSignal:
    """Receives the signals for one partition, on a connection of its own, from when it is entered."""

    def __init__(self, client: Redis, partition: int) -> None:
        # redis-py gives this method no types.
        self._calls = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._channel = flush_signal_of(partition)

    def __enter__(self) -> Self:
        self._calls.subscribe(self._channel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.close()

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until a signal comes. A signal since the last wait ends this wait at once."""
        deadline = time.monotonic() + seconds
        heard = False
        # Answers to the subscription and health checks of the connection are no signals and end no wait.
        while not heard and (left := deadline - time.monotonic()) > 0:
            heard = self._calls.get_message(timeout=left) is not None
        while heard:
            # Several reads may have sent a signal; one flush serves them all.
            heard = self._calls.get_message() is not None
