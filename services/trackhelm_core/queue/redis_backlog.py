"""The backlog of the split shape, which is the entries in Redis's streams, and the flush signal.

A drainer gathers entries for a moment, because a large batch costs little more than a small one. A read that
waits for entries should not have to wait for that moment, so it tells the drainer of their partition to
flush. A signal that is sent while no drainer listens, between two time slices, is lost; it is not needed
then.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from redis import Redis
from redis.exceptions import RedisError

from trackhelm_core.errors import OUTAGE_RETRY_SECONDS, UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import (
    BEFORE_ALL,
    Note,
    StreamId,
    accepted_of,
    drained_of,
    flush_signal_of,
    note_of,
)
from trackhelm_core.queue.read_wait import Positions


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


_AT_A_TIME: Final = 5_000
"""How many notes one command reads: while Redis runs it, all others wait."""


class RedisBacklog:
    """The backlog in Redis; see `Backlog`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._client = redis.client
        self._settings = redis.settings

    @property
    def patience_seconds(self) -> float:
        """How long a read waits at most."""
        return self._settings.read_wait_seconds

    def newest(self, subjects: Sequence[str], seen: Positions | None = None) -> Positions:
        """Return the newest noted entry of the subjects in each partition."""
        newest: dict[int, StreamId] = {}
        for begin in range(0, len(subjects), _AT_A_TIME):
            names = [note_of(subject) for subject in subjects[begin : begin + _AT_A_TIME]]
            for text in self._texts(names):
                if text is not None:
                    note = Note.parse(text)
                    newest[note.partition] = max(newest.get(note.partition, BEFORE_ALL), note.entry)
        return newest

    def accepted(self) -> Positions:
        """Return the newest entry that was accepted in each partition."""
        return self._positions(range(self._settings.queue_partitions), accepted_of)

    def stored(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the newest entry that is stored in each of these partitions, by default in every one."""
        asked = range(self._settings.queue_partitions) if partitions is None else list(partitions)
        return self._positions(asked, drained_of)

    def catch_up(self) -> None:
        """Do nothing: workers drain the partitions."""

    def flush(self, partitions: Iterable[int]) -> None:
        """Send the flush signal to the drainers of these partitions."""
        with _asking():
            signal_flush(self._client, partitions)

    def pause(self, seconds: float) -> None:
        """Wait for so long. Redis does not report when something is stored, so it cannot end earlier."""
        time.sleep(seconds)

    def _positions(self, partitions: Sequence[int], name: Callable[[int], str]) -> Positions:
        texts = self._texts([name(partition) for partition in partitions])
        return {
            partition: StreamId.parse(text)
            for partition, text in zip(partitions, texts, strict=True)
            if text is not None
        }

    def _texts(self, names: Sequence[str]) -> Sequence[Any]:
        with _asking():
            found: Sequence[Any] = self._client.mget(list(names))
            return found


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise UnavailableError(
            "The queue of metrics does not answer, so metrics may be missing. Send the request again.",
            retry_after_seconds=OUTAGE_RETRY_SECONDS,
        ) from error
