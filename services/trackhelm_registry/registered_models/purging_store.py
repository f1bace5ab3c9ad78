"""Statements that delete logged models for good."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import LoggedModel
from trackhelm_domain.tables.lifecycle import LifecycleStage


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A logged model, and where its files are. `deleted_time` is in milliseconds since the epoch."""

    id: int
    model_id: str
    experiment_id: int
    artifact_uri: str
    stage: str
    deleted_time: int


_COLUMNS = (
    LoggedModel.id,
    LoggedModel.model_id,
    LoggedModel.experiment_id,
    LoggedModel.artifact_uri,
    LoggedModel.lifecycle_stage,
    LoggedModel.last_updated_timestamp,
)


def models_in_bin(session: Session, *, before: int, after: int, limit: int) -> list[ModelFiles]:
    """Return the next models after the row id `after` that came to the bin before a time."""
    statement = select(*_COLUMNS).where(
        LoggedModel.lifecycle_stage == LifecycleStage.DELETED,
        LoggedModel.last_updated_timestamp <= before,
        LoggedModel.id > after,
    )
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id).limit(limit))]


def models_of_experiment(session: Session, experiment_id: int, *, after: int, limit: int) -> list[ModelFiles]:
    """Return the next models of an experiment after the row id `after`, in the bin or not."""
    statement = select(*_COLUMNS).where(LoggedModel.experiment_id == experiment_id, LoggedModel.id > after)
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id).limit(limit))]


def find_models(session: Session, model_ids: Sequence[str], *, lock: bool) -> list[ModelFiles]:
    """Return those of the models `model_ids` that exist."""
    statement = select(*_COLUMNS).where(is_any_of(session, LoggedModel.model_id, model_ids))
    if lock:
        statement = statement.with_for_update()
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id))]


def delete_models(session: Session, models: Sequence[int]) -> None:
    """Delete models with their params and tags."""
    session.execute(delete(LoggedModel).where(is_any_of(session, LoggedModel.id, models)))
