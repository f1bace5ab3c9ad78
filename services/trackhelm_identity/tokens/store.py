"""Statements about tokens and service accounts."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import AccessToken, Account, Experiment, Workspace
from trackhelm_domain.tables.identity import AccountKind


def insert(session: Session, row: AccessToken | Account) -> None:
    """Insert a token or a service account."""
    session.add(row)
    session.flush()


def tokens_of(session: Session, account_id: int) -> Sequence[tuple[AccessToken, str]]:
    """Return the tokens of an account, each with the name of the workspace it is confined to, or empty."""
    statement = select(AccessToken, Workspace.name).outerjoin(
        Workspace, Workspace.id == AccessToken.workspace_id
    )
    found = session.execute(statement.where(AccessToken.account_id == account_id).order_by(AccessToken.id))
    return [(token, name or "") for token, name in found]


def token_by_id(session: Session, token_id: int) -> tuple[AccessToken, Account] | None:
    """Return a token and its account."""
    return session.execute(_with_account().where(AccessToken.id == token_id)).one_or_none()


def token_by_digest(session: Session, digest: bytes) -> tuple[AccessToken, Account] | None:
    """Return a token and its account."""
    return session.execute(_with_account().where(AccessToken.digest == digest)).one_or_none()


def _with_account() -> Select[AccessToken, Account]:
    return select(AccessToken, Account).join(Account, Account.id == AccessToken.account_id)


def delete(session: Session, row: AccessToken | Account) -> None:
    """Delete a token, or a service account with its tokens and grants."""
    session.delete(row)
    session.flush()


def service_accounts(session: Session, workspace_id: int) -> Sequence[Account]:
    """Return the service accounts of a workspace, by name."""
    statement = select(Account).where(
        Account.kind == AccountKind.SERVICE, Account.workspace_id == workspace_id
    )
    return session.scalars(statement.order_by(Account.name_key)).all()


def workspace_by_name(session: Session, name: str) -> int | None:
    """Return the id of a workspace."""
    return session.scalar(select(Workspace.id).where(Workspace.name == name))


def workspace_of_experiment(session: Session, experiment_id: int) -> int | None:
    """Return the workspace of an experiment."""
    return session.scalar(select(Experiment.workspace_id).where(Experiment.id == experiment_id))
