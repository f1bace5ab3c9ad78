"""Endpoints that read the history of metrics."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.limits import BULK_HISTORY_RUNS
from trackhelm_core.queue.waiting import wait_until_stored
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_query.logic import metrics as logic
from trackhelm_query.schemas import metrics as schemas

router = APIRouter(prefix="/mlflow/metrics", route_class=WireRoute)
browser_router = APIRouter(prefix="/mlflow/metrics", route_class=WireRoute)
"""Served to browsers only, as in MLflow."""


@router.get("/get-history", **documented(schemas.HistoryPage))
def get_history(query: Annotated[schemas.GetHistory, Query()], runtime: RuntimeDep) -> Response:
    """Get the points of one metric of a run; none for a run or metric that does not exist."""
    wait_until_stored(runtime.redis, [query.run])
    with runtime.database.reading() as session:
        points, next_page_token = logic.get_history(
            session, query.run, query.metric_key, max_results=query.max_results, page_token=query.page_token
        )
    return reply(schemas.HistoryPage(schemas.metric_messages(query.metric_key, points), next_page_token))


@browser_router.get("/get-history-bulk", **documented(schemas.BulkHistories))
def get_history_bulk(query: Annotated[schemas.GetHistoryBulk, Query()], runtime: RuntimeDep) -> Response:
    """Get the points of one metric of several runs."""
    # A request for more runs is refused.
    wait_until_stored(runtime.redis, query.run_id[:BULK_HISTORY_RUNS])
    with runtime.database.reading() as session:
        found = logic.get_history_bulk(session, query.run_id, query.metric_key, max_results=query.max_results)
    return reply(schemas.BulkHistories(schemas.run_metric_messages(query.metric_key, found)))


@router.get("/get-history-bulk-interval", **documented(schemas.RunHistories))
def get_history_bulk_interval(
    query: Annotated[schemas.GetHistoryBulkInterval, Query()], runtime: RuntimeDep
) -> Response:
    """Get points of one metric of several runs, in a range of steps, sampled evenly to a number a run."""
    wait_until_stored(runtime.redis, query.run_ids[:BULK_HISTORY_RUNS])
    with runtime.database.reading() as session:
        found = logic.get_history_samples(
            session,
            query.run_ids,
            query.metric_key,
            steps=(query.start_step, query.end_step),
            max_results=query.max_results,
        )
    return reply(schemas.RunHistories(schemas.run_metric_messages(query.metric_key, found)))
