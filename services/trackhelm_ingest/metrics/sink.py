"""The metric sink: the interface between the HTTP side of ingest and what stores points, and its metrics."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import ApiError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import COUNTS, DEAD_LETTERS, IN_ALL, WAITING_BYTES, StreamId, stream_of
from trackhelm_ingest.metrics.series import SeriesKey, SeriesPoints


class MetricSink(Protocol):
    """Accepts points. Each implementation says what an acknowledgement guarantees."""

    async def append(self, run: str, points: Mapping[SeriesKey, Points]) -> None:
        """Accept points for a run, by its public id; return when they cannot be lost any more.

        Raises:
            NotFoundError: There is no such run.
            InvalidParameterError: The run is deleted.
            ApiError: Too much is waiting (429), or the queue or database is unavailable (503).
        """
        ...

    def run_ended(self, run: str) -> None:
        """Note that a run, by its public id, expects no more points. Any thread may call this.

        It never fails, because only upkeep depends on it.
        """
        ...

    def runs_deleted(self, run: str | None = None) -> None:
        """Note that runs were deleted. Call this after the commit and before the request is answered.

        `run` is the public id of one run, or None for any number of runs.

        From then on every process refuses their metrics. Any thread may call this. It never fails: if the
        other processes cannot be notified, they notice the deletion seconds later.
        """
        ...


# The metrics of ingest and of its queue, for `/metrics`.

_MICROSECONDS: Final = 1_000_000

_COUNTERS: Final = (
    ("trackhelm_queue_drained_requests", b"entries", "Requests that workers stored."),
    ("trackhelm_queue_drained_points", b"points", "Metric points that workers stored."),
    ("trackhelm_queue_buried_requests", b"dead_letters", "Requests that became dead letters."),
)

Family = GaugeMetricFamily | CounterMetricFamily | SummaryMetricFamily


class CountingSink:
    """Wraps a metric sink, and counts what it accepts and refuses."""

    def __init__(self, sink: MetricSink, registry: CollectorRegistry) -> None:
        self._sink = sink
        self._requests = Counter(
            "trackhelm_metrics_accepted_requests",
            "Requests with metrics that were acknowledged.",
            registry=registry,
        )
        self._points = Counter(
            "trackhelm_metrics_accepted_points", "Metric points that were acknowledged.", registry=registry
        )
        self._refused = Counter(
            "trackhelm_metrics_refused_requests",
            "Requests with metrics that were refused, by the status of the answer.",
            ("status",),
            registry=registry,
        )

    async def append(self, run: str, points: Mapping[SeriesKey, Points]) -> None:
        """Pass on points; see `MetricSink.append`."""
        try:
            await self._sink.append(run, points)
        except ApiError as error:
            self._refused.labels(error.status).inc()
            raise
        self._requests.inc()
        self._points.inc(len(SeriesPoints.of(points).columns))

    def run_ended(self, run: str) -> None:
        """Pass a run's end on; see `MetricSink.run_ended`."""
        self._sink.run_ended(run)

    def runs_deleted(self, run: str | None = None) -> None:
        """Pass on that runs were deleted; see `MetricSink.runs_deleted`."""
        self._sink.runs_deleted(run)


class QueueCollector(Collector):
    """Reads the state of the queue from Redis at every scrape. It is the same in every process."""

    def __init__(self, redis: RedisConnection) -> None:
        self._client = redis.client
        self._partitions = range(redis.settings.queue_partitions)

    def describe(self) -> Iterator[Family]:
        """Yield nothing. Without this method, registering the collector would ask Redis."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Yield the state of the queue, or only that Redis does not answer."""
        try:
            lengths, oldest, waiting_bytes, counts, dead = _ask(self._client, self._partitions)
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


def _ask(client: Redis, partitions: range) -> tuple[list[int], list[Any], int, dict[bytes, bytes], int]:
    with client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.xlen(stream_of(partition))
        for partition in partitions:
            pipeline.xrange(stream_of(partition), count=1)
        pipeline.hget(WAITING_BYTES, IN_ALL)
        pipeline.hgetall(COUNTS)
        pipeline.xlen(DEAD_LETTERS)
        *answers, waiting_bytes, counts, dead = pipeline.execute()
    lengths, oldest = answers[: len(partitions)], answers[len(partitions) :]
    # Entries of an earlier version, which did not count bytes, may bring it below 0 for a while.
    return lengths, oldest, max(0, int(waiting_bytes or 0)), counts, dead


def _count(counts: Mapping[bytes, bytes], name: bytes) -> int:
    return int(counts.get(name, b"0"))
