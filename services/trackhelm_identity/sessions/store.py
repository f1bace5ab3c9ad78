"""Statements about sessions of browsers."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import WebSession


def insert(session: Session, row: WebSession) -> None:
    """Insert a session."""
    session.add(row)
    session.flush()


def sessions_of(session: Session, account_id: int) -> Sequence[WebSession]:
    """Return the sessions of an account, the one that was used last first."""
    statement = select(WebSession).where(WebSession.account_id == account_id)
    return session.scalars(statement.order_by(WebSession.last_used_time.desc(), WebSession.id.desc())).all()


def delete_by_digest(session: Session, digest: bytes) -> None:
    """Delete the session with the digest of its key, if there is one."""
    session.execute(delete(WebSession).where(WebSession.digest == digest))


def delete_sessions(session: Session, account_id: int, ids: Sequence[int] | None = None) -> int:
    """Delete sessions of an account, by default all of them, and return how many there were."""
    statement = delete(WebSession).where(WebSession.account_id == account_id)
    if ids is not None:
        statement = statement.where(WebSession.id.in_(ids))
    return len(session.scalars(statement.returning(WebSession.id)).all())
