"""What workers do for ingest."""

from contextlib import suppress
from typing import Final

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.queue.waiting import wait_until_stored
from trackhelm_core.runtime import Runtime
from trackhelm_ingest.drain.drainer import Ended, drain_turn
from trackhelm_ingest.drain.sweep import EVERY_SECONDS, abandoned_partitions
from trackhelm_ingest.logic.compaction import compact_metric
from trackhelm_ingest.store.compaction import metrics_of
from trackhelm_ingest.store.points import Metric


def _redis(runtime: Runtime) -> RedisConnection:
    assert runtime.redis is not None, "a worker is configured with Redis"
    return runtime.redis


def _drain(runtime: Runtime, partition: int) -> None:
    redis = _redis(runtime)

    def compact_later(metric: Metric) -> None:
        redis.send(COMPACT_METRIC, *metric)

    if drain_turn(redis, runtime.database, partition, on_crowded=compact_later) is Ended.TURN_OVER:
        redis.send(DRAIN, partition)


def _sweep(runtime: Runtime) -> None:
    redis = _redis(runtime)
    for partition in abandoned_partitions(redis, runtime.database):
        redis.send(DRAIN, partition)


def _compact_run(runtime: Runtime, run: str) -> None:
    # Its last points may still wait. If they do so for long, their chunks stay apart, which harms nobody.
    with suppress(UnavailableError):
        wait_until_stored(runtime.redis, [run])
    with runtime.database.reading() as session:
        metrics = metrics_of(session, run)
    for metric in metrics:
        with runtime.database.writing() as session:
            compact_metric(session, metric, whole=True)


def _compact_metric(runtime: Runtime, run_id: int, key_id: int) -> None:
    with runtime.database.writing() as session:
        compact_metric(session, Metric(run_id, key_id), whole=False)


DRAIN: Final = Task("trackhelm.ingest.drain", TaskQueue.METRICS, _drain)
"""Drains a partition, for a turn at most; takes its number."""

SWEEP: Final = Task("trackhelm.ingest.sweep", TaskQueue.METRICS, _sweep, every_seconds=EVERY_SECONDS)
"""Calls a worker to each partition with a backlog that nobody drains."""

COMPACT_RUN: Final = Task("trackhelm.ingest.compact_run", TaskQueue.UPKEEP, _compact_run)
"""Merges all chunks of a run that has ended; takes its public id."""

COMPACT_METRIC: Final = Task("trackhelm.ingest.compact_metric", TaskQueue.UPKEEP, _compact_metric)
"""Merges the newest chunks of a metric that has many; takes the ids of run and key."""

TASKS: Final = (DRAIN, SWEEP, COMPACT_RUN, COMPACT_METRIC)
