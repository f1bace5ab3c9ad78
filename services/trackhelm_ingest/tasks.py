"""The tasks of the ingest service."""

import time
from collections.abc import Collection, Sequence
from typing import Final

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.slices import run_slice
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.runtime import Runtime
from trackhelm_domain.gone_workspaces import LOOK_SECONDS
from trackhelm_ingest.deletion.left_overs import purge_left_overs
from trackhelm_ingest.deletion.logic import delete_some
from trackhelm_ingest.metrics.compaction import compact_metric
from trackhelm_ingest.metrics.drain.drainer import (
    SWEEP_EVERY_SECONDS,
    Ended,
    abandoned_partitions,
    drain_slice,
)
from trackhelm_ingest.metrics.store import Metric, metrics_of
from trackhelm_ingest.runs.logic import FINALIZE_EVERY_SECONDS, finalize_some

PURGE_SLICE_SECONDS: Final = 30.0
"""The time slice of a purge, after which the task is sent again for the rest."""

METRICS_A_TASK: Final = 100
"""How many metrics one task compacts. All metrics of a run get many chunks at the same time, and one message
for each metric would delay the drain that sends them."""


def _redis(runtime: Runtime) -> RedisConnection:
    assert runtime.redis is not None, "a worker is configured with Redis"
    return runtime.redis


def _drain(runtime: Runtime, partition: int) -> None:
    redis = _redis(runtime)

    def compact_later(metrics: Collection[Metric]) -> None:
        waiting = sorted(metrics)
        for begin in range(0, len(waiting), METRICS_A_TASK):
            redis.send(COMPACT_METRICS, waiting[begin : begin + METRICS_A_TASK])

    if drain_slice(redis, runtime.database, partition, on_crowded=compact_later) is Ended.SLICE_OVER:
        redis.send(DRAIN, partition)


def _sweep(runtime: Runtime) -> None:
    redis = _redis(runtime)
    for partition in abandoned_partitions(redis, runtime.database):
        redis.send(DRAIN, partition)


def _compact_run(runtime: Runtime, run: str, after_key: int = 0) -> None:
    redis = _redis(runtime)
    with runtime.database.reading() as session:
        metrics = metrics_of(session, run, after_key=after_key)
    for metric in metrics:
        with runtime.database.writing() as session:
            compact_metric(session, metric, whole=True)
        if redis.tasks_waiting(TaskQueue.METRICS):
            # A read may wait for what this worker could drain, and no request waits for compaction.
            redis.send(COMPACT_RUN, run, metric.key_id)
            return


def _compact_metrics(runtime: Runtime, metrics: Sequence[Sequence[int]]) -> None:
    for run_id, key_id in metrics:
        with runtime.database.writing() as session:
            compact_metric(session, Metric(run_id, key_id), whole=False)


def _finalize(runtime: Runtime) -> None:
    deadline = time.monotonic() + FINALIZE_EVERY_SECONDS
    more = True
    while more and time.monotonic() < deadline:
        with runtime.database.writing() as session:
            more = finalize_some(session)


def _purge(runtime: Runtime, ticket: str = "") -> None:
    def slice_of_work() -> bool:
        deadline = time.monotonic() + PURGE_SLICE_SECONDS
        while time.monotonic() < deadline:
            with runtime.database.writing() as session:
                if not delete_some(session):
                    return False
        return True

    run_slice(_redis(runtime), PURGE, ticket, slice_of_work)


def _purge_left_overs(runtime: Runtime, ticket: str = "") -> None:
    def whole_work() -> bool:
        purge_left_overs(runtime)
        return False

    run_slice(_redis(runtime), PURGE_LEFT_OVERS, ticket, whole_work)


DRAIN: Final = Task("trackhelm.ingest.drain", TaskQueue.METRICS, _drain)
"""Drains a partition for a time slice; the argument is the number of the partition."""

SWEEP: Final = Task("trackhelm.ingest.sweep", TaskQueue.METRICS, _sweep, every_seconds=SWEEP_EVERY_SECONDS)
"""Sends `drain` for each partition with a backlog and no drainer."""

COMPACT_RUN: Final = Task(
    # Delayed, so that the last points of a run are stored by then.
    "trackhelm.ingest.compact_run",
    TaskQueue.UPKEEP,
    _compact_run,
    delay_seconds=5,
)
"""Merges all chunks of a run that has ended; takes its public id, and the key id after which to continue."""

COMPACT_METRICS: Final = Task("trackhelm.ingest.compact_metrics", TaskQueue.UPKEEP, _compact_metrics)
"""Merges the newest chunks of metrics that have many. The argument is a list of their run ids and key ids."""

FINALIZE: Final = Task(
    "trackhelm.ingest.finalize", TaskQueue.UPKEEP, _finalize, every_seconds=FINALIZE_EVERY_SECONDS
)
"""Finalizes runs that have ended."""

PURGE: Final = Task("trackhelm.ingest.purge", TaskQueue.UPKEEP, _purge, delay_seconds=1, every_seconds=60)
"""Deletes the rows of runs and experiments that were deleted for good; the argument is the slice's ticket."""

PURGE_LEFT_OVERS: Final = Task(
    "trackhelm.ingest.purge_left_overs", TaskQueue.UPKEEP, _purge_left_overs, every_seconds=LOOK_SECONDS
)
"""Marks as deleted for good what is left of deleted workspaces."""

TASKS: Final = (DRAIN, SWEEP, COMPACT_RUN, COMPACT_METRICS, FINALIZE, PURGE, PURGE_LEFT_OVERS)
