"""The backlog of the split shape: the entries in the streams of Redis, which every process can look up."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from redis.exceptions import RedisError

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.flush_signal import signal_flush
from trackhelm_core.queue.names import BEFORE_ALL, Note, StreamId, accepted_of, drained_of, note_of
from trackhelm_core.queue.read_wait import Positions

_AT_A_TIME: Final = 5_000


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
            "The queue of metrics does not answer, so metrics may be missing. Send the request again."
        ) from error
