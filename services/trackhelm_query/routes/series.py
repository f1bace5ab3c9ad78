"""Endpoints of Trackhelm's own API that read series."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.limits import CHART_RUNS
from trackhelm_core.queue.waiting import wait_until_stored
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_query.logic import series as logic
from trackhelm_query.schemas import series as schemas

router = APIRouter(prefix="/trackhelm/series", route_class=WireRoute)


@router.post("/list", **documented(schemas.SeriesPage))
def list_series(body: schemas.ListSeries, runtime: RuntimeDep) -> Response:
    """List the series of runs with their labels and summaries; no history is read."""
    # A request for more runs is refused.
    wait_until_stored(runtime.redis, body.run_ids[:CHART_RUNS])
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


@router.get("/history", **documented(schemas.SeriesHistory))
def get_series_history(query: Annotated[schemas.GetSeriesHistory, Query()], runtime: RuntimeDep) -> Response:
    """Get the exact points of the series with exactly these labels: none are the points without labels."""
    labels = query.labels()
    wait_until_stored(runtime.redis, [query.run_id])
    with runtime.database.reading() as session:
        points, next_page_token = logic.get_history(
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
