"""The metric sink of the split shape: points are appended to a Redis stream and stored by a worker.

Also what `/metrics` says of that queue; Redis is asked for it at every scrape.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool

from trackhelm_core.chunks.points import Points
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.broker import SENT_AT, UNACKNOWLEDGED, waiting_of
from trackhelm_core.queue.connection import RedisConnection, round_trip
from trackhelm_core.queue.names import (
    ALL_DELETED,
    COUNTS,
    DEAD_LETTERS,
    GIVEN_UP,
    IN_ALL,
    WAITING_BYTES,
    StreamId,
    deleted_of,
    stream_of,
)
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.traces import Trace, bound_trace
from trackhelm_ingest.metrics.appending import Appender, RunsChangedError
from trackhelm_ingest.metrics.entries import pack_entry
from trackhelm_ingest.metrics.permissions import LoggingRights
from trackhelm_ingest.metrics.quotas import Charge
from trackhelm_ingest.metrics.series import SeriesKey, subjects_of
from trackhelm_ingest.metrics.writable_runs import WritableRuns

log = structlog.get_logger(__name__)

ERRANDS: Final = 1_000
"""Tasks that may wait to be sent. More wait only while Redis is down; beat sends those that are dropped."""

STOP_SECONDS: Final = 3.0
"""How long the server goes on sending tasks when it stops."""

_TRIES: Final = 5
"""The second try finds that a run is deleted. More are needed only if other runs are deleted meanwhile."""


class QueueSink:
    """The sink over Redis. Acknowledged means that Redis has it; with `appendonly yes` it survives a kill."""

    def __init__(
        self,
        redis: RedisConnection,
        database: Database,
        *,
        drain: Task,
        compact_run: Task,
        rights: LoggingRights | None = None,
    ) -> None:
        self._drain = drain
        self._compact_run = compact_run
        self._redis = redis
        self._client = redis.async_client()
        self._appender = Appender(partial(round_trip, self._client), redis.settings, self._call_worker)
        self._runs = WritableRuns(database)
        self._rights = rights or LoggingRights(database)
        self._errands: asyncio.Queue[tuple[Task, int | str, Trace | None] | None] = asyncio.Queue(ERRANDS)
        self._loop = asyncio.get_running_loop()
        self._background: list[asyncio.Task[None]] = []

    def start(self) -> Self:
        """Start appending, in the running event loop."""
        self._background = [
            asyncio.create_task(self._appender.run()),
            asyncio.create_task(self._run_errands()),
        ]
        return self

    async def stop(self) -> None:
        """Stop, after all requests are answered. Tasks that wait to be sent are still sent."""
        appending, sending = self._background
        appending.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._errands.put(None)
                await sending
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._client.aclose()

    async def append(
        self, run: str, points: Mapping[SeriesKey, Points], charge: Charge | None = None
    ) -> None:
        """Queue points; see `MetricSink.append`."""
        subjects, data = subjects_of(run, points), pack_entry(run, points)
        for _ in range(_TRIES):
            newest = self._appender.epoch
            # Of what was looked up earlier, the run or the rights of who asks, the older one counts.
            allowed = await self._rights.read_in(newest)
            epoch = await self._runs.check(run, newest)
            try:
                return await self._appender.append(run, subjects, data, min(epoch, allowed), charge)
            except RunsChangedError:
                self._runs.forget(run, epoch)
                self._rights.forget()
                await self._rights.read_in(self._appender.epoch)
                await self._rights.check(run, points)
        raise UnavailableError("Runs are being deleted and restored all the time. Send the request again.")

    def run_ended(self, run: str) -> None:
        """Send the task that compacts the run's metrics; see `MetricSink.run_ended`."""
        self._loop.call_soon_threadsafe(self._send_later, self._compact_run, run, bound_trace.get())

    def runs_deleted(self, run: str | None = None) -> None:
        """Make every process look up deleted runs again; see `MetricSink.runs_deleted`."""
        if not self._redis.begin_epoch(ALL_DELETED if run is None else deleted_of(run)):
            log.warning("deleted runs accept metrics for some seconds")

    def _call_worker(self, partition: int, trace: Trace | None) -> None:
        self._send_later(self._drain, partition, trace)

    def _send_later(self, task: Task, argument: int | str, trace: Trace | None) -> None:
        try:
            self._errands.put_nowait((task, argument, trace))
        except asyncio.QueueFull:
            log.warning("a task was not sent", task=task.name, argument=argument, error="too many wait")

    async def _run_errands(self) -> None:
        # Sending blocks, for seconds if Redis hangs. No request waits for it.
        while (errand := await self._errands.get()) is not None:
            task, argument, trace = errand
            await run_in_threadpool(partial(self._redis.send, task, argument, trace=trace))


# What `/metrics` says of the queue.

_MICROSECONDS: Final = 1_000_000

