"""The hot path: endpoints that log metrics, and batches of metrics, params and tags.

Those that log are `async`, read the body themselves and touch no database; only the params and tags of a
batch are stored on a thread. They take the request only, because they are called directly.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core import __version__
from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import ApiError
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.runtime import Runtime
from trackhelm_core.wire.replies import Empty, documented, documented_body, empty_reply, reply
from trackhelm_core.wire.routes import DirectRoute
from trackhelm_ingest.metrics.columns import (
    COMPRESSIONS,
    CONTENT_TYPE,
    PROTOCOL,
    Body,
    Refused,
    points_of,
    read_columns,
)
from trackhelm_ingest.metrics.permissions import LoggingRights
from trackhelm_ingest.metrics.quotas import Charge, MetricQuotas
from trackhelm_ingest.metrics.reading import Batch, decode_batch, decode_metric
from trackhelm_ingest.metrics.schemas import Capabilities, LogBatch, LogMetric, RefusedPoints, StoredMetrics
from trackhelm_ingest.metrics.series import SeriesKey, SeriesPoints
from trackhelm_ingest.metrics.sink import MetricSink
from trackhelm_ingest.runs import logic


def metric_sink(request: Request) -> MetricSink:
    """Return the process's metric sink."""
    sink: MetricSink = request.app.state.metric_sink
    return sink


def logging_rights(request: Request) -> LoggingRights:
    """Return what checks the requests of the process."""
    rights: LoggingRights = request.app.state.logging_rights
    return rights


def metric_quotas(request: Request) -> MetricQuotas:
    """Return what holds the points of the process against the quotas of workspaces."""
    quotas: MetricQuotas = request.app.state.metric_quotas
    return quotas


async def _charge(request: Request, batch: Batch) -> Charge | None:
    quotas = metric_quotas(request)
    if not quotas.may_apply:
        return None
    await quotas.check_series(batch.run, batch.points)
    return await quotas.charge(_number_of(batch.points))


def _number_of(points: Mapping[SeriesKey, Points]) -> int:
    return len(SeriesPoints.of(points).columns)


router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)


@router.post("/log-metric", **documented(Empty), **documented_body(LogMetric))
@needs(Need.EDIT)
async def log_metric(request: Request) -> Response:
    """Log one metric point. A point that is sent twice is stored once."""
    batch = decode_metric(await request.body())
    await logging_rights(request).check(batch.run, batch.points)
    charge = await _charge(request, batch)
    await metric_sink(request).append(batch.run, batch.points, charge)
    return empty_reply()


@router.post("/log-batch", **documented(Empty), **documented_body(LogBatch))
@needs(Need.EDIT)
async def log_batch(request: Request) -> Response:
    """Log metrics, params and tags of one run.

    Params and tags are stored together. If a param would change, the batch is refused before any metric is
    accepted. A batch can be sent again: nothing is stored twice.
    """
    batch = decode_batch(await request.body())
    await logging_rights(request).check(batch.run, batch.points)
    charge = await _charge(request, batch)
    if batch.params or batch.tags or not batch.points:
        await run_in_threadpool(_store_params_and_tags, request.app.state.runtime, batch)
    if batch.points:
        await metric_sink(request).append(batch.run, batch.points, charge)
    return empty_reply()


def _store_params_and_tags(runtime: Runtime, batch: Batch) -> None:
    with runtime.database.writing() as session:
        logic.log_params_and_tags(session, batch.run, batch.params, batch.tags)


# Our own client's way: columns of many runs in one request, and what tells it that they are taken.


class ColumnsRoute(DirectRoute):
    """A route whose body is columns."""

    content_type = CONTENT_TYPE


_COLUMNS: Final[dict[str, Any]] = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}

columns_router = APIRouter(prefix="/trackhelm", route_class=ColumnsRoute)
info_router = APIRouter(prefix="/trackhelm")

_TRIED_AGAIN: Final = frozenset({429, 503})


@columns_router.post("/metrics", **documented(StoredMetrics), **_COLUMNS)
@needs(Need.EDIT)
async def log_columns(request: Request) -> Response:
    """Log metrics of many runs, given as columns. Points that are sent twice are stored once.

    What cannot be stored is named in the answer, and everything else is stored. If the server cannot store
    points of some run now, the answer is its failure, and the whole request is to be sent again.
    """
    body = read_columns(await request.body())
    if not body.runs:
        current_access().is_checked = True  # Nothing is left that names a run: every block is refused.
    refused = [*body.refused, *await _append(request, body)]
    refused.sort(key=lambda one: (one.block, one.row or 0))
    found = [RefusedPoints(one.block, one.error.code, one.error.message, one.row) for one in refused]
    return reply(StoredMetrics(body.sequence, found))


async def _append(request: Request, body: Body) -> list[Refused]:
    """Append the points of every run, and return the blocks of runs that take none."""
    rights, quotas, sink = logging_rights(request), metric_quotas(request), metric_sink(request)

    async def append(
        run: str, points: Mapping[SeriesKey, Points], charge: Charge | None = None
    ) -> ApiError | None:
        try:
            await rights.check(run, points)
            await quotas.check_series(run, points)
            await sink.append(run, points, charge)
        except ApiError as error:
            return error
        return None

    waiting = [(run, points_of(blocks)) for run, blocks in body.runs.items()]
    appended: list[BaseException | None] = []
    charge = await quotas.charge(sum(_number_of(points) for _, points in waiting))
    while charge is not None and waiting:
        # All points are charged with the first run that takes any: a request that comes too fast is refused
        # as a whole, and does not use up what it needs when it is sent again.
        run, points = waiting.pop(0)
        refusal = await append(run, points, charge)
        if refusal is None:
            charge = None
        elif refusal.status in _TRIED_AGAIN:
            raise refusal
        appended.append(refusal)
    appended += await asyncio.gather(
        *(append(run, points) for run, points in waiting), return_exceptions=True
    )
    refused: list[Refused] = []
    for blocks, error in zip(body.runs.values(), appended, strict=True):
        if isinstance(error, ApiError) and error.status not in _TRIED_AGAIN:
            refused += [Refused(block.number, error) for block in blocks]
        elif error is not None:
            raise error
    return refused


@info_router.get("/server-info", **documented(Capabilities))
@needs(Need.PUBLIC)
async def capabilities() -> Response:
    """Answer what this server offers beside MLflow's API."""
    return reply(
        Capabilities(
            version=__version__,
            metrics_protocols=[PROTOCOL],
            metrics_compressions=list(COMPRESSIONS),
            metrics_body_bytes=JSON_BODY_BYTES,
            labels=True,
            client_run_ids=True,
        )
    )
