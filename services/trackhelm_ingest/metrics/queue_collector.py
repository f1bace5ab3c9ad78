"""What `/metrics` says of the queue of metrics, which Redis is asked for at every scrape."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import COUNTS, DEAD_LETTERS, IN_ALL, WAITING_BYTES, StreamId, stream_of

_MICROSECONDS: Final = 1_000_000

_COUNTERS: Final = (
    ("trackhelm_queue_drained_requests", b"entries", "Requests that workers stored."),
    ("trackhelm_queue_drained_points", b"points", "Metric points that workers stored."),
    ("trackhelm_queue_buried_requests", b"dead_letters", "Requests that became dead letters."),
)

Family = GaugeMetricFamily | CounterMetricFamily | SummaryMetricFamily


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
