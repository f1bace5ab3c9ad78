"""The ingest service, as compositions see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool

from trackhelm_core.runtime import Runtime
from trackhelm_core.service import Mount, Service
from trackhelm_ingest.counting import CountingSink, QueueCollector
from trackhelm_ingest.group_commit import GroupCommit
from trackhelm_ingest.queue_sink import QueueSink
from trackhelm_ingest.routes import batches, experiments, inputs, pairs, runs


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[dict[str, object]]:
    if runtime.redis is not None:
        runtime.metrics.register(QueueCollector(runtime.redis))
        queue = QueueSink(runtime.redis, runtime.database).start()
        try:
            yield {"metric_sink": CountingSink(queue, runtime.metrics)}
        finally:
            await queue.stop()
        return
    writer = GroupCommit(runtime.database).start()
    try:
        yield {"metric_sink": CountingSink(writer, runtime.metrics)}
    finally:
        await run_in_threadpool(writer.stop)


SERVICE = Service(
    name="ingest",
    mounts=(
        Mount(experiments.router),
        Mount(runs.router),
        Mount(pairs.router),
        Mount(batches.router),
        Mount(inputs.router),
    ),
    lifespan=_lifespan,
)
