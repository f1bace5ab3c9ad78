"""Reading one's own writes: a read waits until what was accepted before it is stored.

For every run whose newest entry is noted, and only for these: a run that nobody writes to costs one
question to Redis, whatever the number of runs, and none when embedded.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import BEFORE_ALL, Note, StreamId, drained_of, note_of

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05
_RUNS_AT_A_TIME: Final = 5_000


def wait_until_stored(redis: RedisConnection | None, runs: Collection[str]) -> bool:
    """Wait until all metrics are stored that these runs were answered for before this call.

    Call it before the transaction begins that reads them. Returns whether it had to wait.

    Raises:
        UnavailableError: They are not stored in time, or Redis cannot be asked: no read is silently stale.
    """
    if redis is None or not runs:
        return False
    try:
        return _wait(redis, list(runs))
    except RedisError as error:
        raise UnavailableError(
            "The queue of metrics does not answer, so metrics may be missing. Send the request again."
        ) from error


def _wait(redis: RedisConnection, runs: Sequence[str]) -> bool:
    behind = _behind(redis, _newest(redis, runs))
    if not behind:
        return False
    patience = redis.settings.read_wait_seconds
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE_SECONDS
    while behind:
        if time.monotonic() >= deadline:
            raise UnavailableError(
                "Metrics are accepted faster than they are stored: "
                f"some cannot be read after {patience:g} s. Send the request again."
            )
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        behind = _behind(redis, behind)
    return True


def _newest(redis: RedisConnection, runs: Sequence[str]) -> dict[int, StreamId]:
    """Return the newest noted entry of the runs in each partition."""
    newest: dict[int, StreamId] = {}
    for begin in range(0, len(runs), _RUNS_AT_A_TIME):
        names = [note_of(run) for run in runs[begin : begin + _RUNS_AT_A_TIME]]
        texts: Sequence[Any] = redis.client.mget(names)
        for note in _parsed(texts):
            newest[note.partition] = max(newest.get(note.partition, BEFORE_ALL), note.entry)
    return newest


def _parsed(texts: Iterable[bytes | None]) -> Iterable[Note]:
    return (Note.parse(text) for text in texts if text is not None)


def _behind(redis: RedisConnection, newest: dict[int, StreamId]) -> dict[int, StreamId]:
    """Return those partitions whose drained position is before the entry that is waited for."""
    if not newest:
        return {}
    positions: Sequence[Any] = redis.client.mget([drained_of(partition) for partition in newest])
    return {
        partition: entry
        for (partition, entry), position in zip(newest.items(), positions, strict=True)
        if position is None or StreamId.parse(position) < entry
    }
