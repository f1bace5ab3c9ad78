"""Endpoints that read experiments."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_query.experiments import logic, schemas
from trackhelm_query.searches import ExperimentRecords, SearchRequest

router = APIRouter(prefix="/mlflow/experiments", route_class=WireRoute)


@router.get("/get", **documented(schemas.ExperimentReply))
@needs(Need.READ)
def get_experiment(query: Annotated[schemas.GetExperiment, Query()], runtime: RuntimeDep) -> Response:
    """Get an experiment, active or deleted."""
    with runtime.database.reading() as session:
        found = logic.get_experiment(session, query.experiment_id)
    return _one(found)


@router.get("/get-by-name", **documented(schemas.ExperimentReply))
@needs(Need.READ)
def get_experiment_by_name(
    query: Annotated[schemas.GetExperimentByName, Query()], runtime: RuntimeDep
) -> Response:
    """Get an experiment, active or deleted, by its name."""
    with runtime.database.reading() as session:
        found = logic.get_experiment_by_name(session, query.experiment_name)
    return _one(found)


@router.post("/search", **documented(schemas.ExperimentPage))
@needs(Need.READ)
def search_experiments(body: schemas.SearchExperiments, runtime: RuntimeDep) -> Response:
    """Search experiments."""
    return _search(body, runtime)


@router.get("/search", **documented(schemas.ExperimentPage))
@needs(Need.READ)
def search_experiments_by_query(
    query: Annotated[schemas.SearchExperiments, Query()], runtime: RuntimeDep
) -> Response:
    """Search experiments."""
    return _search(query, runtime)


def _search(request: schemas.SearchExperiments, runtime: Runtime) -> Response:
    asked = SearchRequest(
        filter_text=request.filter,
        order_by=request.order_by,
        stages=request.view_type,
        max_results=request.max_results,
        page_token=request.page_token,
    )
    with runtime.database.reading() as session:
        found, next_page_token = logic.search_experiments(session, asked)
    return reply(schemas.ExperimentPage(schemas.experiment_messages(found), next_page_token))


def _one(found: ExperimentRecords) -> Response:
    (experiment,) = schemas.experiment_messages(found)
    return reply(schemas.ExperimentReply(experiment))
