"""Reading one's own writes: a read waits until what was accepted before it is stored.

Only runs and logged models whose newest entry is noted are waited for. To find that there is none costs one
question to Redis, whatever the number of runs, and nothing when embedded.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from redis.exceptions import RedisError

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.flush_signal import signal_flush
from trackhelm_core.queue.names import BEFORE_ALL, Note, StreamId, accepted_of, drained_of, note_of

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05
_AT_A_TIME: Final = 5_000


Positions = Mapping[int, StreamId]
"""How far each partition is stored."""


def wait_until_stored(redis: RedisConnection | None, subjects: Collection[str]) -> None:
    """Wait until all metrics of these runs and logged models are stored that were accepted before this call.

    (Of a model whose metrics two runs log at once, those of the run that did so last.) Call it before the
    transaction begins that reads them.

    Raises:
        UnavailableError: They are not stored in time, or Redis cannot be asked: no read is silently stale.
    """
    if redis is not None and subjects:
        with _asking():
            _wait(redis, _newest(redis, list(subjects)))


def wait_until_all_stored(redis: RedisConnection | None) -> None:
    """Wait until all metrics are stored that were accepted before this call, whatever run they belong to.

    For a read that chooses by metrics what it shows. Raises as `wait_until_stored`.
    """
    if redis is not None:
        with _asking():
            _wait(redis, _positions(redis, accepted_of))


def stored_positions(redis: RedisConnection | None) -> Positions:
    """Return how far everything is stored: for a read that learns from its answer whose metrics it shows.

    Call it before the transaction begins, and `wait_for_missed` when it has ended.
    """
    if redis is None:
        return {}
    with _asking():
        return _positions(redis, drained_of)


def wait_for_missed(redis: RedisConnection | None, subjects: Collection[str], seen: Positions) -> bool:
    """Wait until metrics are stored that a read may have missed, and return whether there are any.

    If there are, read again. `seen` is how far was stored when the read began. Raises as `wait_until_stored`.
    """
    if redis is None or not subjects:
        return False
    with _asking():
        newest = _newest(redis, list(subjects))
        missed = {part: entry for part, entry in newest.items() if seen.get(part, BEFORE_ALL) < entry}
        _wait(redis, missed)
    return bool(missed)


def names_metrics(*texts: str) -> bool:
    """Return whether a search's filter or order may speak of metrics."""
    # Each name that the grammar has for them begins so; a value that says it costs a moment's waiting.
    return any("metric" in text.lower() for text in texts)


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise UnavailableError(
            "The queue of metrics does not answer, so metrics may be missing. Send the request again."
        ) from error


def _wait(redis: RedisConnection, newest: Positions) -> None:
    if newest:
        with redis.read_wait.time():
            _wait_for(redis, newest)


def _wait_for(redis: RedisConnection, newest: Positions) -> None:
    patience = redis.settings.read_wait_seconds
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE_SECONDS
    while newest := _behind(redis, newest):
        if time.monotonic() >= deadline:
            raise UnavailableError(
                "Metrics are accepted faster than they are stored: "
                f"some cannot be read after {patience:g} s. Send the request again."
            )
        signal_flush(redis.client, newest)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _positions(redis: RedisConnection, name: Callable[[int], str]) -> Positions:
    partitions = range(redis.settings.queue_partitions)
    found: Sequence[Any] = redis.client.mget([name(partition) for partition in partitions])
    return {
        partition: StreamId.parse(text)
        for partition, text in zip(partitions, found, strict=True)
        if text is not None
    }


def _newest(redis: RedisConnection, subjects: Sequence[str]) -> dict[int, StreamId]:
    """Return the newest noted entry of the subjects in each partition."""
    newest: dict[int, StreamId] = {}
    for begin in range(0, len(subjects), _AT_A_TIME):
        names = [note_of(subject) for subject in subjects[begin : begin + _AT_A_TIME]]
        texts: Sequence[Any] = redis.client.mget(names)
        for note in _parsed(texts):
            newest[note.partition] = max(newest.get(note.partition, BEFORE_ALL), note.entry)
    return newest


def _parsed(texts: Iterable[bytes | None]) -> Iterable[Note]:
    return (Note.parse(text) for text in texts if text is not None)


def _behind(redis: RedisConnection, newest: Positions) -> dict[int, StreamId]:
    """Return those partitions whose drained position is before the entry that is waited for."""
    if not newest:
        return {}
    positions: Sequence[Any] = redis.client.mget([drained_of(partition) for partition in newest])
    return {
        partition: entry
        for (partition, entry), position in zip(newest.items(), positions, strict=True)
        if position is None or StreamId.parse(position) < entry
    }
