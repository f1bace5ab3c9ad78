"""A partition's stream, as the one who drains it sees it.

The stream holds what is not stored yet, and nothing else: what is stored is cut off. So reading is always
from its beginning, and the position in the database matters only for what a crash left uncut.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis import Redis
from redis.exceptions import OutOfMemoryError

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import (
    BEFORE_ALL,
    COUNTS,
    ENTRY_FIELD,
    WAITING_BYTES,
    Note,
    StreamId,
    drained_of,
    drainer_of,
    note_of,
    stream_of,
)
from trackhelm_ingest.metrics.drain.batch import RawEntry

log = structlog.get_logger(__name__)

MARK_SECONDS: Final = 5
"""How long the mark outlives its last refresh: a killed worker is missed no later. While a longer batch is
stored, others are called in vain: the lock sends them away."""

BLOCK_SECONDS: Final = 0.5
"""Longest wait for an entry at the server; the mark is refreshed this often."""

STORED_NOTE_SECONDS: Final = 60
"""How long the note of a stored entry is kept for reads that began before: longer than any read takes."""

_LAST_SEQUENCE: Final = 2**63

_FIRST_ENTRIES: Final = 16
"""Entries that are read before it is known how large they are."""

# What waits no longer, in bytes. An empty stream has none, whatever was counted.
_FREE: Final = """
local function free(stream, waiting, partition, bytes)
  if redis.call('XLEN', stream) == 0 then bytes = redis.call('HGET', waiting, partition) or 0 end
  bytes = tonumber(bytes)
  if bytes == 0 then return end
  redis.call('HINCRBY', waiting, partition, -bytes)
  redis.call('HINCRBY', waiting, 'all', -bytes)
end
"""

# KEYS: stream, bytes that wait, drained position. ARGV: the position, what the stream begins with now,
# partition.
_CUT: Final = f"""{_FREE}
local bytes = 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', ARGV[1])) do bytes = bytes + #entry[2][2] end
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
redis.call('SET', KEYS[3], ARGV[1])
free(KEYS[1], KEYS[2], ARGV[3], bytes)
"""

# KEYS: stream, drained position, mark, counts, bytes that wait, then notes. ARGV: the position, what the
# stream begins with now, seconds of the mark, entries, points and microseconds to count, seconds of a note
# that is stored, partition, bytes that wait no longer, then what each note says unless something newer was
# accepted.
# Cutting comes first: a Redis without memory allows the rest only to those who have begun.
_SETTLE: Final = f"""{_FREE}
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], 'drains', 'EX', ARGV[3])
redis.call('HINCRBY', KEYS[4], 'entries', ARGV[4])
redis.call('HINCRBY', KEYS[4], 'points', ARGV[5])
redis.call('HINCRBY', KEYS[4], 'microseconds', ARGV[6])
redis.call('HINCRBY', KEYS[4], 'batches', 1)
free(KEYS[1], KEYS[5], ARGV[8], ARGV[9])
for i = 6, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i + 4] then redis.call('EXPIRE', KEYS[i], ARGV[7]) end
end
"""

# KEYS: stream, mark. An entry that comes later finds no mark, and calls a worker.
_FINISH: Final = """
if redis.call('XLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch did."""

    last: StreamId
    newest: Mapping[str, StreamId]
    """The last entry of each run and logged model."""
    entries: int
    bytes: int
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
        if position is None:
            return
        drained = self._drained()
        if drained is not None and drained >= position:
            return  # All that is stored was cut off, and published, before.
        if self._client.xrange(self._stream, min=str(position), max=str(position)):
            # Stored, and then somebody died: the last entry of it is there still.
            keys = (self._stream, WAITING_BYTES, drained_of(self._partition))
            self._client.eval(_CUT, 3, *keys, str(position), str(position.next()), self._partition)
        else:
            # This Redis lost what it had. Its ids may have begun anew below the position, and have passed it
            # since: nothing tells what is stored from what is new, and a point that is stored again is one.
            log.warning("the stream was lost", partition=self._partition, position=str(position))
            self._set(drained_of(self._partition), str(self._before_first()))

    def read(self, count: int, most_bytes: int, *, wait: bool) -> list[RawEntry]:
        """Return the first entries, up to a number and about so many bytes.

        If there is none, after waiting a moment for one.
        """
        entries: list[RawEntry] = []
        size, asked = 0, min(count, _FIRST_ENTRIES)
        while True:
            found = self._read_behind(entries[-1].id if entries else BEFORE_ALL, asked, wait=wait)
            for entry in found:
                entries.append(entry)
                size += len(entry.data)
                if size >= most_bytes:
                    return entries
            if len(found) < asked or len(entries) >= count:
                return entries
            # As many as fit, if they are like those before.
            asked = min(count - len(entries), (most_bytes - size) * len(entries) // max(size, 1) + 1)
            wait = False

    def _read_behind(self, last: StreamId, count: int, *, wait: bool) -> list[RawEntry]:
        block = round(BLOCK_SECONDS * 1000) if wait else None
        answer: Any = self._blocking.xread({self._stream: str(last)}, count=count, block=block)
        if not answer:
            return []
        ((_, found),) = answer
        return [
            RawEntry(StreamId.parse(entry_id), fields.get(ENTRY_FIELD, b"")) for entry_id, fields in found
        ]

    def acknowledge(self, stored: Stored) -> None:
        """Cut off what is stored, and let those go on who wait to read it."""
        keys = [self._stream, drained_of(self._partition), self._mark, COUNTS, WAITING_BYTES]
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
            self._partition,
            stored.bytes,
            *(text for _, text in notes),
        )

    def refresh_mark(self) -> None:
        """Say that the partition is drained."""
        self._set(self._mark, "drains", seconds=MARK_SECONDS)

    def finish(self) -> bool:
        """Take the mark away and return True, if nothing waits."""
        return bool(self._client.eval(_FINISH, 2, self._stream, self._mark))

    def _set(self, name: str, text: str, seconds: int | None = None) -> None:
        # A Redis without memory refuses, and needs a drain the most: what it frees can be said later.
        with suppress(OutOfMemoryError):
            self._client.set(name, text, ex=seconds)

    def _drained(self) -> StreamId | None:
        text: Any = self._client.get(drained_of(self._partition))
        return None if text is None else StreamId.parse(text)

    def _before_first(self) -> StreamId:
        first: Any = self._client.xrange(self._stream, count=1)
        if first:
            entry = StreamId.parse(first[0][0])
            return StreamId(entry.milliseconds - 1, _LAST_SEQUENCE)
        seconds, microseconds = self._client.time()
        return StreamId(seconds * 1000 + microseconds // 1000 - 1, _LAST_SEQUENCE)
