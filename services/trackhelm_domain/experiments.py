"""What a service must know of an experiment before it adds to it, or deletes what is in it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_domain.tables import Experiment
from trackhelm_domain.tables.lifecycle import LifecycleStage


def active_location(session: Session, experiment_id: int, asked: str = "") -> str:
    """Return where an active experiment's files are; `asked` is its id where the caller spelt it otherwise.

    It cannot be deleted until this transaction ends.

    On PostgreSQL because its row is locked, shared with others that add to it: what is added to an experiment
    while it is deleted would stay active in it. On SQLite because whoever writes is alone.
    """
    statement = select(Experiment.lifecycle_stage, Experiment.artifact_location)
    statement = statement.where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage != LifecycleStage.PURGED
    ).with_for_update(read=True)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFoundError(f"No Experiment with id={asked or experiment_id} exists.")
    stage, location = found
    if stage != LifecycleStage.ACTIVE:
        raise InvalidParameterError(
            f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
        )
    return location


def is_in_bin(session: Session, experiment_id: int) -> bool:
    """Return whether an experiment is in the bin: then it stays there until this transaction ends."""
    statement = select(Experiment.id).where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage == LifecycleStage.DELETED
    )
    return session.scalar(statement.with_for_update()) is not None