_COUNTERS: Final = (
    ("trackhelm_queue_drained_requests", b"entries", "Requests that workers stored."),
    ("trackhelm_queue_drained_points", b"points", "Metric points that workers stored."),
    ("trackhelm_queue_buried_requests", b"dead_letters", "Requests that became dead letters."),
    (
        "trackhelm_webhook_given_up_deliveries",
        GIVEN_UP.encode(),
        "Deliveries to webhooks that became dead letters.",
    ),
)

Family = GaugeMetricFamily | CounterMetricFamily | SummaryMetricFamily


class QueueCollector(Collector):
    """Reads the state of the queues from Redis at every scrape. It is the same in every process."""

    def __init__(self, redis: RedisConnection) -> None:
        self._client = redis.client
        self._partitions = range(redis.settings.queue_partitions)

    def describe(self) -> Iterator[Family]:
        """Yield nothing. Without this method, registering the collector would ask Redis."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Yield the state of the queue, or only that Redis does not answer."""
        try:
            lengths, oldest, waiting_bytes, counts, dead, tasks = _ask(self._client, self._partitions)
        except RedisError:
            yield GaugeMetricFamily("trackhelm_queue_up", "Whether Redis answers.", value=0)
            return
        yield GaugeMetricFamily("trackhelm_queue_up", "Whether Redis answers.", value=1)
        waiting = GaugeMetricFamily(
            "trackhelm_queue_waiting_requests", "Requests that wait to be stored.", labels=["partition"]
        )
        age = GaugeMetricFamily(
            "trackhelm_queue_oldest_seconds", "Age of the oldest request that waits.", labels=["partition"]
        )
        now = time.time()
        for partition, length, first in zip(self._partitions, lengths, oldest, strict=True):
            waiting.add_metric([str(partition)], length)
            began = StreamId.parse(first[0][0]).milliseconds / 1000 if first else now
            age.add_metric([str(partition)], max(0.0, now - began))
        yield waiting
        yield GaugeMetricFamily(
            "trackhelm_queue_waiting_bytes", "Bytes that wait to be stored.", value=waiting_bytes
        )
        yield age
        for name, counted, meaning in _COUNTERS:
            yield CounterMetricFamily(name, meaning, value=_count(counts, counted))
        yield SummaryMetricFamily(
            "trackhelm_queue_drain_seconds",
            "Time to store a batch of requests.",
            count_value=_count(counts, b"batches"),
            sum_value=_count(counts, b"microseconds") / _MICROSECONDS,
        )
        yield GaugeMetricFamily("trackhelm_queue_dead_letters", "Dead letters that are kept.", value=dead)
        yield from _task_queues(tasks, now)


def _task_queues(tasks: Sequence[Any], now: float) -> Iterator[Family]:
    waiting = GaugeMetricFamily(
        "trackhelm_task_queue_waiting", "Messages that no worker has taken.", labels=["queue"]
    )
    age = GaugeMetricFamily(
        "trackhelm_task_queue_oldest_seconds", "Age of the oldest of them.", labels=["queue"]
    )
    *lists, unacknowledged = tasks
    for queue, length, oldest in zip(TaskQueue, lists[::2], lists[1::2], strict=True):
        waiting.add_metric([queue.value], length)
        # A message of an earlier version does not say when it was sent.
        sent = json.loads(oldest)["properties"].get(SENT_AT, now) if oldest else now
        age.add_metric([queue.value], max(0.0, now - sent))
    yield waiting
    yield age
    yield GaugeMetricFamily(
        "trackhelm_task_queue_unacknowledged",
        "Messages that workers have taken and not finished, of all queues.",
        value=unacknowledged,
    )


def _ask(
    client: Redis, partitions: range
) -> tuple[list[int], list[Any], int, dict[bytes, bytes], int, list[Any]]:
    with client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.xlen(stream_of(partition))
        for partition in partitions:
            pipeline.xrange(stream_of(partition), count=1)
        pipeline.hget(WAITING_BYTES, IN_ALL)
        pipeline.hgetall(COUNTS)
        pipeline.xlen(DEAD_LETTERS)
        for queue in TaskQueue:
            pipeline.llen(waiting_of(queue))
            pipeline.lindex(waiting_of(queue), -1)
        pipeline.hlen(UNACKNOWLEDGED)
        answers = pipeline.execute()
    streams = 2 * len(partitions)
    lengths, oldest = answers[: len(partitions)], answers[len(partitions) : streams]
    waiting_bytes, counts, dead, *tasks = answers[streams:]
    # Entries of an earlier version, which did not count bytes, may bring it below 0 for a while.
    return lengths, oldest, max(0, int(waiting_bytes or 0)), counts, dead, tasks


def _count(counts: Mapping[bytes, bytes], name: bytes) -> int:
    return int(counts.get(name, b"0"))
