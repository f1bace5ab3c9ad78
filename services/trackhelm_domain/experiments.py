"""Checks of an experiment before a service adds to it or deletes something in it."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.tables import Experiment
from trackhelm_domain.tables.runs import LifecycleStage


def active_location(session: Session, experiment_id: int, asked: str = "") -> str:
    """Return the location of an active experiment; `asked` is its id as the caller spelt it, if different.

    The experiment cannot be deleted until this transaction ends. Otherwise something could be added while it
    is deleted, and would stay active in a deleted experiment. On PostgreSQL its row is locked, in a mode
    shared with others that add to it; SQLite has one writer at a time anyway.
    """
    statement = select(Experiment.lifecycle_stage, Experiment.artifact_location)
    statement = statement.where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage != LifecycleStage.PURGED
    ).with_for_update(read=True)
    found = session.execute(statement).one_or_none()
    if found is None or not permits_experiment(session, experiment_id):
        raise NotFoundError(f"No Experiment with id={asked or experiment_id} exists.")
    stage, location = found
    if stage != LifecycleStage.ACTIVE:
        raise InvalidParameterError(
            f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
        )
    return location


def is_in_bin(session: Session, experiment_id: int) -> bool:
    """Return whether an experiment is in the bin. If it is, it stays there until this transaction ends."""
    statement = select(Experiment.id).where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage == LifecycleStage.DELETED
    )
    return session.scalar(statement.with_for_update()) is not None


def workspaces_of(session: Session, experiment_ids: Collection[int]) -> dict[int, int]:
    """Return the workspace of each experiment, in whatever state it is."""
    columns = (Experiment.id, Experiment.workspace_id)
    found = select(*columns).where(is_any_of(session, Experiment.id, sorted(experiment_ids)))
    return dict(session.execute(found).all())
