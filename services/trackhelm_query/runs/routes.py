"""Endpoints that read runs."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.queue.read_wait import names_metrics
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.arguments import read_message
from trackhelm_core.wire.replies import documented, documented_body, empty_reply, reply
from trackhelm_core.wire.requests import OfRun
from trackhelm_core.wire.routes import DirectRoute, WireRoute
from trackhelm_domain.runs.messages import run_messages
from trackhelm_domain.runs.schemas import RunRecords, RunReply
from trackhelm_query.runs import logic, schemas
from trackhelm_query.searches import SearchRequest

router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)
search_router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)
"""Called directly, because scripts and pages request it most often."""

_Page = tuple[RunRecords | None, str]
"""Runs, None when there are none, and the token of the next page."""


@router.get("/get", **documented(RunReply))
@needs(Need.READ)
async def get_run(query: Annotated[OfRun, Query()], runtime: RuntimeDep) -> Response:
    """Get a run, active or deleted, with the latest point of each metric."""

    def read() -> Response:
        with runtime.database.reading_once() as session:
            found = logic.get_run(session, query.run)
        (run,) = run_messages(found)
        return reply(RunReply(run))

    return await runtime.reads.read([query.run], read)


@search_router.post("/search", **documented(schemas.RunPage), **documented_body(schemas.SearchRuns))
@needs(Need.READ)
async def search_runs(request: Request) -> Response:
    """Search the runs of experiments.

    Metrics that were logged before the request are taken into account: for the answer, filter and order.
    """
    body = await request.body()
    message = read_message(schemas.SearchRuns, body)
    asked = SearchRequest(
        filter_text=message.filter,
        order_by=message.order_by,
        stages=message.run_view_type,
        max_results=message.max_results,
        page_token=message.page_token,
    )
    runtime: Runtime = request.app.state.runtime

    def search() -> tuple[_Page, Collection[str]]:
        # No transaction, because a page of finalized runs is read by one statement. Other runs are answered
        # as they are a moment after they were found.
        with runtime.database.reading_once() as session:
            found, next_page_token = logic.search_runs(session, message.experiment_ids, asked)
        return (found, next_page_token), found.run_ids if found else ()

    by_metrics = names_metrics(message.filter, *message.order_by)
    return await runtime.reads.search(search, _page, by_metrics=by_metrics, request=body)


def _page(page: _Page) -> Response:
    found, next_page_token = page
    return reply(schemas.RunPage(run_messages(found), next_page_token)) if found else empty_reply()
