"""Endpoints that return an alias or a stage to what it was before."""

from fastapi import APIRouter, Response

from trackhelm_core.audit.changes import Cause
from trackhelm_core.auth.dependency import ActorDep
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_registry.logic import rollbacks as logic
from trackhelm_registry.logic.governed import governed
from trackhelm_registry.schemas import rollbacks as schemas

router = APIRouter(prefix="/trackhelm/rollbacks", route_class=WireRoute)


@router.post("/alias", **documented(schemas.RolledBackAlias))
def roll_back_alias(body: schemas.RollBackAlias, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Point an alias to the version that it pointed to before."""
    with runtime.database.reading() as session:
        plan = logic.plan_alias(session, body.name, body.alias, body.from_version)
    cause = Cause(actor, runtime.clock(), body.comment)
    with governed(runtime.database, body.name, plan, cause) as session:
        logic.roll_back_alias(session, body.name, plan, cause)
    return reply(
        schemas.RolledBackAlias(
            name=body.name, alias=plan.alias, to_version=plan.to_version, from_version=plan.from_version
        )
    )


@router.post("/stage", **documented(schemas.RolledBackStage))
def roll_back_stage(body: schemas.RollBackStage, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Undo the last transition into or out of a stage."""
    with runtime.database.reading() as session:
        plan = logic.plan_stage(session, body.name, body.stage, body.from_version)
    cause = Cause(actor, runtime.clock(), body.comment)
    with governed(runtime.database, body.name, plan, cause) as session:
        logic.roll_back_stage(session, body.name, plan, cause)
    return reply(schemas.RolledBackStage(name=body.name, stage=plan.stage, versions=plan.versions))
