"""Endpoints that read the datasets of experiments: served to browsers only, as in MLflow."""

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_query.datasets import logic, schemas

router = APIRouter(prefix="/mlflow/experiments", route_class=WireRoute)


@router.post("/search-datasets", **documented(schemas.DatasetSummaries))
@needs(Need.READ)
def search_datasets(body: schemas.SearchDatasets, runtime: RuntimeDep) -> Response:
    """Get the datasets that runs of experiments used."""
    with runtime.database.reading() as session:
        rows = logic.search_datasets(session, body.experiment_ids)
    return reply(schemas.dataset_summaries(rows))
