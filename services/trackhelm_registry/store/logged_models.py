"""Statements that write logged models. Whole models are read by `logged_model_reading`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import LoggedModel, LoggedModelParam, LoggedModelTag
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.db.upsert import upsert
from trackhelm_registry.schemas.logged_model_replies import LoggedModelInfo


@dataclass(frozen=True, slots=True)
class ModelRef:
    """What a write must know of the model it goes to."""

    id: int
    stage: LifecycleStage
    status: str


def insert_model(session: Session, info: LoggedModelInfo) -> int:
    """Insert an active model and return its integer id."""
    statement = insert(LoggedModel).values(
        model_id=info.model_id,
        experiment_id=int(info.experiment_id),
        name=info.name,
        model_type=info.model_type,
        source_run_id=info.source_run_id,
        status=info.status,
        status_message=info.status_message,
        artifact_uri=info.artifact_uri,
        creation_timestamp=info.creation_timestamp_ms,
        last_updated_timestamp=info.last_updated_timestamp_ms,
        lifecycle_stage=LifecycleStage.ACTIVE,
    )
    return session.execute(statement.returning(LoggedModel.id)).scalar_one()


def lock_model(session: Session, model_id: str) -> ModelRef | None:
    """Return a model, None if there is none. On PostgreSQL others cannot write to it until we commit."""
    statement = select(LoggedModel.id, LoggedModel.lifecycle_stage, LoggedModel.status)
    statement = statement.where(LoggedModel.model_id == model_id).with_for_update()
    row = session.execute(statement).one_or_none()
    return None if row is None else ModelRef(row[0], LifecycleStage(row[1]), row[2])


def set_status(session: Session, model: int, status: str, *, now: int) -> None:
    """Set a model's status."""
    values = {"status": status, "last_updated_timestamp": now}
    session.execute(update(LoggedModel).where(LoggedModel.id == model).values(values))


def delete_model(session: Session, model: int, *, now: int) -> None:
    """Put a model into the bin."""
    values = {"lifecycle_stage": LifecycleStage.DELETED, "last_updated_timestamp": now}
    session.execute(update(LoggedModel).where(LoggedModel.id == model).values(values))


def find_params(session: Session, model: int, keys: Collection[str]) -> dict[str, str]:
    """Return those params of a model that have one of `keys`."""
    statement = select(LoggedModelParam.key, LoggedModelParam.value)
    statement = statement.where(LoggedModelParam.logged_model_id == model, LoggedModelParam.key.in_(keys))
    return {row.key: row.value for row in session.execute(statement)}


def add_params(session: Session, model: int, params: Mapping[str, str]) -> None:
    """Add the params that the model does not have."""
    upsert(session, LoggedModelParam, _rows(model, params))


def find_tags(session: Session, model: int, keys: Collection[str]) -> dict[str, str]:
    """Return those tags of a model that have one of `keys`."""
    statement = select(LoggedModelTag.key, LoggedModelTag.value).where(
        LoggedModelTag.logged_model_id == model, is_any_of(session, LoggedModelTag.key, sorted(keys))
    )
    return dict(session.execute(statement).all())


def set_tags(session: Session, model: int, tags: Mapping[str, str]) -> None:
    """Set tags: a present one takes the new value."""
    upsert(session, LoggedModelTag, _rows(model, tags), update=["value"])


def delete_tag(session: Session, model: int, key: str) -> str | None:
    """Delete a tag and return the value it had, None if there was none."""
    statement = delete(LoggedModelTag).where(
        LoggedModelTag.logged_model_id == model, LoggedModelTag.key == key
    )
    return session.scalar(statement.returning(LoggedModelTag.value))


def _rows(model: int, pairs: Mapping[str, str]) -> list[dict[str, int | str]]:
    return [{"logged_model_id": model, "key": key, "value": pairs[key]} for key in sorted(pairs)]
