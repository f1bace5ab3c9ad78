"""Statements about who people are at an identity provider."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Account, ExternalIdentity


def account_of(session: Session, issuer: str, subject: str) -> Account | None:
    """Return the account of a person."""
    statement = select(Account).join(ExternalIdentity, ExternalIdentity.account_id == Account.id)
    return session.scalar(
        statement.where(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
    )


def insert(session: Session, row: Account | ExternalIdentity) -> None:
    """Insert a row."""
    session.add(row)
    session.flush()
