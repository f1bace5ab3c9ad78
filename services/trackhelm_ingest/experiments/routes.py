"""Endpoints that write experiments."""

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.locations import Places
from trackhelm_ingest.experiments import logic, schemas
from trackhelm_ingest.runs.routes import RunListenerDep

router = APIRouter(prefix="/mlflow/experiments", route_class=WireRoute)


@router.post("/create", **documented(schemas.CreatedExperiment))
@needs(Need.CREATE_EXPERIMENTS)
def create_experiment(body: schemas.CreateExperiment, runtime: RuntimeDep) -> Response:
    """Create an experiment. No other experiment, not even a deleted one, may have its name."""
    tags = {tag.key: tag.value for tag in body.tags}
    with runtime.database.writing() as session:
        experiment_id = logic.create_experiment(
            session,
            runtime.part(Places),
            name=body.name,
            artifact_location=body.artifact_location,
            tags=tags,
            now=runtime.clock(),
        )
    return reply(schemas.CreatedExperiment(experiment_id=str(experiment_id)))


@router.post("/delete", **documented(Empty))
@needs(Need.MANAGE)
def delete_experiment(
    body: schemas.MoveExperiment, actor: ActorDep, runtime: RuntimeDep, listener: RunListenerDep
) -> Response:
    """Put an active experiment and its runs into the bin."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock(), body.comment)
        logic.delete_experiment(session, body.experiment_id, context)
    listener.runs_deleted()
    return empty_reply()


@router.post("/restore", **documented(Empty))
@needs(Need.MANAGE)
def restore_experiment(body: schemas.MoveExperiment, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a deleted experiment and all its runs out of the bin."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock(), body.comment)
        logic.restore_experiment(session, body.experiment_id, context)
    return empty_reply()


@router.post("/update", **documented(Empty))
@needs(Need.EDIT)
def update_experiment(body: schemas.UpdateExperiment, runtime: RuntimeDep) -> Response:
    """Rename an active experiment."""
    with runtime.database.writing() as session:
        logic.rename_experiment(session, body.experiment_id, body.new_name, now=runtime.clock())
    return empty_reply()


@router.post("/set-experiment-tag", **documented(Empty))
@needs(Need.EDIT)
def set_experiment_tag(body: schemas.SetExperimentTag, runtime: RuntimeDep) -> Response:
    """Set a tag of an active experiment."""
    with runtime.database.writing() as session:
        logic.set_experiment_tag(session, body.experiment_id, body.key, body.value, now=runtime.clock())
    return empty_reply()


@router.post("/delete-experiment-tag", **documented(Empty))
@needs(Need.EDIT)
def delete_experiment_tag(body: schemas.DeleteExperimentTag, runtime: RuntimeDep) -> Response:
    """Delete a tag of an active experiment."""
    with runtime.database.writing() as session:
        logic.delete_experiment_tag(session, body.experiment_id, body.key, now=runtime.clock())
    return empty_reply()
