"""Endpoints about protections, approval requests, and rollbacks."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_registry.governance import logic, rollbacks, schemas
from trackhelm_registry.governance.schemas import ProtectionLifting
from trackhelm_registry.governance.transactions import require_approval

approvals_router = APIRouter(prefix="/trackhelm/approvals", route_class=WireRoute)


@approvals_router.get("/list", **documented(schemas.ApprovalRequestsPage))
@needs(Need.READ)
def list_approval_requests(query: Annotated[schemas.ListRequests, Query()], runtime: RuntimeDep) -> Response:
    """Return a page of approval requests, the newest first."""
    with runtime.database.reading() as session:
        page = logic.search_requests(
            session, query, max_results=query.max_results, page_token=query.page_token
        )
    return reply(page)


@approvals_router.get("/get", **documented(schemas.ApprovalRequestAnswer))
@needs(Need.READ)
def get_approval_request(query: Annotated[schemas.GetRequest, Query()], runtime: RuntimeDep) -> Response:
    """Return an approval request."""
    with runtime.database.reading() as session:
        request = logic.get_request(session, query.id)
    return reply(schemas.ApprovalRequestAnswer(request=request))


@approvals_router.post("/approve", **documented(schemas.ApprovalRequestAnswer))
@needs(Need.MANAGE)
def approve_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Approve a request of another actor, and apply its change."""
    with runtime.database.writing() as session:
        request = logic.approve(session, body.id, AuditContext(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))


@approvals_router.post("/reject", **documented(schemas.ApprovalRequestAnswer))
@needs(Need.MANAGE)
def reject_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Reject a request of another actor."""
    with runtime.database.writing() as session:
        request = logic.reject(session, body.id, AuditContext(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))


@approvals_router.post("/withdraw", **documented(schemas.ApprovalRequestAnswer))
@needs(Need.READ)
def withdraw_request(body: schemas.DecideRequest, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Withdraw a request of the same actor."""
    with runtime.database.writing() as session:
        request = logic.withdraw(session, body.id, AuditContext(actor, runtime.clock(), body.comment))
    return reply(schemas.ApprovalRequestAnswer(request=request))


protections_router = APIRouter(prefix="/trackhelm/protections", route_class=WireRoute)


@protections_router.get("/list", **documented(schemas.Protections))
@needs(Need.READ)
def list_protections(query: Annotated[schemas.ListProtections, Query()], runtime: RuntimeDep) -> Response:
    """Return the protected stages and aliases of a model."""
    with runtime.database.reading() as session:
        protected = logic.list_protections(session, query.name)
    return _answer(query.name, protected)


@protections_router.post("/set", **documented(schemas.Protections))
@needs(Need.MANAGE)
def set_protection(body: schemas.ChangeProtection, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Protect a stage or an alias of a model, or all of a kind: changes of them then need approval."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    with runtime.database.writing() as session:
        protected = logic.protect(session, body.name, body.kind, body.target, context)
    return _answer(body.name, protected)


@protections_router.post("/lift", **documented(schemas.Protections))
@needs(Need.MANAGE)
def lift_protection(body: schemas.ChangeProtection, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Lift the protection of a stage or an alias, which itself needs approval."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    move = ProtectionLifting(body.kind, body.target)
    with require_approval(runtime.database, body.name, move, context) as session:
        protected = logic.lift(session, body.name, body.kind, body.target, context)
    return _answer(body.name, protected)


def _answer(name: str, protected: Iterable[tuple[str, str]]) -> Response:
    listed = tuple(schemas.Protection(schemas.TargetKind(kind), target) for kind, target in protected)
    return reply(schemas.Protections(name=name, protections=listed))


rollbacks_router = APIRouter(prefix="/trackhelm/rollbacks", route_class=WireRoute)


@rollbacks_router.post("/alias", **documented(schemas.RolledBackAlias))
@needs(Need.MANAGE)
def roll_back_alias(body: schemas.RollBackAlias, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Point an alias to the version that it pointed to before."""
    with runtime.database.reading() as session:
        plan = rollbacks.plan_alias(session, body.name, body.alias, body.from_version)
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(runtime.database, body.name, plan, context) as session:
        rollbacks.roll_back_alias(session, body.name, plan, context)
    return reply(
        schemas.RolledBackAlias(
            name=body.name, alias=plan.alias, to_version=plan.to_version, from_version=plan.from_version
        )
    )


@rollbacks_router.post("/stage", **documented(schemas.RolledBackStage))
@needs(Need.MANAGE)
def roll_back_stage(body: schemas.RollBackStage, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Undo the last transition into or out of a stage."""
    with runtime.database.reading() as session:
        plan = rollbacks.plan_stage(session, body.name, body.stage, body.from_version)
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(runtime.database, body.name, plan, context) as session:
        rollbacks.roll_back_stage(session, body.name, plan, context)
    return reply(schemas.RolledBackStage(name=body.name, stage=plan.stage, versions=plan.versions))
