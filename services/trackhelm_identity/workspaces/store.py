"""Statements about workspaces."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import (
    AccessEpoch,
    AccessGrant,
    Experiment,
    RegisteredModel,
    Role,
    Webhook,
    Workspace,
)
from trackhelm_domain.tables.runs import LifecycleStage


def all_workspaces(session: Session) -> Sequence[Workspace]:
    """Return every workspace, by name."""
    return session.scalars(select(Workspace).order_by(Workspace.name)).all()


def by_name(session: Session, name: str) -> Workspace | None:
    """Return a workspace."""
    return session.scalar(select(Workspace).where(Workspace.name == name))


def insert(session: Session, row: Workspace, roles: Sequence[tuple[Role, Sequence[AccessGrant]]]) -> None:
    """Insert a workspace with the roles that it begins with.

    Its id is one that no workspace ever had: the epoch of access, which never goes back, and one more.
    """
    row.id = session.scalars(select(AccessEpoch.epoch)).one() + 1
    session.add(row)
    session.flush()
    for role, grants in roles:
        role.workspace_id = row.id
        session.add(role)
        session.flush()
        for grant in grants:
            grant.workspace_id, grant.role_id = row.id, role.id
            session.add(grant)
    session.flush()


def contents(session: Session, workspace_id: int) -> dict[str, int]:
    """Return how many things of each kind a workspace has."""
    counts = {
        "experiments": select(func.count())
        .select_from(Experiment)
        .where(Experiment.workspace_id == workspace_id, Experiment.lifecycle_stage != LifecycleStage.PURGED),
        "registered models": select(func.count())
        .select_from(RegisteredModel)
        .where(RegisteredModel.workspace_id == workspace_id),
        "webhooks": select(func.count()).select_from(Webhook).where(Webhook.workspace_id == workspace_id),
    }
    found = {kind: session.scalar(statement) or 0 for kind, statement in counts.items()}
    return {kind: count for kind, count in found.items() if count}


def delete(session: Session, row: Workspace) -> None:
    """Delete a workspace with its roles, grants and service accounts."""
    session.delete(row)
    session.flush()
