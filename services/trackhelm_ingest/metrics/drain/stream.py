"""The stream of a partition, for its drainer.

Stored entries are removed, so the stream has only entries that are not stored yet. Reading therefore always
begins at its first entry, and the position in the database is needed only for entries that were stored but
not removed because of a crash.
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
    TRACE_FIELD,
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
"""How long the mark lasts after it was last renewed; then a killed worker is noticed. If a batch takes
longer, another task may be sent, but that finds the lock taken and ends."""

BLOCK_SECONDS: Final = 0.5
"""The longest wait for an entry at the Redis server; the mark is renewed this often."""

STORED_NOTE_SECONDS: Final = 60
"""How long the note of a stored entry is kept for reads that began earlier. No read takes so long."""

_LAST_SEQUENCE: Final = 2**63

_FIRST_ENTRIES: Final = 16
"""How many entries are read first, while their size is unknown."""

# Subtracts bytes that do not wait any more. An empty stream has none, whatever was counted.
_FREE: Final = """
local function free(stream, waiting, partition, bytes)
  if redis.call('XLEN', stream) == 0 then bytes = redis.call('HGET', waiting, partition) or 0 end
  bytes = tonumber(bytes)
  if bytes == 0 then return end
  redis.call('HINCRBY', waiting, partition, -bytes)
  redis.call('HINCRBY', waiting, 'all', -bytes)
end
"""

# KEYS: stream, bytes that wait, drained position. ARGV: the position, the id at which the stream begins now,
# partition.
_CUT: Final = f"""{_FREE}
local bytes = 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', ARGV[1])) do bytes = bytes + #entry[2][2] end
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
redis.call('SET', KEYS[3], ARGV[1])
free(KEYS[1], KEYS[2], ARGV[3], bytes)
"""

# KEYS: stream, drained position, mark, counts, bytes that wait, then notes. ARGV: the position, the id at
# which the stream begins now, seconds of the mark, entries, points and microseconds to count, seconds of a
# note that is stored, partition, bytes that do not wait any more, then the value of each note unless a newer
# entry was accepted. XTRIM comes first: without free memory, Redis allows the other writes only in a script
# that has already written.
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
    """What a batch stored."""

    last: StreamId
    newest: Mapping[str, StreamId]
    """The last entry of each run and logged model."""
    entries: int
    bytes: int
    points: int
    seconds: float


class PartitionStream:
    """The stream of one partition. `blocking` is a client for commands that block at the server."""

    def __init__(self, redis: RedisConnection, blocking: Redis, partition: int) -> None:
        self._client = redis.client
        self._blocking = blocking
        self._partition = partition
        self._stream = stream_of(partition)
        self._mark = drainer_of(partition)

    def begin(self, position: StreamId | None) -> None:
        """Remove the entries up to `position`, which are stored, and publish the position."""
        self.refresh_mark()
        if position is None:
            return
        drained = self._drained()
        if drained is not None and drained >= position:
            return  # Everything up to it was removed, and the position published, before.
        if self._client.xrange(self._stream, min=str(position), max=str(position)):
            # A drainer died after it had stored a batch: the last entry of it is still in the stream.
            keys = (self._stream, WAITING_BYTES, drained_of(self._partition))
            self._client.eval(_CUT, 3, *keys, str(position), str(position.next()), self._partition)
        else:
            # This Redis has lost its data. Its ids may have started again below the position and passed it
            # since, so stored and new entries cannot be told apart; a point that is stored twice is one
            # point.
            log.warning("the stream was lost", partition=self._partition, position=str(position))
            self._set(drained_of(self._partition), str(self._before_first()))

    def read(self, count: int, most_bytes: int, *, wait: bool) -> list[RawEntry]:
        """Return the first entries: at most `count`, and about `most_bytes` bytes.

        If there is none and `wait` is set, it waits a moment for one.
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
            # As many as fit, if they are as large as those before.
            asked = min(count - len(entries), (most_bytes - size) * len(entries) // max(size, 1) + 1)
            wait = False

    def _read_behind(self, last: StreamId, count: int, *, wait: bool) -> list[RawEntry]:
        block = round(BLOCK_SECONDS * 1000) if wait else None
        answer: Any = self._blocking.xread({self._stream: str(last)}, count=count, block=block)
        if not answer:
            return []
        ((_, found),) = answer
        return [
            RawEntry(
                StreamId.parse(entry_id), fields.get(ENTRY_FIELD, b""), fields.get(TRACE_FIELD, b"").decode()
            )
            for entry_id, fields in found
        ]

    def acknowledge(self, stored: Stored) -> None:
        """Remove the stored entries and publish the position, so that waiting reads go on."""
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
        """Renew the mark that says that the partition is being drained."""
        self._set(self._mark, "drains", seconds=MARK_SECONDS)

    def finish(self) -> bool:
        """Remove the mark and return True if the stream is empty; else return False."""
        return bool(self._client.eval(_FINISH, 2, self._stream, self._mark))

    def _set(self, name: str, text: str, seconds: int | None = None) -> None:
        # A Redis without free memory refuses this, but the drain must go on, because it frees memory. The
        # value is set again later.
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
