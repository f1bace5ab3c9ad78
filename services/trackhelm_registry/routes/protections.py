"""Endpoints about which stages and aliases are protected."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.audit.changes import Cause
from trackhelm_core.auth.dependency import ActorDep
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_registry.logic import protections as logic
from trackhelm_registry.logic.governed import governed
from trackhelm_registry.schemas import approvals as schemas
from trackhelm_registry.schemas.moves import ProtectionLifting

router = APIRouter(prefix="/trackhelm/protections", route_class=WireRoute)


@router.get("/list", **documented(schemas.Protections))
def list_protections(query: Annotated[schemas.ListProtections, Query()], runtime: RuntimeDep) -> Response:
    """Return the stages and aliases of a model that are protected."""
    with runtime.database.reading() as session:
        protected = logic.list_protections(session, query.name)
    return _answer(query.name, protected)


@router.post("/set", **documented(schemas.Protections))
def set_protection(body: schemas.ChangeProtection, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Protect a stage or an alias of a model, or all of them: moves then wait for approval."""
    cause = Cause(actor, runtime.clock(), body.comment)
    with runtime.database.writing() as session:
        protected = logic.protect(session, body.name, body.kind, body.target, cause)
    return _answer(body.name, protected)


@router.post("/lift", **documented(schemas.Protections))
def lift_protection(body: schemas.ChangeProtection, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Protect a stage or an alias no longer, which itself waits for approval."""
    cause = Cause(actor, runtime.clock(), body.comment)
    move = ProtectionLifting(body.kind, body.target)
    with governed(runtime.database, body.name, move, cause) as session:
        protected = logic.lift(session, body.name, body.kind, body.target, cause)
    return _answer(body.name, protected)


def _answer(name: str, protected: Iterable[tuple[str, str]]) -> Response:
    listed = tuple(schemas.Protection(schemas.TargetKind(kind), target) for kind, target in protected)
    return reply(schemas.Protections(name=name, protections=listed))
