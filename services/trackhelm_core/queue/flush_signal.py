"""Asking for haste: a read that waits for metrics calls whoever drains their partition.

A drainer gathers what comes for a moment, because a larger batch costs little more than a small one. Nobody
should wait for that moment. A call that nobody hears, between two turns, is worth nothing and is not kept.
"""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from redis import Redis

from trackhelm_core.queue.names import flush_signal_of


def signal_flush(client: Redis, partitions: Iterable[int]) -> None:
    """Have what waits in these partitions stored at once."""
    with client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.publish(flush_signal_of(partition), "")
        pipeline.execute()


class FlushSignal:
    """Hears the calls to one partition, on a connection of its own, from when it is entered."""

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
        """Wait for so long, or until a call comes; one that came since the last wait ends this one."""
        deadline = time.monotonic() + seconds
        heard = False
        # What answers the subscription, or asks whether the connection lives, is no call and ends no wait.
        while not heard and (left := deadline - time.monotonic()) > 0:
            heard = self._calls.get_message(timeout=left) is not None
        while heard:
            # Several readers, one batch.
            heard = self._calls.get_message() is not None
