"""Endpoints that write runs, and those that log one param or one tag. Batches are in `metrics`."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import Need, needs
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.arguments import read_message
from trackhelm_core.wire.replies import Empty, KeyValue, documented, documented_body, empty_reply, reply
from trackhelm_core.wire.routes import DirectRoute, WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.runs.schemas import Run, RunData, RunReply
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.runs import logic, schemas
from trackhelm_ingest.runs.logic import clean_new_run_tags, clean_params, clean_tags
from trackhelm_ingest.runs.schemas import LogParam, SetTag
from trackhelm_ingest.runs.store import ENDED


class RunListener(Protocol):
    """Who must know at once that runs ended or were deleted: the sink of metrics."""

    def run_ended(self, run: str) -> None:
        """Note that a run, by its public id, expects no more points. It never fails."""
        ...

    def runs_deleted(self, run: str | None = None) -> None:
        """Note that a run was deleted, or any number of runs for None, before the request is answered."""
        ...


async def _run_listener(request: Request) -> RunListener:
    # `async`, so that FastAPI calls it in place.
    listener: RunListener = request.app.state.metric_sink
    return listener


RunListenerDep = Annotated[RunListener, Depends(_run_listener)]


router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)


@router.post("/create", **documented(RunReply))
@needs(Need.EDIT)
def create_run(body: schemas.CreateRun, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a run in an active experiment. Without a name, the run gets a generated one."""
    tags = clean_new_run_tags((tag.key, tag.value) for tag in body.tags)
    with runtime.database.writing() as session:
        info, tags = logic.create_run(
            session,
            experiment_id=body.experiment_id,
            user_id=body.user_id,
            run_name=body.run_name,
            start_time=body.start_time,
            tags=tags,
            address=actor.source_address,
            now=runtime.clock(),
        )
    data = RunData(tags=[KeyValue(key, value) for key, value in tags.items()])
    return reply(RunReply(run=Run(info=info, data=data)))


own_router = APIRouter(prefix="/trackhelm/runs", route_class=WireRoute)


@own_router.post("/create", **documented(RunReply))
@needs(Need.EDIT)
def create_own_run(body: schemas.CreateOwnRun, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a run with an id that the client made: 32 hexadecimal digits in lower case, drawn at random.

    If the experiment has a run of that id, nothing changes, and it is answered as it is. So the request can
    be sent again, and all ranks of a job can send it.
    """
    tags = clean_new_run_tags((tag.key, tag.value) for tag in body.tags)
    with runtime.database.writing() as session:
        info, tags = logic.create_run(
            session,
            experiment_id=body.experiment_id,
            user_id=body.user_id,
            run_name=body.run_name,
            start_time=body.start_time,
            tags=tags,
            address=actor.source_address,
            now=runtime.clock(),
            run_id=body.run_id,
        )
    data = RunData(tags=[KeyValue(key, value) for key, value in tags.items()])
    return reply(RunReply(run=Run(info=info, data=data)))


@router.post("/update", **documented(schemas.UpdatedRun))
@needs(Need.EDIT)
def update_run(
    body: schemas.UpdateRun, actor: ActorDep, runtime: RuntimeDep, listener: RunListenerDep
) -> Response:
    """Change a run's status, end time or name."""
    with runtime.database.writing() as session:
        info = logic.update_run(
            session,
            body.run,
            status=body.status,
            end_time=body.end_time,
            run_name=body.run_name,
            address=actor.source_address,
            now=runtime.clock(),
        )
    if body.status is not None and info.status in ENDED:
        listener.run_ended(info.run_id)
    return reply(schemas.UpdatedRun(run_info=info))


@router.post("/delete", **documented(Empty))
@needs(Need.MANAGE)
def delete_run(
    body: schemas.MoveRun, actor: ActorDep, runtime: RuntimeDep, listener: RunListenerDep
) -> Response:
    """Put a run into the bin."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock(), body.comment)
        logic.move_run(session, body.run, LifecycleStage.DELETED, context)
    listener.runs_deleted(body.run)
    return empty_reply()


@router.post("/restore", **documented(Empty))
@needs(Need.MANAGE)
def restore_run(body: schemas.MoveRun, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a run out of the bin."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock(), body.comment)
        logic.move_run(session, body.run, LifecycleStage.ACTIVE, context)
    return empty_reply()


@router.post("/delete-tag", **documented(Empty))
@needs(Need.EDIT)
def delete_tag(body: schemas.DeleteTag, runtime: RuntimeDep) -> Response:
    """Delete a tag."""
    with runtime.database.writing() as session:
        logic.delete_tag(session, body.run, body.key)
    return empty_reply()


@router.post("/log-model", **documented(Empty))
@needs(Need.EDIT)
def log_model(body: schemas.LogModel, runtime: RuntimeDep) -> Response:
    """Log a model of a client before 3.0 to the run."""
    with runtime.database.writing() as session:
        logic.log_model(session, body.run, body.model_json)
    return empty_reply()


# Endpoints that log one param or one tag. A script calls them between two steps and waits for them, so they
# are called directly, and take the request only. Over PostgreSQL one statement stores what it can, in half of
# the time: docs/decisions/0031.

params_and_tags_router = APIRouter(prefix="/mlflow/runs", route_class=DirectRoute)


@params_and_tags_router.post("/log-parameter", **documented(Empty), **documented_body(LogParam))
@needs(Need.EDIT)
async def log_param(request: Request) -> Response:
    """Add a param. It never changes: the same value is accepted again, another one is refused."""
    message = read_message(LogParam, await request.body())
    await run_in_threadpool(_log_param, request.app.state.runtime.database, message)
    return empty_reply()


@params_and_tags_router.post("/set-tag", **documented(Empty), **documented_body(SetTag))
@needs(Need.EDIT)
async def set_tag(request: Request) -> Response:
    """Set a tag. `mlflow.runName` renames the run."""
    message = read_message(SetTag, await request.body())
    await run_in_threadpool(_set_tag, request.app.state.runtime.database, message)
    return empty_reply()


def _log_param(database: Database, message: LogParam) -> None:
    ((key, value),) = clean_params([(message.key, message.value)]).items()
    if not database.is_sqlite:
        with database.autocommit() as session:
            if logic.add_param(session, message.run, key, value):
                return
    with database.writing() as session:
        logic.log_param(session, message.run, key, value)


def _set_tag(database: Database, message: SetTag) -> None:
    ((key, value),) = clean_tags([(message.key, message.value)]).items()
    if not database.is_sqlite:
        with database.autocommit() as session:
            if logic.set_tag(session, message.run, key, value):
                return
    with database.writing() as session:
        logic.set_tags(session, message.run, {key: value})
