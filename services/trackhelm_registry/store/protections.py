"""Statements about which stages and aliases are protected."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Protection
from trackhelm_core.db.upsert import upsert


def protections(session: Session, model: int) -> set[tuple[str, str]]:
    """Return what of a model is protected: pairs of kind and target."""
    statement = select(Protection.kind, Protection.target).where(Protection.registered_model_id == model)
    return {(kind, target) for kind, target in session.execute(statement)}


def add_protection(session: Session, model: int, kind: str, target: str) -> None:
    """Protect a stage or an alias, if it is not."""
    upsert(session, Protection, [{"registered_model_id": model, "kind": kind, "target": target}])


def remove_protection(session: Session, model: int, kind: str, target: str) -> None:
    """Protect a stage or an alias no longer."""
    session.execute(
        delete(Protection).where(
            Protection.registered_model_id == model, Protection.kind == kind, Protection.target == target
        )
    )
