"""Endpoints that write runs. Single params and tags are in `pairs`, metrics and batches in `batches`."""

from fastapi import APIRouter, Response

from trackhelm_core.audit.changes import Cause
from trackhelm_core.auth.dependency import ActorDep
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import Empty, KeyValue, documented, empty_reply, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_core.wire.runs import Run, RunData, RunReply
from trackhelm_ingest.logic import runs as logic
from trackhelm_ingest.logic.values import clean_new_run_tags
from trackhelm_ingest.routes.sinks import SinkDep
from trackhelm_ingest.run_states import ENDED
from trackhelm_ingest.schemas import runs as schemas

router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)


@router.post("/create", **documented(RunReply))
def create_run(body: schemas.CreateRun, runtime: RuntimeDep) -> Response:
    """Create a run in an active experiment. A name is made up where none is given."""
    tags = clean_new_run_tags((tag.key, tag.value) for tag in body.tags)
    with runtime.database.writing() as session:
        info, tags = logic.create_run(
            session,
            experiment_id=body.experiment_id,
            user_id=body.user_id,
            run_name=body.run_name,
            start_time=body.start_time,
            tags=tags,
            now=runtime.clock(),
        )
    data = RunData(tags=[KeyValue(key, value) for key, value in tags.items()])
    return reply(RunReply(run=Run(info=info, data=data)))


@router.post("/update", **documented(schemas.UpdatedRun))
def update_run(body: schemas.UpdateRun, runtime: RuntimeDep, sink: SinkDep) -> Response:
    """Change a run's status, end time or name."""
    with runtime.database.writing() as session:
        info = logic.update_run(
            session,
            body.run,
            status=body.status,
            end_time=body.end_time,
            run_name=body.run_name,
            now=runtime.clock(),
        )
    if body.status is not None and info.status in ENDED:
        sink.run_ended(info.run_id)
    return reply(schemas.UpdatedRun(run_info=info))


@router.post("/delete", **documented(Empty))
def delete_run(body: schemas.MoveRun, actor: ActorDep, runtime: RuntimeDep, sink: SinkDep) -> Response:
    """Put a run into the bin."""
    with runtime.database.writing() as session:
        cause = Cause(actor, runtime.clock(), body.comment)
        logic.move_run(session, body.run, LifecycleStage.DELETED, cause)
    sink.runs_deleted(body.run)
    return empty_reply()


@router.post("/restore", **documented(Empty))
def restore_run(body: schemas.MoveRun, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a run out of the bin."""
    with runtime.database.writing() as session:
        cause = Cause(actor, runtime.clock(), body.comment)
        logic.move_run(session, body.run, LifecycleStage.ACTIVE, cause)
    return empty_reply()


@router.post("/delete-tag", **documented(Empty))
def delete_tag(body: schemas.DeleteTag, runtime: RuntimeDep) -> Response:
    """Delete a tag."""
    with runtime.database.writing() as session:
        logic.delete_tag(session, body.run, body.key)
    return empty_reply()


@router.post("/log-model", **documented(Empty))
def log_model(body: schemas.LogModel, runtime: RuntimeDep) -> Response:
    """Note a model that a client before 3.0 logged to the run."""
    with runtime.database.writing() as session:
        logic.log_model(session, body.run, body.model_json)
    return empty_reply()
