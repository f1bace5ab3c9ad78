"""Endpoints that log the inputs and outputs of runs."""

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_ingest.datasets import logic, schemas
from trackhelm_ingest.datasets.store import DatasetUse

router = APIRouter(prefix="/mlflow/runs", route_class=WireRoute)


@router.post("/log-inputs", **documented(Empty))
@needs(Need.EDIT)
def log_inputs(body: schemas.LogInputs, runtime: RuntimeDep) -> Response:
    """Log datasets and models that a run used."""
    datasets = [
        DatasetUse(
            name=entry.dataset.name,
            digest=entry.dataset.digest,
            source_type=entry.dataset.source_type,
            source=entry.dataset.source,
            schema=entry.dataset.schema_,
            profile=entry.dataset.profile,
            tags={tag.key: tag.value for tag in entry.tags},
        )
        for entry in body.datasets
    ]
    with runtime.database.writing() as session:
        logic.log_inputs(session, body.run, datasets, [model.model_id for model in body.models])
    return empty_reply()


@router.post("/outputs", **documented(Empty))
@needs(Need.EDIT)
def log_outputs(body: schemas.LogOutputs, runtime: RuntimeDep) -> Response:
    """Log models that a run made."""
    models = [(model.model_id, model.step) for model in body.models]
    with runtime.database.writing() as session:
        logic.log_outputs(session, body.run, models)
    return empty_reply()
