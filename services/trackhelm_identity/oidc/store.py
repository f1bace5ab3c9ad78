"""Statements about who people are at an identity provider, and what its groups gave them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Account, ExternalIdentity, Role, RoleAssignment, Workspace


def account_of(session: Session, issuer: str, subject: str) -> Account | None:
    """Return the account of a person."""
    statement = select(Account).join(ExternalIdentity, ExternalIdentity.account_id == Account.id)
    return session.scalar(
        statement.where(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
    )


def insert(session: Session, row: Account | ExternalIdentity | RoleAssignment) -> None:
    """Insert a row."""
    session.add(row)
    session.flush()


def delete(session: Session, row: RoleAssignment) -> None:
    """Delete a row."""
    session.delete(row)
    session.flush()


def role(session: Session, workspace: str, name: str) -> Role | None:
    """Return a role by its name and its workspace's."""
    statement = select(Role).join(Workspace, Workspace.id == Role.workspace_id)
    return session.scalar(statement.where(Workspace.name == workspace, Role.name == name))


def roles_of(session: Session, account_id: int) -> Sequence[tuple[RoleAssignment, Role, str]]:
    """Return the roles of an account, with the names of their workspaces."""
    statement = (
        select(RoleAssignment, Role, Workspace.name)
        .join(Role, Role.id == RoleAssignment.role_id)
        .join(Workspace, Workspace.id == Role.workspace_id)
    )
    return session.execute(statement.where(RoleAssignment.account_id == account_id)).all()
