"""Statements about programs that wait for a login."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Account, DeviceLogin


def insert(session: Session, row: DeviceLogin) -> None:
    """Insert a program that waits."""
    session.add(row)
    session.flush()


def delete_expired(session: Session, now: int) -> None:
    """Delete what nobody waits for any more."""
    session.execute(delete(DeviceLogin).where(DeviceLogin.expiry_time <= now))


def count(session: Session) -> int:
    """Return how many programs wait."""
    return session.scalar(select(func.count()).select_from(DeviceLogin)) or 0


def by_digest(session: Session, digest: bytes) -> DeviceLogin | None:
    """Return the program whose key has a digest; nobody else gets its token before the commit."""
    return session.scalar(select(DeviceLogin).where(DeviceLogin.digest == digest).with_for_update())


def by_user_code(session: Session, user_code: str, *, is_locked: bool) -> DeviceLogin | None:
    """Return the program with a code; if it is locked, nobody else decides on it before the commit."""
    statement = select(DeviceLogin).where(DeviceLogin.user_code == user_code)
    return session.scalar(statement.with_for_update() if is_locked else statement)


def account(session: Session, account_id: int) -> Account | None:
    """Return an account."""
    return session.get(Account, account_id)


def remove(session: Session, row: DeviceLogin) -> None:
    """Delete a program that waits no longer."""
    session.delete(row)
    session.flush()
