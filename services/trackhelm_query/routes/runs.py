"""Endpoints that read runs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.queue.waiting import (
    names_metrics,
    stored_positions,
    wait_for_missed,
    wait_until_all_stored,
    wait_until_stored,
)
from trackhelm_core.run_contents.messages import run_messages
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, empty_reply, reply
from trackhelm_core.wire.requests import OfRun
from trackhelm_core.wire.route import WireRoute
from trackhelm_core.wire.runs import RunReply
from trackhelm_query.logic import runs as logic
from trackhelm_query.schemas import runs as schemas
from trackhelm_query.searches import AskedSearch

router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)


@router.get("/get", **documented(RunReply))
def get_run(query: Annotated[OfRun, Query()], runtime: RuntimeDep) -> Response:
    """Get a run, active or deleted, with the latest point of each metric."""
    wait_until_stored(runtime.redis, [query.run])
    with runtime.database.reading_once() as session:
        found = logic.get_run(session, query.run)
    (run,) = run_messages(found)
    return reply(RunReply(run))


@router.post("/search", **documented(schemas.RunPage))
def search_runs(body: schemas.SearchRuns, runtime: RuntimeDep) -> Response:
    """Search the runs of experiments.

    Metrics that were logged before are in the answer, and decide which runs are found and in which order.
    """
    asked = AskedSearch(
        filter_text=body.filter,
        order_by=body.order_by,
        stages=body.run_view_type,
        max_results=body.max_results,
        page_token=body.page_token,
    )
    if names_metrics(body.filter, *body.order_by):
        wait_until_all_stored(runtime.redis)
    seen = stored_positions(runtime.redis)
    # No transaction: a page of settled runs is one statement. Other runs are shown as they are a moment after
    # they were found.
    with runtime.database.reading_once() as session:
        found, next_page_token = logic.search_runs(session, body.experiment_ids, asked)
    if found and wait_for_missed(runtime.redis, found.run_ids, seen):
        with runtime.database.reading_once() as session:
            found, next_page_token = logic.search_runs(session, body.experiment_ids, asked)
    return reply(schemas.RunPage(run_messages(found), next_page_token)) if found else empty_reply()
