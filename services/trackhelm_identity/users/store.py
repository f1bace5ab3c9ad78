"""Statements about accounts."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import AccessToken, Account, DeviceLogin, Role, RoleAssignment, WebSession
from trackhelm_domain.tables.identity import AccountKind


def insert_account(session: Session, account: Account) -> None:
    """Insert an account, whose name nobody has: who changes accounts takes turns."""
    session.add(account)
    session.flush()


def users(session: Session) -> Sequence[Account]:
    """Return every user, by name."""
    statement = select(Account).where(Account.kind == AccountKind.USER)
    return session.scalars(statement.order_by(Account.name_key)).all()


def roles_by_account(session: Session) -> dict[int, list[Role]]:
    """Return the roles of every account that has any."""
    statement = select(RoleAssignment.account_id, Role).join(Role, Role.id == RoleAssignment.role_id)
    found: dict[int, list[Role]] = {}
    for account_id, role in session.execute(statement.order_by(Role.id)):
        found.setdefault(account_id, []).append(role)
    return found


def admins(session: Session) -> int:
    """Return how many administrators there are that can log in."""
    statement = select(func.count()).where(Account.is_admin, ~Account.is_disabled)
    return session.scalar(statement.select_from(Account)) or 0


def any_account(session: Session) -> bool:
    """Return whether there is any account."""
    return session.scalar(select(Account.id).limit(1)) is not None


def delete_account(session: Session, account: Account) -> None:
    """Delete an account with its tokens, roles and grants."""
    session.delete(account)
    session.flush()


def delete_tokens(session: Session, account_id: int) -> None:
    """Delete every token of an account."""
    session.execute(delete(AccessToken).where(AccessToken.account_id == account_id))


def delete_sessions(session: Session, account_id: int) -> None:
    """Delete every session of an account: each browser must log in again.

    What was approved in them, and not fetched yet, counts no more.
    """
    session.execute(delete(WebSession).where(WebSession.account_id == account_id))
    session.execute(delete(DeviceLogin).where(DeviceLogin.account_id == account_id))
