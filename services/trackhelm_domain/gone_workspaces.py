"""Deleted workspaces: that nothing is added to one, and what is left of it, which background work deletes.

A workspace that is deleted with everything in it is gone at once: nobody can name it any more, and its id is
never that of another. Its experiments, models and webhooks are found by having no workspace. If a process is
killed while it deletes them, the next one finds the rest.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, current_access
from trackhelm_core.errors import NotFoundError
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.access.checks import here
from trackhelm_domain.audit import Action, AuditContext, EntityType
from trackhelm_domain.tables import AuditEvent, Workspace

LOOK_SECONDS = 60.0
"""How often it is looked for what is left of deleted workspaces."""


def hold_workspace(session: Session) -> int:
    """Return the workspace of the request; it is not deleted before the transaction ends.

    What was added to it meanwhile would be lost. The default one is never deleted, and needs no statement.

    Raises:
        NotFoundError: It has just been deleted.
    """
    workspace_id = here()
    if workspace_id != DEFAULT_WORKSPACE_ID:
        held = select(Workspace.id).where(Workspace.id == workspace_id)
        if session.scalar(held.with_for_update(read=True, key_share=True)) is None:
            raise NotFoundError(f"Workspace '{current_access().workspace_name}' not found")
    return workspace_id


def is_left_over(workspace_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to a workspace that was deleted."""
    return (workspace_id > DEFAULT_WORKSPACE_ID) & ~exists().where(Workspace.id == workspace_id)


def left_over(session: Session, workspace_id: InstrumentedAttribute[int], *conditions: Any) -> list[int]:
    """Return the deleted workspaces of which a table has rows; the table is the column's."""
    statement = select(workspace_id).where(is_left_over(workspace_id), *conditions).distinct()
    return list(session.scalars(statement.order_by(workspace_id)))


def context_of_deletion(session: Session, workspace_id: int, now: int) -> AuditContext:
    """Return in whose name what is left of a workspace is deleted: who deleted the workspace."""
    statement = select(
        AuditEvent.actor,
        AuditEvent.actor_kind,
        AuditEvent.source_address,
        AuditEvent.request_id,
        AuditEvent.entity_id,
    ).where(
        AuditEvent.workspace_id == workspace_id,
        AuditEvent.entity_type == EntityType.WORKSPACE,
        AuditEvent.action == Action.PURGED,
    )
    found = session.execute(statement.order_by(AuditEvent.id.desc()).limit(1)).one_or_none()
    if found is None:
        return AuditContext(Actor("server", ActorKind.OPERATOR, "", ""), now, "with its workspace")
    actor = Actor(found.actor, ActorKind(found.actor_kind), found.source_address, found.request_id)
    return AuditContext(actor, now, f"with the workspace '{found.entity_id}'")
