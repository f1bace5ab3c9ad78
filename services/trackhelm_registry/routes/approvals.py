"""Endpoints about moves that wait for approval."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.audit.changes import Cause
from trackhelm_core.auth.dependency import ActorDep
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_registry.logic import approvals as logic
from trackhelm_registry.schemas import approvals as schemas

router = APIRouter(prefix="/trackhelm/approvals", route_class=WireRoute)


@router.get("/list", **documented(schemas.ApprovalRequestsPage))
def list_approval_requests(query: Annotated[schemas.ListRequests, Query()], runtime: RuntimeDep) -> Response:
    """Return a page of requests for approval: the newest first."""
    with runtime.database.reading() as session:
        page = logic.search_requests(
            session, query, max_results=query.max_results, page_token=query.page_token
        )
    return reply(page)


@router.get("/get", **documented(schemas.ApprovalRequestAnswer))
def get_approval_request(query: Annotated[schemas.GetRequest, Query()], runtime: RuntimeDep) -> Response:
    """Return a request for approval."""
    with runtime.database.reading() as session:
        request = logic.get_request(session, query.id)
    return reply(schemas.ApprovalRequestAnswer(request=request))


@router.post("/approve", **documented(schemas.ApprovalRequestAnswer))
def approve_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Approve a request of another actor, which does what it asks for."""
    with runtime.database.writing() as session:
        request = logic.approve(session, body.id, Cause(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))


@router.post("/reject", **documented(schemas.ApprovalRequestAnswer))
def reject_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Reject a request of another actor."""
    with runtime.database.writing() as session:
        request = logic.reject(session, body.id, Cause(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))


@router.post("/withdraw", **documented(schemas.ApprovalRequestAnswer))
def withdraw_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Withdraw a request of one's own."""
    with runtime.database.writing() as session:
        request = logic.withdraw(session, body.id, Cause(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))
