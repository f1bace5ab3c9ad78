"""Statements about grants to accounts on all of a workspace."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_domain.access.rights import Granted
from trackhelm_domain.tables import AccessGrant, Account, Workspace


class Held(NamedTuple):
    """A grant on all of a kind in a workspace, and whose it is."""

    account_id: int
    account: str
    workspace: str
    granted: Granted


def whole_grants(
    session: Session, *, workspace_id: int | None = None, account_id: int | None = None
) -> Sequence[Held]:
    """Return what accounts by themselves have on all of a kind: in a workspace, or of one account."""
    statement = (
        select(AccessGrant, Account.name, Workspace.name)
        .join(Account, Account.id == AccessGrant.account_id)
        .join(Workspace, Workspace.id == AccessGrant.workspace_id)
        .where(AccessGrant.experiment_id.is_(None), AccessGrant.registered_model_id.is_(None))
        .order_by(Account.name_key, Workspace.name)
    )
    if workspace_id is not None:
        statement = statement.where(AccessGrant.workspace_id == workspace_id)
    if account_id is not None:
        statement = statement.where(AccessGrant.account_id == account_id)
    return [
        Held(
            row.account_id or 0,
            account,
            workspace,
            Granted(row.workspace_id, row.resource_type, None, None, row.level),
        )
        for row, account, workspace in session.execute(statement)
    ]


def replace(session: Session, account_id: int, workspace_id: int, rows: Sequence[AccessGrant]) -> None:
    """Put grants in the place of those that an account by itself has on all of a kind in a workspace."""
    found = select(AccessGrant).where(
        AccessGrant.account_id == account_id,
        AccessGrant.workspace_id == workspace_id,
        AccessGrant.experiment_id.is_(None),
        AccessGrant.registered_model_id.is_(None),
    )
    for row in session.scalars(found).all():
        session.delete(row)
    session.flush()
    session.add_all(rows)
    session.flush()
