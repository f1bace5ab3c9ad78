"""A partition's stream, as the one who drains it sees it.

The stream holds what is not stored yet, and nothing else: what is stored is cut off. So reading is always
from its beginning, and the position in the database matters only for what a crash left uncut.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import structlog
from redis import Redis
from redis.exceptions import ResponseError

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import (
    BEFORE_ALL,
    COUNTS,
    ENTRY_FIELD,
    Note,
    StreamId,
    drained_of,
    drainer_of,
    note_of,
    stream_of,
)

log = structlog.get_logger(__name__)

MARK_SECONDS: Final = 5
"""How long the mark outlives its last refresh: a killed worker is missed no later. While a longer batch is
stored, others are called in vain: the lock sends them away."""

BLOCK_SECONDS: Final = 0.5
"""Longest wait for an entry at the server; the mark is refreshed this often."""

STORED_NOTE_SECONDS: Final = 60
"""How long the note of a stored entry is kept for reads that began before: longer than any read takes."""

_LAST_SEQUENCE: Final = 2**63

# KEYS: stream, drained position, mark, counts, then notes. ARGV: the position, what the stream begins with
# now, seconds of the mark, entries, points and microseconds to count, seconds of a note that is
# stored, then what each note says unless
# something newer was accepted.
_SETTLE: Final = """
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], 'drains', 'EX', ARGV[3])
redis.call('HINCRBY', KEYS[4], 'entries', ARGV[4])
redis.call('HINCRBY', KEYS[4], 'points', ARGV[5])
redis.call('HINCRBY', KEYS[4], 'microseconds', ARGV[6])
redis.call('HINCRBY', KEYS[4], 'batches', 1)
for i = 5, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i + 3] then redis.call('EXPIRE', KEYS[i], ARGV[7]) end
end
"""

# KEYS: stream, mark. An entry that comes later finds no mark, and calls a worker.
_FINISH: Final = """
if redis.call('XLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
"""


class RawEntry(NamedTuple):
    """An entry as it stands in the stream."""

    id: StreamId
    data: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch did."""

    last: StreamId
    newest: Mapping[str, StreamId]
    """The last entry of each run and logged model."""
    entries: int
    points: int
    seconds: float


class PartitionStream:
    """The stream of one partition. `blocking` is a client that may wait at the server."""

    def __init__(self, redis: RedisConnection, blocking: Redis, partition: int) -> None:
        self._client = redis.client
        self._blocking = blocking
        self._partition = partition
        self._stream = stream_of(partition)
        self._mark = drainer_of(partition)

    def begin(self, position: StreamId | None) -> None:
        """Cut off what is stored up to `position`, and publish how far the partition is stored."""
        self.refresh_mark()
        generated = self._last_generated()
        if position is not None and generated < position:
            # This Redis lost what it had: ids may begin anew below the position, and all it has is new.
            log.warning(
                "the stream is behind its position", partition=self._partition, position=str(position)
            )
            self._client.set(drained_of(self._partition), str(self._before_first()))
        elif position is not None:
            self._client.xtrim(self._stream, minid=str(position.next()), approximate=False)
            empty = not self._client.xlen(self._stream)
            self._client.set(drained_of(self._partition), str(generated if empty else position))

    def read(self, count: int, *, wait: bool) -> list[RawEntry]:
        """Return the first entries; if there is none, after waiting a moment for one."""
        block = round(BLOCK_SECONDS * 1000) if wait else None
        answer: Any = self._blocking.xread({self._stream: str(BEFORE_ALL)}, count=count, block=block)
        if not answer:
            return []
        ((_, found),) = answer
        return [
            RawEntry(StreamId.parse(entry_id), fields.get(ENTRY_FIELD, b"")) for entry_id, fields in found
        ]

    def settle(self, stored: Stored) -> None:
        """Cut off what is stored, and let those go on who wait to read it."""
        keys = [self._stream, drained_of(self._partition), self._mark, COUNTS]
        notes = [
            (note_of(subject), str(Note(self._partition, entry))) for subject, entry in stored.newest.items()
        ]
        numbers = [stored.entries, stored.points, round(stored.seconds * 1_000_000)]
        self._client.eval(
            _SETTLE,
            len(keys) + len(notes),
            *keys,
            *(name for name, _ in notes),
            str(stored.last),
            str(stored.last.next()),
            MARK_SECONDS,
            *numbers,
            STORED_NOTE_SECONDS,
            *(text for _, text in notes),
        )

    def refresh_mark(self) -> None:
        """Say that the partition is drained."""
        self._client.set(self._mark, "drains", ex=MARK_SECONDS)

    def finish(self) -> bool:
        """Take the mark away and return True, if nothing waits."""
        return bool(self._client.eval(_FINISH, 2, self._stream, self._mark))

    def _last_generated(self) -> StreamId:
        try:
            found: Any = self._client.xinfo_stream(self._stream)
        except ResponseError as error:
            if "no such key" in str(error):
                return BEFORE_ALL
            raise
        return StreamId.parse(found["last-generated-id"])

    def _before_first(self) -> StreamId:
        first: Any = self._client.xrange(self._stream, count=1)
        if first:
            entry = StreamId.parse(first[0][0])
            return StreamId(entry.milliseconds - 1, _LAST_SEQUENCE)
        seconds, microseconds = self._client.time()
        return StreamId(seconds * 1000 + microseconds // 1000 - 1, _LAST_SEQUENCE)
