"""What `trackhelm-server doctor` checks in Redis: the server, what waits in it, and its clock.

The client of Redis takes 60 ms to import: only where one is set this is imported. Must change nothing there.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from redis.exceptions import RedisError
from sqlalchemy import make_url

from trackhelm_cli.checks import NEARLY_FULL, Check, Finding, Findings, Outcome, clock_finding
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import PARTITIONS
from trackhelm_core.settings import RedisSettings
from trackhelm_ingest.metrics.queue_sink import QueueCollector

_LATE_SECONDS: Final = 60.0
"""A request or task that has waited longer is waiting for nobody: a drain takes at most 23 s."""


def check_queue(url: str, redis: RedisSettings, skipped: frozenset[Check]) -> Findings:
    """Check Redis, what waits in it, and its clock."""
    shown = make_url(url).render_as_string()
    try:
        connection = RedisConnection(url, redis)
        try:
            yield from _queue(connection, shown)
            if Check.CLOCK not in skipped:
                yield clock_finding("Redis", lambda: _redis_time(connection))
        finally:
            connection.close()
    except (RedisError, ValueError, OSError) as error:
        yield Finding(
            Check.QUEUE,
            Outcome.WRONG,
            f"{shown} does not answer: {error}",
            "Check TRACKHELM_REDIS_URL, that Redis runs, and that nothing between refuses it, such as a "
            "NetworkPolicy.",
        )


def _redis_time(connection: RedisConnection) -> float:
    seconds, microseconds = connection.client.time()
    return seconds + microseconds / 1e6


def _queue(connection: RedisConnection, shown: str) -> Findings:
    told = cast("Mapping[str, Any]", connection.client.info())
    found = [*_redis_server(told, shown)]
    begun_with = cast("bytes | None", connection.client.get(PARTITIONS))
    own = connection.settings.queue_partitions
    if begun_with is not None and int(begun_with) != own:
        begun = int(begun_with)
        found.append(
            Finding(
                Check.QUEUE,
                Outcome.WRONG,
                f"it was begun with {begun} partitions, and this process is set to {own}",
                f"Set TRACKHELM_QUEUE_PARTITIONS to {begun} in every process.",
            )
        )
    else:
        found += _waiting(connection)
    if all(finding.outcome is Outcome.OK for finding in found):
        found.append(Finding(Check.QUEUE, Outcome.OK, f"{shown} answers, and nothing waits too long"))
    yield from found


def _redis_server(told: Mapping[str, Any], shown: str) -> Findings:
    most, policy = int(told.get("maxmemory", 0)), str(told.get("maxmemory_policy", "noeviction"))
    if told.get("role") == "slave":
        yield Finding(
            Check.QUEUE,
            Outcome.WRONG,
            f"{shown} is a replica that only reads",
            "Name the primary in TRACKHELM_REDIS_URL.",
        )
    if most and policy != "noeviction":
        yield Finding(
            Check.QUEUE,
            Outcome.WRONG,
            f"it deletes what waits when its memory is full (maxmemory-policy {policy})",
            "Set `maxmemory-policy noeviction` in Redis.",
        )
    if most and int(told.get("used_memory", 0)) >= NEARLY_FULL * most:
        yield Finding(
            Check.QUEUE,
            Outcome.WARNING,
            f"{told['used_memory'] / most:.0%} of Redis' memory is used; when all is, metrics are refused",
            "Raise `maxmemory`, or find out why metrics are not stored.",
        )
    if not int(told.get("aof_enabled", 0)):
        yield Finding(
            Check.QUEUE,
            Outcome.WARNING,
            "Redis keeps no append-only file: metrics that were acknowledged are lost when it is killed",
            "Set `appendonly yes` in Redis.",
        )


def _waiting(connection: RedisConnection) -> Findings:
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in QueueCollector(connection).collect()
        for sample in family.samples
    }
    late = {
        name[1]: value
        for name, value in samples.items()
        if name[0] == "trackhelm_task_queue_oldest_seconds" and value > _LATE_SECONDS
    }
    for queue, age in late.items():
        count = int(samples["trackhelm_task_queue_waiting", queue])
        yield Finding(
            Check.QUEUE,
            Outcome.WRONG,
            f"{count} tasks wait in the queue `{queue}`, the oldest for {age:.0f} s",
            f"See whether a worker of this queue runs (`trackhelm-server worker --queue {queue}`) and what "
            "it logs; if it is busy, run more.",
        )
    oldest = max(value for name, value in samples.items() if name[0] == "trackhelm_queue_oldest_seconds")
    if oldest > _LATE_SECONDS and "metrics" not in late:
        yield Finding(
            Check.QUEUE,
            Outcome.WRONG,
            f"metrics have waited for {oldest:.0f} s, and no task is there that would store them",
            "See whether `trackhelm-server beat` runs, and what workers of the queue `metrics` log.",
        )
    size, most = samples[("trackhelm_queue_waiting_bytes",)], connection.settings.queue_backlog_bytes
    if size >= NEARLY_FULL * most:
        yield Finding(
            Check.QUEUE,
            Outcome.WARNING,
            f"{size / 2**20:.0f} MiB of metrics wait; at {most / 2**20:.0f} MiB more are refused with 429",
            "Run more workers of the queue `metrics`, or raise TRACKHELM_QUEUE_BACKLOG_BYTES and the memory "
            "of Redis.",
        )
    if dead := int(samples[("trackhelm_queue_dead_letters",)]):
        yield Finding(
            Check.QUEUE,
            Outcome.WARNING,
            f"{dead} requests with metrics could not be stored, and are kept as dead letters",
            "See `trackhelm-server dead-letter list`, then retry or drop them.",
        )
