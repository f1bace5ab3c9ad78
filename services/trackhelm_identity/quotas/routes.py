"""Endpoints about the quotas of the workspace that a request is about."""

from dataclasses import asdict

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.locations import Places
from trackhelm_domain.quotas.book import Quotas
from trackhelm_domain.quotas.counting import RECOUNT, recount
from trackhelm_identity.quotas import logic, schemas

router = APIRouter(prefix="/trackhelm/workspaces", route_class=WireRoute)


@router.get("/usage", **documented(schemas.WorkspaceUsageAnswer))
@needs(Need.LOGIN)
def workspace_usage(runtime: RuntimeDep) -> Response:
    """Return the workspace's quotas, and what it uses of them."""
    return _answer(runtime)


@router.post("/quotas", **documented(schemas.WorkspaceUsageAnswer))
@needs(Need.ADMIN)
def set_quotas(body: schemas.SetQuotas, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Set all quotas of the workspace: what is absent has none from then on."""
    access = current_access()
    now = runtime.clock()
    with runtime.database.writing() as session:
        logic.set_quotas(session, Quotas(**body.model_dump()), access, AuditContext(actor, now))
    if runtime.redis is not None:
        # This process does not know where files are: a worker counts them.
        runtime.redis.send(RECOUNT)
    else:
        with runtime.database.writing() as session:
            recount(session, runtime.part(Places), access.workspace_id or 0, now)
    return _answer(runtime)


def _answer(runtime: Runtime) -> Response:
    access = current_access()
    with runtime.database.reading() as session:
        found = logic.usage(session, access)
    return reply(
        schemas.WorkspaceUsageAnswer(
            workspace=access.workspace_name,
            quotas=schemas.QuotasMessage(**asdict(found.quotas)),
            usage=schemas.UsageMessage(**{stock.value: number for stock, number in found.stocks.items()}),
            counted_time=found.kept.counted_time,
        )
    )
