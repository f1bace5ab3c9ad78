"""Statements about the versions that an alias was set to, one after the other.

The model's row is locked by whoever calls these: positions are counted without a gap or a double.
"""

from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import AliasHistory


class Earlier(NamedTuple):
    """A version that an alias was set to, by its number, and where in the history that is."""

    position: int
    number: int


def note(session: Session, model: int, alias: str, number: int) -> None:
    """Note that an alias was set to a version, unless that was the last it was set to."""
    statement = select(AliasHistory.position, AliasHistory.version).where(
        AliasHistory.registered_model_id == model, AliasHistory.alias == alias
    )
    last = session.execute(statement.order_by(AliasHistory.position.desc()).limit(1)).one_or_none()
    if last is None or last.version != number:
        position = 1 if last is None else last.position + 1
        row = {"registered_model_id": model, "alias": alias, "position": position, "version": number}
        session.execute(insert(AliasHistory).values(row))


def version_before(session: Session, model: int, alias: str, number: int | None) -> Earlier | None:
    """Return the newest version that an alias was set to, other than the one with a number."""
    statement = select(AliasHistory.position, AliasHistory.version).where(
        AliasHistory.registered_model_id == model, AliasHistory.alias == alias
    )
    if number is not None:
        statement = statement.where(AliasHistory.version != number)
    found = session.execute(statement.order_by(AliasHistory.position.desc()).limit(1)).one_or_none()
    return None if found is None else Earlier(found.position, found.version)


def forget_after(session: Session, model: int, alias: str, position: int) -> None:
    """Forget what an alias was set to after a position."""
    session.execute(
        delete(AliasHistory).where(
            AliasHistory.registered_model_id == model,
            AliasHistory.alias == alias,
            AliasHistory.position > position,
        )
    )


def forget_version(session: Session, model: int, number: int) -> None:
    """Forget that any alias was set to a version: it is being deleted."""
    session.execute(
        delete(AliasHistory).where(AliasHistory.registered_model_id == model, AliasHistory.version == number)
    )
