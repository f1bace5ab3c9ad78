"""Statements about workspaces."""

from collections.abc import Sequence

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from trackhelm_domain.tables import (
    AccessEpoch,
    AccessGrant,
    ApprovalRequest,
    Experiment,
    Protection,
    RegisteredModel,
    Role,
    Webhook,
    Workspace,
    WorkspaceUsage,
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


def locked(session: Session, name: str) -> Workspace | None:
    """Return a workspace, locked: who adds to it has done so, and nobody else does until the commit."""
    return session.scalar(select(Workspace).where(Workspace.name == name).with_for_update())


_SHOWN = 5
"""How many names a refusal lists."""


def taken_names(session: Session, workspace_id: int, other_id: int) -> dict[str, Sequence[str]]:
    """Return some names that things of a kind have in both of two workspaces, by the kind."""
    found: dict[str, Sequence[str]] = {}
    tables: tuple[tuple[str, type[Experiment | RegisteredModel]], ...] = (
        ("experiments", Experiment),
        ("registered models", RegisteredModel),
    )
    for kind, table in tables:
        other = aliased(table)
        both = exists().where(other.workspace_id == other_id, other.name == table.name)
        statement = select(table.name).where(table.workspace_id == workspace_id, both)
        found[kind] = session.scalars(statement.order_by(table.name).limit(_SHOWN)).all()
    return {kind: names for kind, names in found.items() if names}


def protected_models(session: Session, workspace_id: int) -> Sequence[str]:
    """Return the names of some models of a workspace that have protections."""
    is_protected = exists().where(Protection.registered_model_id == RegisteredModel.id)
    statement = select(RegisteredModel.name).where(RegisteredModel.workspace_id == workspace_id, is_protected)
    return session.scalars(statement.order_by(RegisteredModel.name).limit(_SHOWN)).all()


def move_contents(session: Session, workspace_id: int, other_id: int) -> None:
    """Let everything in a workspace be in another one, with the grants of accounts on single things."""
    for table in (Experiment, RegisteredModel, ApprovalRequest, Webhook):
        session.execute(update(table).where(table.workspace_id == workspace_id).values(workspace_id=other_id))
    on_one = AccessGrant.experiment_id.is_not(None) | AccessGrant.registered_model_id.is_not(None)
    session.execute(
        update(AccessGrant)
        .where(AccessGrant.workspace_id == workspace_id, AccessGrant.account_id.is_not(None), on_one)
        .values(workspace_id=other_id)
    )
    # Runs and bytes are counted anew.
    counted = update(WorkspaceUsage).where(WorkspaceUsage.workspace_id == other_id)
    session.execute(counted.values(counted_time=0))


def bin_experiments(session: Session, workspace_id: int, *, now: int) -> None:
    """Move every experiment of a workspace to the bin: nothing can be added to one any more."""
    session.execute(
        update(Experiment)
        .where(Experiment.workspace_id == workspace_id, Experiment.lifecycle_stage == LifecycleStage.ACTIVE)
        .values(lifecycle_stage=LifecycleStage.DELETED, last_update_time=now)
    )


def delete(session: Session, row: Workspace) -> None:
    """Delete a workspace with its roles, grants and service accounts."""
    session.delete(row)
    session.flush()
