"""Statements about saved views, which this service owns."""

from typing import Any, Final, NamedTuple

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Experiment, SavedView
from trackhelm_domain.tables.runs import LifecycleStage


class StoredView(NamedTuple):
    """A saved view. `state` is a JSON object as text, times are milliseconds since the epoch."""

    id: int
    uuid: str
    experiment_id: int
    name: str
    state: str
    created_by: str
    updated_by: str
    creation_time: int
    last_update_time: int


_COLUMNS: Final = tuple(getattr(SavedView, name) for name in StoredView._fields)
_FOUND: Final = (
    select(*_COLUMNS)
    .join(Experiment, Experiment.id == SavedView.experiment_id)
    .where(Experiment.lifecycle_stage != LifecycleStage.PURGED)
)


def _view(row: RowMapping) -> StoredView:
    return StoredView(**row)


def by_uuid(session: Session, uuid: str, *, lock: bool = False) -> StoredView | None:
    """Return a view, None if there is none; with `lock`, no other transaction changes it meanwhile."""
    statement = _FOUND.where(SavedView.uuid == uuid)
    if lock:
        statement = statement.with_for_update(of=SavedView)
    row = session.execute(statement).mappings().one_or_none()
    return None if row is None else _view(row)


def of_experiment(session: Session, experiment_id: int) -> list[StoredView]:
    """Return the views of an experiment, in the order of their names."""
    statement = _FOUND.where(SavedView.experiment_id == experiment_id).order_by(
        func.lower(SavedView.name), SavedView.id
    )
    return [_view(row) for row in session.execute(statement).mappings()]


def stage_of_experiment(session: Session, experiment_id: int, *, lock: bool = False) -> str | None:
    """Return the stage of an experiment, if there is one; locked, its views do not change meanwhile."""
    statement = select(Experiment.lifecycle_stage).where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage != LifecycleStage.PURGED
    )
    stage: str | None = session.scalar(statement.with_for_update() if lock else statement)
    return stage


def names_of(session: Session, experiment_id: int) -> dict[str, str]:
    """Return the ids of the views of an experiment by their names."""
    rows = session.execute(
        select(SavedView.name, SavedView.uuid).where(SavedView.experiment_id == experiment_id)
    )
    return dict(rows.all())


def insert_view(session: Session, values: dict[str, Any]) -> None:
    """Insert a view."""
    session.execute(insert(SavedView).values(values))


def update_view(session: Session, view_id: int, values: dict[str, Any]) -> None:
    """Change a view."""
    session.execute(update(SavedView).where(SavedView.id == view_id).values(values))


def delete_view(session: Session, view_id: int) -> None:
    """Delete a view."""
    session.execute(delete(SavedView).where(SavedView.id == view_id))
