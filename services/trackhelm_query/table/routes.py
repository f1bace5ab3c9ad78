"""Endpoints of Trackhelm's own API for tables of runs."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from trackhelm_core.access import Need, needs
from trackhelm_core.queue.read_wait import names_metrics
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import binary_reply, documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_query.searches import SearchRequest
from trackhelm_query.table import logic, schemas
from trackhelm_query.table.logic import RunTable
from trackhelm_query.table.store import Counts, FoundGroups

router = APIRouter(prefix="/trackhelm/runs", route_class=WireRoute)

_CSV: Final = "text/csv"
_CSV_ROWS: Final = 1_000
"""Rows that are read, made into lines and sent at a time."""


def _documented_table() -> dict[str, Any]:
    described = documented(schemas.TableReply)
    stream = {"schema": {"type": "string", "format": "binary"}}
    described["responses"][200]["content"][schemas.MEDIA_TYPE] = stream
    return described


@router.post("/table", **_documented_table())
@needs(Need.READ)
async def read_table(body: schemas.ReadTable, request: Request, runtime: RuntimeDep) -> Response:
    """Get a page of runs by columns: as JSON, or as an Arrow stream if accepted."""
    asked = body.asked(body.max_results, body.order_by, body.page_token)

    def search() -> tuple[RunTable, Collection[str]]:
        with runtime.database.reading_once() as session:
            table = logic.read_table(session, body.experiment_ids, asked, body.columns, body.longest_text)
        return table, [str(run_id) for run_id in table.run_ids]

    def answer(table: RunTable) -> Response:
        if body.format == "arrow" or (body.format is None and _accepts_arrow(request)):
            from trackhelm_query.table.arrow import table_stream  # noqa: PLC0415 - 25 ms, for this alone

            accepted = request.headers.get("accept-encoding", "")
            return binary_reply(table_stream(table), schemas.MEDIA_TYPE, accepted)
        return reply(schemas.table_message(table))

    return await runtime.reads.search(
        search,
        answer,
        by_metrics=names_metrics(body.filter, *body.order_by),
        request=repr(body).encode(),
    )


def _accepts_arrow(request: Request) -> bool:
    return schemas.MEDIA_TYPE in request.headers.get("accept", "").lower()


@router.post(
    "/csv",
    response_class=Response,
    responses={200: {"description": "Success", "content": {_CSV: {"schema": {"type": "string"}}}}},
)
@needs(Need.READ)
async def read_csv(body: schemas.ReadCsv, runtime: RuntimeDep) -> Response:
    """Get all runs that match as comma-separated values, which are read and sent page by page.

    Pages are read one after another: runs that are logged to meanwhile are answered as they are by then.
    """
    asked = body.asked(_CSV_ROWS, body.order_by)

    def page(of: SearchRequest) -> RunTable:
        with runtime.database.reading_once() as session:
            return logic.read_table(session, body.experiment_ids, of, body.columns or ("run_id", "run_name"))

    def search() -> tuple[RunTable, Collection[str]]:
        table = page(asked)
        return table, [str(run_id) for run_id in table.run_ids]

    def lines(first: RunTable) -> Iterator[bytes]:
        yield logic.csv_head(first).encode()
        table = first
        while True:
            yield logic.csv_lines(table).encode()
            if not table.next_token:
                return
            table = page(replace(asked, page_token=table.next_token))

    def answer(first: RunTable) -> Response:
        return StreamingResponse(lines(first), media_type=_CSV)

    return await runtime.reads.search(
        search,
        answer,
        by_metrics=names_metrics(body.filter, *body.order_by),
        request=repr(body).encode(),
    )


@router.post("/count", **documented(schemas.CountReply))
@needs(Need.READ)
async def count_runs(body: schemas.CountRuns, runtime: RuntimeDep) -> Response:
    """Count the runs that match a filter: all, those that are running, and those that have a parent."""

    def search() -> tuple[Counts, Collection[str]]:
        with runtime.database.reading() as session:
            return logic.count_runs(session, body.experiment_ids, body.asked(1)), ()

    def answer(counts: Counts) -> Response:
        return reply(schemas.CountReply(*counts))

    return await runtime.reads.search(search, answer, by_metrics=names_metrics(body.filter))


@router.post("/groups", **documented(schemas.GroupsReply))
@needs(Need.READ)
async def group_runs(body: schemas.GroupRuns, runtime: RuntimeDep) -> Response:
    """Get the runs that match a filter by their value of a param or tag, with aggregates of metrics."""

    def search() -> tuple[FoundGroups, Collection[str]]:
        with runtime.database.reading() as session:
            found = logic.group_runs(
                session, body.experiment_ids, body.asked(body.max_results), body.group_by, body.metrics
            )
        return found, ()

    def answer(found: FoundGroups) -> Response:
        return reply(schemas.groups_message(found))

    return await runtime.reads.search(
        search, answer, by_metrics=bool(body.metrics) or names_metrics(body.filter)
    )
