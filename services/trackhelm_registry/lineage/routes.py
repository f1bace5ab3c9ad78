"""The endpoint that returns a graph of lineage."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_registry.lineage.logic import lineage
from trackhelm_registry.lineage.schemas import GetLineage, LineageGraph

router = APIRouter(prefix="/trackhelm/lineage", route_class=WireRoute)


@router.get("/graph", **documented(LineageGraph))
@needs(Need.READ)
def get_lineage_graph(query: Annotated[GetLineage, Query()], runtime: RuntimeDep) -> Response:
    """Return what a version, run, logged model or dataset was made from, and what from it, as a graph."""
    with runtime.database.reading() as session:
        graph = lineage(session, query)
    return reply(graph)
