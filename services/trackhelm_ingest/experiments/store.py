"""Statements about experiments."""

from collections.abc import Mapping

from sqlalchemy import CursorResult, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import upsert
from trackhelm_domain.locations import location_key
from trackhelm_domain.tables import Experiment, ExperimentTag, Run, Workspace
from trackhelm_domain.tables.runs import LifecycleStage


class NameTakenError(Exception):
    """Another experiment, active or deleted, has the name."""


def stage_of(session: Session, experiment_id: int) -> LifecycleStage | None:
    """Return an experiment's stage, None if there is no such experiment. Locks its row on PostgreSQL."""
    stage = session.scalar(
        select(Experiment.lifecycle_stage)
        .where(Experiment.id == experiment_id, Experiment.lifecycle_stage != LifecycleStage.PURGED)
        .with_for_update()
    )
    return None if stage is None else LifecycleStage(stage)


def insert_experiment(session: Session, workspace_id: int, *, name: str, now: int) -> int:
    """Insert an active experiment without a location and return its id; raises `NameTakenError`."""
    statement = insert(Experiment).values(
        workspace_id=workspace_id,
        name=name,
        artifact_location="",
        lifecycle_stage=LifecycleStage.ACTIVE,
        creation_time=now,
        last_update_time=now,
    )
    try:
        return session.execute(statement.returning(Experiment.id)).scalar_one()
    except IntegrityError as error:
        raise NameTakenError(name) from error


def artifact_root(session: Session, workspace_id: int) -> str:
    """Return the URI below which a workspace has its files, empty for the server's own store."""
    return session.scalar(select(Workspace.artifact_root).where(Workspace.id == workspace_id)) or ""


def set_location(session: Session, experiment_id: int, location: str) -> None:
    """Set the artifact location of a new experiment."""
    session.execute(
        update(Experiment)
        .where(Experiment.id == experiment_id)
        .values(artifact_location=location, location_key=location_key(location))
    )


def rename_experiment(session: Session, experiment_id: int, name: str, *, now: int) -> None:
    """Change the name; raises `NameTakenError`."""
    statement = update(Experiment).where(Experiment.id == experiment_id)
    try:
        session.execute(statement.values(name=name, last_update_time=now))
    except IntegrityError as error:
        raise NameTakenError(name) from error


def set_stage(session: Session, experiment_id: int, stage: LifecycleStage, *, now: int) -> None:
    """Set the stage of an experiment and of all its runs, except those deleted for good."""
    session.execute(
        update(Experiment)
        .where(Experiment.id == experiment_id)
        .values(lifecycle_stage=stage, last_update_time=now)
    )
    deleted_time = now if stage is LifecycleStage.DELETED else None
    session.execute(
        update(Run)
        .where(Run.experiment_id == experiment_id, Run.lifecycle_stage != LifecycleStage.PURGED)
        .values(lifecycle_stage=stage, deleted_time=deleted_time)
    )


def touch(session: Session, experiment_id: int, *, now: int) -> None:
    """Set the time at which an experiment was last changed."""
    session.execute(update(Experiment).where(Experiment.id == experiment_id).values(last_update_time=now))


def set_tags(session: Session, experiment_id: int, tags: Mapping[str, str]) -> None:
    """Set tags; an existing tag gets the new value."""
    rows = [{"experiment_id": experiment_id, "key": key, "value": tags[key]} for key in sorted(tags)]
    upsert(session, ExperimentTag, rows, update=["value"])


def delete_tag(session: Session, experiment_id: int, key: str) -> bool:
    """Delete a tag and return whether there was one."""
    statement = delete(ExperimentTag).where(
        ExperimentTag.experiment_id == experiment_id, ExperimentTag.key == key
    )
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount > 0
