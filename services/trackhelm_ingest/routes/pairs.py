"""Endpoints that log one param or one tag: what a script calls between two steps, and waits for.

They take the request alone, because they are called directly.
"""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.wire.direct import DirectRoute
from trackhelm_core.wire.messages import read_message
from trackhelm_core.wire.replies import Empty, documented, documented_body, empty_reply
from trackhelm_ingest.logic import lone_pairs
from trackhelm_ingest.logic import runs as logic
from trackhelm_ingest.logic.values import clean_params, clean_tags
from trackhelm_ingest.schemas.runs import LogParam, SetTag

router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)


@router.post("/log-parameter", **documented(Empty), **documented_body(LogParam))
async def log_param(request: Request) -> Response:
    """Add a param. It never changes: the same value again is fine, another is refused."""
    message = read_message(LogParam, await request.body())
    await run_in_threadpool(_log_param, request.app.state.runtime.database, message)
    return empty_reply()


@router.post("/set-tag", **documented(Empty), **documented_body(SetTag))
async def set_tag(request: Request) -> Response:
    """Set a tag. `mlflow.runName` renames the run."""
    message = read_message(SetTag, await request.body())
    await run_in_threadpool(_set_tag, request.app.state.runtime.database, message)
    return empty_reply()


def _log_param(database: Database, message: LogParam) -> None:
    ((key, value),) = clean_params([(message.key, message.value)]).items()
    if not lone_pairs.add_param(database, message.run, key, value):
        with database.writing() as session:
            logic.log_param(session, message.run, key, value)


def _set_tag(database: Database, message: SetTag) -> None:
    ((key, value),) = clean_tags([(message.key, message.value)]).items()
    if not lone_pairs.set_tag(database, message.run, key, value):
        with database.writing() as session:
            logic.set_tags(session, message.run, {key: value})
