"""Statements that find and change versions of registered models."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ModelVersion, RegisteredModelAlias


def find_version(session: Session, model: int, number: int) -> tuple[int, str] | None:
    """Return a version's row id and stage."""
    statement = select(ModelVersion.id, ModelVersion.current_stage)
    statement = statement.where(ModelVersion.registered_model_id == model, ModelVersion.version == number)
    found = session.execute(statement).one_or_none()
    return None if found is None else (found.id, found.current_stage)


def insert_version(session: Session, values: Mapping[str, Any], *, now: int) -> int:
    """Insert a version and return its row id."""
    statement = insert(ModelVersion).values(**values, creation_timestamp=now, last_updated_timestamp=now)
    return session.execute(statement.returning(ModelVersion.id)).scalar_one()


def update_version(session: Session, version: int, values: Mapping[str, Any], *, now: int) -> None:
    """Change columns of a version."""
    session.execute(
        update(ModelVersion).where(ModelVersion.id == version).values(**values, last_updated_timestamp=now)
    )


def move_others(
    session: Session, model: int, version: int, stages: tuple[str, str], *, now: int
) -> list[int]:
    """Move every other version of a model that is in the first stage to the second; return their numbers."""
    origin, target = stages
    moved = session.scalars(
        update(ModelVersion)
        .where(
            ModelVersion.registered_model_id == model,
            ModelVersion.id != version,
            ModelVersion.current_stage == origin,
        )
        .values(current_stage=target, last_updated_timestamp=now)
        .returning(ModelVersion.version)
    )
    return sorted(moved)


def move_version(session: Session, model: int, number: int, stage: str, *, now: int) -> None:
    """Move a version of a model to a stage."""
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.registered_model_id == model, ModelVersion.version == number)
        .values(current_stage=stage, last_updated_timestamp=now)
    )


def newest_in_stage(session: Session, model: int, stage: str) -> int | None:
    """Return the highest number of a model's versions that are in a stage."""
    return session.scalar(
        select(func.max(ModelVersion.version)).where(
            ModelVersion.registered_model_id == model, ModelVersion.current_stage == stage
        )
    )


def delete_version(session: Session, model: int, version: int, number: int) -> None:
    """Delete a version and the aliases that point to it; its tags go with it."""
    session.execute(
        delete(RegisteredModelAlias).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.version == number
        )
    )
    session.execute(delete(ModelVersion).where(ModelVersion.id == version))
