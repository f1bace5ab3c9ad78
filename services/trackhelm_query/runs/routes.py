"""Endpoints that read runs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core.queue.read_wait import (
    names_metrics,
    stored_positions,
    wait_for_missed,
    wait_until_all_stored,
    wait_until_stored,
)
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.arguments import read_message
from trackhelm_core.wire.replies import documented, documented_body, empty_reply, reply
from trackhelm_core.wire.requests import OfRun
from trackhelm_core.wire.routes import DirectRoute, WireRoute
from trackhelm_domain.runs.messages import run_messages
from trackhelm_domain.runs.schemas import RunReply
from trackhelm_query.runs import logic, schemas
from trackhelm_query.searches import SearchRequest

router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)
search_router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)
"""Called directly, because scripts and pages request it most often."""


@router.get("/get", **documented(RunReply))
def get_run(query: Annotated[OfRun, Query()], runtime: RuntimeDep) -> Response:
    """Get a run, active or deleted, with the latest point of each metric."""
    wait_until_stored(runtime.backlog, [query.run])
    with runtime.database.reading_once() as session:
        found = logic.get_run(session, query.run)
    (run,) = run_messages(found)
    return reply(RunReply(run))


@search_router.post("/search", **documented(schemas.RunPage), **documented_body(schemas.SearchRuns))
async def search_runs(request: Request) -> Response:
    """Search the runs of experiments.

    Metrics that were logged before the request are taken into account: for the answer, filter and order.
    """
    message = read_message(schemas.SearchRuns, await request.body())
    return await run_in_threadpool(_search, request.app.state.runtime, message)


def _search(runtime: Runtime, message: schemas.SearchRuns) -> Response:
    asked = SearchRequest(
        filter_text=message.filter,
        order_by=message.order_by,
        stages=message.run_view_type,
        max_results=message.max_results,
        page_token=message.page_token,
    )
    if names_metrics(message.filter, *message.order_by):
        wait_until_all_stored(runtime.backlog)
    seen = stored_positions(runtime.backlog)
    # No transaction, because a page of finalized runs is read by one statement. Other runs are answered as
    # they are a moment after they were found.
    with runtime.database.reading_once() as session:
        found, next_page_token = logic.search_runs(session, message.experiment_ids, asked)
    if found and wait_for_missed(runtime.backlog, found.run_ids, seen):
        with runtime.database.reading_once() as session:
            found, next_page_token = logic.search_runs(session, message.experiment_ids, asked)
    return reply(schemas.RunPage(run_messages(found), next_page_token)) if found else empty_reply()
