"""Endpoints that read the audit trail."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_registry.audit import logic
from trackhelm_registry.audit.schemas import AuditEventsPage, GetStageHistory, SearchAuditEvents, StageHistory

router = APIRouter(prefix="/trackhelm/audit", route_class=WireRoute)


@router.get("/events", **documented(AuditEventsPage))
@needs(Need.MANAGER)
def get_audit_events(query: Annotated[SearchAuditEvents, Query()], runtime: RuntimeDep) -> Response:
    """Return a page of audit events (what was changed, by whom and when), the newest first."""
    return _search(query, runtime)


@router.post("/events", **documented(AuditEventsPage))
@needs(Need.MANAGER)
def search_audit_events(body: SearchAuditEvents, runtime: RuntimeDep) -> Response:
    """Return a page of audit events (what was changed, by whom and when), the newest first."""
    return _search(body, runtime)


@router.get("/stages", **documented(StageHistory))
@needs(Need.READ)
def get_stage_history(query: Annotated[GetStageHistory, Query()], runtime: RuntimeDep) -> Response:
    """Return which versions of a model went from stage to stage, when and by whom."""
    with runtime.database.reading() as session:
        return reply(logic.stage_history(session, query.name))


def _search(asked: SearchAuditEvents, runtime: Runtime) -> Response:
    with runtime.database.reading() as session:
        page = logic.search_events(session, asked, max_results=asked.max_results, page_token=asked.page_token)
    return reply(page)
