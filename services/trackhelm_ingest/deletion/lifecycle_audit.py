"""The audit events of deleting and restoring runs and experiments."""

from sqlalchemy.orm import Session

from trackhelm_domain.audit.changes import Action, AuditContext, Change, Entity
from trackhelm_domain.audit.recorder import record
from trackhelm_domain.tables.lifecycle import LifecycleStage

_OTHER = {
    LifecycleStage.ACTIVE: LifecycleStage.DELETED,
    LifecycleStage.DELETED: LifecycleStage.ACTIVE,
}
_ACTIONS = {LifecycleStage.ACTIVE: Action.RESTORED, LifecycleStage.DELETED: Action.DELETED}


def record_move(session: Session, entity: Entity, stage: LifecycleStage, cause: AuditContext) -> None:
    """Record that an entity was moved to a stage from the other one."""
    change = Change(
        entity,
        _ACTIONS[stage],
        {"lifecycle_stage": _OTHER[stage].value},
        {"lifecycle_stage": stage.value},
    )
    record(session, change, cause)
