"""Statements about aliases."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import RegisteredModelAlias
from trackhelm_core.db.upsert import upsert


def set_alias(session: Session, model: int, alias: str, number: int) -> None:
    """Point an alias to the version with a number."""
    row = {"registered_model_id": model, "alias": alias, "version": number}
    upsert(session, RegisteredModelAlias, [row], update=["version"])


def aliased_number(session: Session, model: int, alias: str) -> int | None:
    """Return the number of the version that an alias points to."""
    return session.scalar(
        select(RegisteredModelAlias.version).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.alias == alias
        )
    )


def delete_alias(session: Session, model: int, alias: str) -> None:
    """Delete an alias if it is there."""
    session.execute(
        delete(RegisteredModelAlias).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.alias == alias
        )
    )
