"""Appending entries to the streams of partitions: entries that arrive together share one round trip.

While two round trips are under way, new entries are gathered for the next one. Owns what must be atomic in
Redis: an entry, the note of its run's newest entry, the limit of the backlog, and the mark of a drainer.

Before a round trip, the appender waits for the clients that it has just answered, at most half as long as
their round trip took. Otherwise, on a slow disk, clients that send one request after another would be split
into many groups that wait for each other's round trips. A single client does not wait, and neither does a
client that sends later.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from trackhelm_core.errors import OUTAGE_RETRY_SECONDS, ApiError, ErrorCode, UnavailableError
from trackhelm_core.queue import names
from trackhelm_core.queue.connection import Command
from trackhelm_core.queue.names import (
    accepted_of,
    deleted_of,
    drainer_of,
    note_of,
    partition_of,
    quota_of,
    stream_of,
)
from trackhelm_core.settings import RedisSettings
from trackhelm_core.traces import Trace, bound_trace
from trackhelm_ingest.metrics.quotas import Charge, too_many_points

log = structlog.get_logger(__name__)

# KEYS: stream, mark, newest position, bytes that wait, epoch of runs, mark of all deleted runs, then the
# buckets of workspaces with a quota of points, then for each entry its run's mark of deletion, and its notes.
# ARGV: backlog limit, partition, seconds of a note, seconds of the mark, limit of bytes, number of buckets,
# then for each bucket its points a second and its burst, then for each entry its bytes, its number of notes,
# the epoch in which its run was looked up, and the span that it belongs to, if that is recorded; if there are
# buckets, also the number of its bucket (0 for none), and its points. Returns for how many entries there was
# room, 1 if no worker drains the partition and the caller must send the task, the epoch, the indexes of
# entries refused because their run may be deleted, and the index of each entry that came too fast with the
# milliseconds to wait.
_APPEND: Final = """
local epoch = tonumber(redis.call('GET', KEYS[5]) or '0')
local function deleted(key, known)
  -- Nothing was deleted since, for most. A number that has shrunk is of a Redis that lost what it had.
  if known == epoch then return false end
  return known > epoch or tonumber(redis.call('GET', KEYS[6]) or '0') > known
    or tonumber(redis.call('GET', key) or '0') > known
end
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1])
local free = tonumber(ARGV[5]) - tonumber(redis.call('HGET', KEYS[4], 'all') or '0')
local buckets = tonumber(ARGV[6])
local now
local function wait_for(bucket, points)
  -- As `trackhelm_core.rates` does it: the bucket holds the moment at which all that was taken is earned.
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + time[2] / 1000
  end
  local rate, burst = tonumber(ARGV[5 + 2 * bucket]) / 1000, tonumber(ARGV[6 + 2 * bucket])
  local earned = math.max(tonumber(redis.call('GET', KEYS[6 + bucket]) or now), now)
  local after = earned + points / rate
  local full = after - burst / rate
  if full > now and earned > now then return math.min(full, earned) - now end
  redis.call('SET', KEYS[6 + bucket], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1000)
  return 0
