"""Endpoints that read the history of metrics, and those of Trackhelm's own API for series."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.limits import BULK_HISTORY_RUNS, CHART_RUNS
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply, streamed_reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.runs.schemas import Metric
from trackhelm_query.metrics import logic, schemas

router = APIRouter(prefix="/mlflow/metrics", route_class=WireRoute)
browser_router = APIRouter(prefix="/mlflow/metrics", route_class=WireRoute)
"""Served to browsers only, as in MLflow."""


@router.get("/get-history", **documented(schemas.HistoryPage))
@needs(Need.READ)
async def get_history(query: Annotated[schemas.GetHistory, Query()], runtime: RuntimeDep) -> Response:
    """Get the points of one metric of a run; none for a run or metric that does not exist."""

    def page(token: str) -> schemas.HistoryPage:
        with runtime.database.reading() as session:
            points, next_token = logic.get_history(
                session, query.run, query.metric_key, max_results=query.max_results, page_token=token
            )
        return schemas.HistoryPage(schemas.metric_messages(query.metric_key, points), next_token)

    def pages(first: schemas.HistoryPage) -> Iterator[list[Metric]]:
        # Each is read by a transaction of its own, so that none stays open for a client that reads slowly.
        found = first
        yield found.metrics
        while found.next_page_token:
            found = page(found.next_page_token)
            yield found.metrics

    def read() -> Response:
        found = page(query.page_token)
        # A client that names no size takes what it gets for the whole, and ignores the token.
        if query.max_results is None and found.next_page_token:
            return streamed_reply("metrics", pages(found))
        return reply(found)

    return await runtime.reads.read([query.run], read)


@browser_router.get("/get-history-bulk", **documented(schemas.BulkHistories))
@needs(Need.READ)
async def get_history_bulk(
    query: Annotated[schemas.GetHistoryBulk, Query()], runtime: RuntimeDep
) -> Response:
    """Get the points of one metric of several runs."""

    def read() -> Response:
        with runtime.database.reading() as session:
            found = logic.get_history_bulk(
                session, query.run_id, query.metric_key, max_results=query.max_results
            )
        return reply(schemas.BulkHistories(schemas.run_metric_messages(query.metric_key, found)))

    # A request with more runs is refused later.
    return await runtime.reads.read(query.run_id[:BULK_HISTORY_RUNS], read)


@router.get("/get-history-bulk-interval", **documented(schemas.RunHistories))
@needs(Need.READ)
async def get_history_bulk_interval(
    query: Annotated[schemas.GetHistoryBulkInterval, Query()], runtime: RuntimeDep
) -> Response:
    """Get evenly sampled points of one metric of several runs, in a range of steps."""

    def read() -> Response:
        with runtime.database.reading() as session:
            found = logic.get_history_samples(
                session,
                query.run_ids,
                query.metric_key,
                steps=(query.start_step, query.end_step),
                max_results=query.max_results,
            )
        return reply(schemas.RunHistories(schemas.run_metric_messages(query.metric_key, found)))

    return await runtime.reads.read(query.run_ids[:BULK_HISTORY_RUNS], read)


series_router = APIRouter(prefix="/trackhelm/series", route_class=WireRoute)


@series_router.post("/list", **documented(schemas.SeriesPage))
@needs(Need.READ)
async def list_series(body: schemas.ListSeries, runtime: RuntimeDep) -> Response:
    """List the series of runs with their labels and summaries, without reading the history."""

    def read() -> Response:
        with runtime.database.reading() as session:
            records, next_page_token = logic.list_series(
                session,
                body.run_ids,
                body.keys,
                label_sets=body.label_sets,
                max_results=body.max_results,
                page_token=body.page_token,
            )
        return reply(schemas.SeriesPage(schemas.summary_messages(records), next_page_token))

    # A request with more runs is refused later.
    return await runtime.reads.read(body.run_ids[:CHART_RUNS], read)


@series_router.get("/history", **documented(schemas.SeriesHistory))
@needs(Need.READ)
async def get_series_history(
    query: Annotated[schemas.GetSeriesHistory, Query()], runtime: RuntimeDep
) -> Response:
    """Get the exact points of the series with exactly these labels; no label means points without labels."""
    labels = query.labels()

    def read() -> Response:
        with runtime.database.reading() as session:
            points, next_page_token = logic.get_series_history(
                session,
                query.run_id,
                query.key,
                labels,
                max_results=query.max_results,
                page_token=query.page_token,
            )
        return reply(
            schemas.SeriesHistory(
                query.run_id,
                query.key,
                labels,
                points.steps.tolist(),
                points.timestamps.tolist(),
                schemas.value_column(points),
                next_page_token,
            )
        )

    return await runtime.reads.read([query.run_id], read)
