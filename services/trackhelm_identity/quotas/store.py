"""Statements about quotas."""

from collections.abc import Mapping

from sqlalchemy import delete
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import dialect_of, insert_for
from trackhelm_domain.tables import WorkspaceQuota


def put_quotas(session: Session, workspace_id: int, quotas: Mapping[str, int | None], now: int) -> None:
    """Store all quotas of a workspace."""
    values = {**quotas, "set_time": now}
    statement = insert_for(dialect_of(session), WorkspaceQuota).values(workspace_id=workspace_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def remove_quotas(session: Session, workspace_id: int) -> None:
    """Let a workspace have no quotas."""
    session.execute(delete(WorkspaceQuota).where(WorkspaceQuota.workspace_id == workspace_id))