end
local seen, taken, size, key = 0, 0, 0, 7 + buckets
local refused, slowed = {}, {}
local id
for i = 7 + 2 * buckets, #ARGV, buckets > 0 and 6 or 4 do
  local notes = tonumber(ARGV[i + 1])
  if deleted(KEYS[key], tonumber(ARGV[i + 2])) then
    refused[#refused + 1] = seen
  else
    if taken >= room or size + #ARGV[i] > free then break end
    local wait = 0
    if buckets > 0 and ARGV[i + 4] ~= '0' then
      wait = wait_for(tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]))
    end
    if wait > 0 then
      slowed[#slowed + 1] = seen
      slowed[#slowed + 1] = math.ceil(wait)
    else
      if ARGV[i + 3] == '' then
        id = redis.call('XADD', KEYS[1], '*', 'd', ARGV[i])
      else
        id = redis.call('XADD', KEYS[1], '*', 'd', ARGV[i], 't', ARGV[i + 3])
      end
      taken, size = taken + 1, size + #ARGV[i]
      for note = key + 1, key + notes do
        redis.call('SET', KEYS[note], ARGV[2] .. ':' .. id, 'EX', ARGV[3])
      end
    end
  end
  seen, key = seen + 1, key + 1 + notes
end
if id then
  redis.call('SET', KEYS[3], id)
  redis.call('HINCRBY', KEYS[4], ARGV[2], size)
  redis.call('HINCRBY', KEYS[4], 'all', size)
end
local called = redis.call('SET', KEYS[2], 'called', 'NX', 'EX', ARGV[4])
return {seen, called and 1 or 0, epoch, refused, slowed}
"""

NOTE_SECONDS: Final = 7 * 86_400
"""A note expires soon after its entry is stored; this time is for an entry that is never stored."""

CALLED_SECONDS: Final = 5
"""How long a worker has to begin before another task may be sent."""

FLUSH_BYTES: Final = 8 * 1024 * 1024
"""The bytes of entries in one round trip: about 10 ms of Redis' time."""

WAITING_BYTES: Final = 64 * 1024 * 1024
"""The bytes of entries that may wait in this process for their round trip."""

ROUND_TRIPS_AT_ONCE: Final = 2
"""While Redis syncs one to the disk, the next requests are read: a tenth more small requests a second."""

GATHERING: Final = 0.5
"""How long the next round trip waits for the clients of the last one, as a share of the time that took."""

LONGEST_GATHERING_SECONDS: Final = 0.05


@dataclass(slots=True)
class _Waiting:
    run: str
    subjects: Collection[str]
    partition: int
    data: bytes
    epoch: int
    answered: asyncio.Future[None]
    trace: Trace | None
    charge: Charge | None


RoundTrip = Callable[[Sequence[Command]], Awaitable[list[Any]]]
"""Sends commands together, and returns the answer to each: an exception if a command was refused."""


class RunsChangedError(Exception):
    """The run of an entry may have been deleted since it was looked up: look it up, and append again."""


class Appender:
    """Appends entries from one event loop; calls `call_worker` for a partition without a drainer.

    It passes the trace of the first of the entries that need one.
    """

    def __init__(
        self, round_trip: RoundTrip, settings: RedisSettings, call_worker: Callable[[int, Trace | None], None]
    ) -> None:
        self._round_trip = round_trip
        self._settings = settings
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._enough = asyncio.Event()
        self._expected = 0
        self._call_worker = call_worker
        self.epoch = 0
        """The epoch of runs that was last seen. Read it first, then look a run up, then append."""

    async def append(
        self,
        run: str,
        subjects: Collection[str],
        data: bytes,
        epoch: int,
        charge: Charge | None = None,
    ) -> None:
        """Append an entry of a run that was looked up in `epoch`, and note it for its subjects.

        Returns when Redis has it, and what it counts against has been charged.

        Raises:
            RunsChangedError: The run was deleted in a later epoch: nothing was appended.
            ApiError: Too much waits, or it comes too fast (429): nothing was appended.
            UnavailableError: Redis is down or slow. The entry may or may not be appended.
        """
        if self._waiting_bytes + len(data) > WAITING_BYTES:
            raise _too_much()
        partition = partition_of(run, self._settings.queue_partitions)
        answered = asyncio.get_running_loop().create_future()
        waiting = _Waiting(run, subjects, partition, data, epoch, answered, bound_trace.get(), charge)
        self._waiting.append(waiting)
        self._waiting_bytes += len(data)
        self._changed.set()
        if len(self._waiting) >= self._expected:
            self._enough.set()
        await waiting.answered

    async def run(self) -> None:
        """Append the entries that wait, until cancelled; those that still wait then are refused."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(ROUND_TRIPS_AT_ONCE):
                    group.create_task(self._append_repeatedly())
        finally:
            for waiting in self._waiting:
                _answer(waiting, UnavailableError("The server is stopping. Send the request again."))

    async def _append_repeatedly(self) -> None:
        loop = asyncio.get_running_loop()
        answered, patience_ends = 0, 0.0
        while True:
            await self._changed.wait()
            await self._gather(answered, patience_ends)
            if not self._waiting:
                continue  # The other of these tasks has taken them.
            flush = self._next_flush()
            began = loop.time()
            await self._flush(flush)
            answered, now = len(flush), loop.time()
            patience_ends = now + min((now - began) * GATHERING, LONGEST_GATHERING_SECONDS)

    async def _gather(self, number: int, until: float) -> None:
        """Wait a moment for the clients that are about to send again."""
        if len(self._waiting) < number and asyncio.get_running_loop().time() < until:
            self._expected = number
            self._enough.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._enough.wait()

    def _next_flush(self) -> list[_Waiting]:
        flush: list[_Waiting] = []
        size = 0
        for waiting in self._waiting:
            if flush and size + len(waiting.data) > FLUSH_BYTES:
                break
            flush.append(waiting)
            size += len(waiting.data)
        del self._waiting[: len(flush)]
        self._waiting_bytes -= size
        if not self._waiting:
            self._changed.clear()
        return flush

    async def _flush(self, flush: Sequence[_Waiting]) -> None:
        partitions: defaultdict[int, list[_Waiting]] = defaultdict(list)
        for waiting in flush:
            partitions[waiting.partition].append(waiting)
        answers: list[Any]
        try:
            async with asyncio.timeout(self._settings.redis_timeout_seconds):
                answers = await self._send(partitions)
        except Exception as error:
            foreseen = isinstance(error, (RedisError, OSError, TimeoutError))
            log.warning("metrics not queued", requests=len(flush), error=repr(error), exc_info=not foreseen)
            answers = [error] * len(partitions)
        except asyncio.CancelledError:
            for waiting in flush:
                _answer(waiting, UnavailableError("The server is stopping. Send the request again."))
            raise
        for (partition, entries), answer in zip(partitions.items(), answers, strict=True):
            self._answer(partition, entries, answer)

    async def _send(self, partitions: dict[int, list[_Waiting]]) -> list[Any]:
        # One script for each partition, sent as text: a Redis that restarts forgets scripts by their digests.
        return await self._round_trip(
            [self._command(partition, entries) for partition, entries in partitions.items()]
        )

    def _command(self, partition: int, entries: Sequence[_Waiting]) -> Command:
        keys = [
            stream_of(partition),
            drainer_of(partition),
            accepted_of(partition),
            names.WAITING_BYTES,
            names.RUNS_EPOCH,
            names.ALL_DELETED,
        ]
        arguments: list[bytes | int | str] = [
            self._settings.queue_backlog,
            partition,
            NOTE_SECONDS,
            CALLED_SECONDS,
            self._settings.queue_backlog_bytes,
        ]
        # Numbered from 1 on. Where no workspace has a quota, entries say nothing of it.
        charged = dict.fromkeys(entry.charge[:2] for entry in entries if entry.charge is not None)
        buckets = {bucket: number for number, bucket in enumerate(charged, 1)}
        arguments.append(len(buckets))
        for workspace_id, rate in buckets:
            keys.append(quota_of(workspace_id))
            arguments += rate
        for entry in entries:
            keys.append(deleted_of(entry.run))
            keys += [note_of(subject) for subject in entry.subjects]
            belongs_to = "" if entry.trace is None else entry.trace.traceparent
            arguments += [entry.data, len(entry.subjects), entry.epoch, belongs_to]
            if buckets:
                charge = entry.charge
                arguments += (0, 0) if charge is None else (buckets[charge[:2]], charge.points)
        return ("EVAL", _APPEND, len(keys), *keys, *arguments)

    def _answer(self, partition: int, entries: Sequence[_Waiting], answer: Any) -> None:
        if isinstance(answer, Exception):
            unavailable = UnavailableError(
                "The queue of metrics does not answer. Send the request again.",
                retry_after_seconds=OUTAGE_RETRY_SECONDS,
            )
            unavailable.__cause__ = answer
            for waiting in entries:
                _answer(waiting, unavailable)
            return
        seen, called, self.epoch, refused, slowed = answer
        for index in refused:
            _answer(entries[index], RunsChangedError())
        for index, milliseconds in zip(slowed[::2], slowed[1::2], strict=True):
            charge = entries[index].charge
            assert charge is not None
            _answer(entries[index], too_many_points(charge.rate, milliseconds / 1000))
        for waiting in entries[:seen]:
            _answer(waiting, None)
        for waiting in entries[seen:]:
            _answer(waiting, _too_much())
        if called:
            self._call_worker(partition, entries[0].trace)


def _answer(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.answered.done():
        return  # It was refused, or the caller has disconnected; the entry is stored anyway.
    if error is None:
        waiting.answered.set_result(None)
    else:
        waiting.answered.set_exception(error)


def _too_much() -> ApiError:
    return ApiError(
        ErrorCode.REQUEST_LIMIT_EXCEEDED,
        "Too many metrics wait to be stored. Send the request again later.",
        retry_after_seconds=1,
    )
