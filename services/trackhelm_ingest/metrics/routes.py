"""The hot path: endpoints that log metrics, and batches of metrics, params and tags.

They are `async`, read the body themselves and touch no database; only the params and tags of a batch are
stored on a thread. They take the request only, because they are called directly.
"""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core.runtime import Runtime
from trackhelm_core.wire.replies import Empty, documented, documented_body, empty_reply
from trackhelm_core.wire.routes import DirectRoute
from trackhelm_ingest.metrics.reading import Batch, decode_batch, decode_metric
from trackhelm_ingest.metrics.schemas import LogBatch, LogMetric
from trackhelm_ingest.metrics.sink import MetricSink
from trackhelm_ingest.runs import logic


def metric_sink(request: Request) -> MetricSink:
    """Return the process's metric sink."""
    sink: MetricSink = request.app.state.metric_sink
    return sink


router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)


@router.post("/log-metric", **documented(Empty), **documented_body(LogMetric))
async def log_metric(request: Request) -> Response:
    """Log one metric point. A point that is sent twice is stored once."""
    batch = decode_metric(await request.body())
    await metric_sink(request).append(batch.run, batch.points)
    return empty_reply()


@router.post("/log-batch", **documented(Empty), **documented_body(LogBatch))
async def log_batch(request: Request) -> Response:
    """Log metrics, params and tags of one run.

    Params and tags are stored together. If a param would change, the batch is refused before any metric is
    accepted. A batch can be sent again: nothing is stored twice.
    """
    batch = decode_batch(await request.body())
    if batch.params or batch.tags or not batch.points:
        await run_in_threadpool(_store_params_and_tags, request.app.state.runtime, batch)
    if batch.points:
        await metric_sink(request).append(batch.run, batch.points)
    return empty_reply()


def _store_params_and_tags(runtime: Runtime, batch: Batch) -> None:
    with runtime.database.writing() as session:
        logic.log_params_and_tags(session, batch.run, batch.params, batch.tags)
