"""The metric sink of the split shape: points are appended to a Redis stream and stored by a worker."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from starlette.concurrency import run_in_threadpool

from trackhelm_core.chunks.points import Points
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_ingest.appending import Appender
from trackhelm_ingest.entries import pack_entry
from trackhelm_ingest.series import SeriesKey
from trackhelm_ingest.tasks import COMPACT_RUN, DRAIN
from trackhelm_ingest.writable_runs import WritableRuns


class QueueSink:
    """Acknowledged means that Redis has it: with `appendonly yes` it survives a killed process."""

    def __init__(self, redis: RedisConnection, database: Database) -> None:
        self._redis = redis
        self._client = redis.async_client()
        self._appender = Appender(self._client, redis.settings)
        self._runs = WritableRuns(database)
        self._appending: asyncio.Task[None] | None = None
        self._calling: asyncio.Task[None] | None = None

    def start(self) -> Self:
        """Start appending, in the running event loop."""
        self._appending = asyncio.create_task(self._appender.run())
        self._calling = asyncio.create_task(self._call_workers())
        return self

    async def stop(self) -> None:
        """Stop, when requests are all answered: workers that are to be called still are."""
        if self._appending is not None and self._calling is not None:
            self._appending.cancel()
            with suppress(asyncio.CancelledError):
                await self._appending
            await self._calling
        await self._client.aclose()

    async def append(self, run: str, points: Mapping[SeriesKey, Points]) -> None:
        """Queue points; see `MetricSink.append`."""
        await self._runs.check(run)
        await self._appender.append(run, pack_entry(run, points))

    def run_ended(self, run: str) -> None:
        """Have the run's metrics compacted; see `MetricSink.run_ended`."""
        self._redis.send(COMPACT_RUN, run)

    async def _call_workers(self) -> None:
        while (partition := await self._appender.next_call()) is not None:
            await run_in_threadpool(self._redis.send, DRAIN, partition)
