"""Rules about quotas: who sees them, and setting them."""

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from trackhelm_core.access import Access
from trackhelm_core.errors import InvalidParameterError
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record
from trackhelm_domain.quotas.book import NO_QUOTAS, Quotas, read_quotas
from trackhelm_domain.quotas.usage import Stock, Used, change_quotas, stock_of, usage_of
from trackhelm_identity.quotas import store
from trackhelm_identity.workspaces.logic import workspace_not_found


@dataclass(frozen=True, slots=True)
class Usage:
    """The quotas of a workspace, and how much it has of each stock."""

    quotas: Quotas
    stocks: dict[Stock, int]
    kept: Used


def usage(session: Session, access: Access) -> Usage:
    """Return what the workspace uses, to who has a part in it."""
    if not (access.principal.is_admin or access.rights.is_member):
        raise workspace_not_found(access.workspace_name)
    workspace_id = access.workspace_id or 0
    kept = usage_of(session, workspace_id)
    return Usage(
        quotas=read_quotas(session).get(workspace_id, NO_QUOTAS),
        stocks={stock: stock_of(session, workspace_id, stock, kept) for stock in Stock},
        kept=kept,
    )


def set_quotas(session: Session, wanted: Quotas, access: Access, context: AuditContext) -> None:
    """Set all quotas of the workspace."""
    if wanted.points_burst is not None and wanted.points_per_second is None:
        raise InvalidParameterError(
            "Invalid value for parameter 'points_burst' supplied: it needs 'points_per_second' beside it."
        )
    workspace_id = access.workspace_id or 0
    before = read_quotas(session).get(workspace_id, NO_QUOTAS)
    if wanted == NO_QUOTAS:
        store.remove_quotas(session, workspace_id)
    else:
        store.put_quotas(session, workspace_id, asdict(wanted), context.time)
    change_quotas(session)
    entity = Entity(EntityType.WORKSPACE, access.workspace_name)
    record(session, Change(entity, Action.QUOTAS_SET, _state(before), _state(wanted)), context)


def _state(quotas: Quotas) -> dict[str, int]:
    return {name: value for name, value in asdict(quotas).items() if value is not None}
