"""Statements about tags of registered models and of versions."""

from collections.abc import Mapping

from sqlalchemy import delete
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ModelVersionTag, RegisteredModelTag
from trackhelm_core.db.upsert import upsert


def set_model_tags(session: Session, model: int, tags: Mapping[str, str]) -> None:
    """Set tags of a model: a present one takes the new value."""
    rows = [{"registered_model_id": model, "key": key, "value": tags[key]} for key in sorted(tags)]
    upsert(session, RegisteredModelTag, rows, update=["value"])


def delete_model_tag(session: Session, model: int, key: str) -> None:
    """Delete a tag of a model if it is there."""
    session.execute(
        delete(RegisteredModelTag).where(
            RegisteredModelTag.registered_model_id == model, RegisteredModelTag.key == key
        )
    )


def set_version_tags(session: Session, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version: a present one takes the new value."""
    rows = [{"model_version_id": version, "key": key, "value": tags[key]} for key in sorted(tags)]
    upsert(session, ModelVersionTag, rows, update=["value"])


def delete_version_tag(session: Session, version: int, key: str) -> None:
    """Delete a tag of a version if it is there."""
    session.execute(
        delete(ModelVersionTag).where(ModelVersionTag.model_version_id == version, ModelVersionTag.key == key)
    )
