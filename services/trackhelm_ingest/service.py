"""The record of the ingest service, for compositions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.concurrency import run_in_threadpool

from trackhelm_core.queue.repeating import repeated
from trackhelm_core.runtime import Mount, Runtime, Service
from trackhelm_domain.gone_workspaces import LOOK_SECONDS
from trackhelm_domain.journal_backlog import JournalBacklog
from trackhelm_domain.quotas.book import QuotaBook
from trackhelm_ingest.datasets import routes as datasets_routes
from trackhelm_ingest.deletion.left_overs import purge_left_overs
from trackhelm_ingest.experiments import routes as experiments_routes
from trackhelm_ingest.metrics import routes as metrics_routes
from trackhelm_ingest.metrics.drain.journal import JournalCollector, JournalDrain
from trackhelm_ingest.metrics.group_commit import GroupCommit
from trackhelm_ingest.metrics.permissions import LoggingRights
from trackhelm_ingest.metrics.quotas import MetricQuotas
from trackhelm_ingest.metrics.sink import CountingSink
from trackhelm_ingest.metrics.upkeep import Upkeep
from trackhelm_ingest.runs import routes as runs_routes


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[dict[str, object]]:
    rights = LoggingRights(runtime.database)
    quotas = MetricQuotas(runtime.database, runtime.part(QuotaBook))
    state = {"logging_rights": rights, "metric_quotas": quotas}
    if runtime.redis is not None:
        # With the client of Redis they take 60 ms to import.
        from trackhelm_ingest.metrics.queue_sink import QueueCollector, QueueSink  # noqa: PLC0415
        from trackhelm_ingest.tasks import COMPACT_RUN, DRAIN  # noqa: PLC0415

        runtime.metrics.register(QueueCollector(runtime.redis))
        queue = QueueSink(
            runtime.redis, runtime.database, drain=DRAIN, compact_run=COMPACT_RUN, rights=rights
        ).start()
        try:
            yield {"metric_sink": CountingSink(queue, runtime.metrics), **state}
        finally:
            await queue.stop()
        return
    assert isinstance(runtime.backlog, JournalBacklog), "without Redis, what waits is in the journal"
    runtime.metrics.register(JournalCollector(runtime.database))
    upkeep = Upkeep(runtime.database)
    drain = JournalDrain(runtime.database, runtime.backlog, upkeep).start()
    writer = GroupCommit(runtime.database, runtime.backlog, upkeep).start()
    try:
        async with repeated(partial(purge_left_overs, runtime), LOOK_SECONDS):
            yield {"metric_sink": CountingSink(writer, runtime.metrics), **state}
    finally:
        await run_in_threadpool(writer.stop)
        await run_in_threadpool(drain.stop)


SERVICE = Service(
    name="ingest",
    mounts=(
        Mount(experiments_routes.router),
        Mount(runs_routes.router),
        Mount(runs_routes.params_and_tags_router),
        Mount(metrics_routes.router),
        Mount(metrics_routes.columns_router),
        Mount(metrics_routes.info_router),
        Mount(runs_routes.own_router),
        Mount(datasets_routes.router),
    ),
    lifespan=_lifespan,
)
