"""Statements that delete runs and experiments for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import CursorResult, Delete, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import (
    Dataset,
    Experiment,
    ExperimentTag,
    LoggedModel,
    MetricChunk,
    Run,
    RunParam,
    RunTag,
    Series,
)
from trackhelm_domain.tables.runs import LifecycleStage

ROWS_AT_ONCE: Final = 1_000
"""Rows that one transaction deletes, so that other writers wait only milliseconds."""


@dataclass(frozen=True, slots=True)
class BinnedRun:
    """A run in the bin. `deleted_time` is in milliseconds since the epoch."""

    id: int
    uuid: str
    experiment_id: int
    artifact_uri: str
    deleted_time: int | None


_BINNED = (Run.id, Run.uuid, Run.experiment_id, Run.artifact_uri, Run.deleted_time)


def runs_in_bin(
    session: Session, *, before: int, experiment_id: int | None, after: int, limit: int
) -> list[BinnedRun]:
    """Return runs moved to the bin before a time, of one experiment or all, with a row id above `after`."""
    statement = select(*_BINNED).where(
        Run.lifecycle_stage == LifecycleStage.DELETED,
        or_(Run.deleted_time.is_(None), Run.deleted_time <= before),
        Run.id > after,
    )
    if experiment_id is not None:
        statement = statement.where(Run.experiment_id == experiment_id)
    return [BinnedRun(*row) for row in session.execute(statement.order_by(Run.id).limit(limit))]


def find_binned(session: Session, uuids: Sequence[str], *, lock: bool) -> list[BinnedRun]:
    """Return those of `uuids` that are runs in the bin."""
    statement = select(*_BINNED).where(
        is_any_of(session, Run.uuid, uuids), Run.lifecycle_stage == LifecycleStage.DELETED
    )
    if lock:
        statement = statement.with_for_update()
    return [BinnedRun(*row) for row in session.execute(statement.order_by(Run.id))]


def experiments_of_workspace(session: Session, workspace_id: int) -> list[int]:
    """Return the experiments of a workspace that are not deleted for good."""
    statement = select(Experiment.id).where(
        Experiment.workspace_id == workspace_id, Experiment.lifecycle_stage != LifecycleStage.PURGED
    )
    return list(session.scalars(statement.order_by(Experiment.id)))


def bin_experiment(session: Session, experiment_id: int, *, now: int) -> None:
    """Move an experiment to the bin, unless it is there."""
    session.execute(
        update(Experiment)
        .where(Experiment.id == experiment_id, Experiment.lifecycle_stage == LifecycleStage.ACTIVE)
        .values(lifecycle_stage=LifecycleStage.DELETED, last_update_time=now)
    )


def bin_runs(session: Session, experiment_id: int, *, after: int, limit: int, now: int) -> list[BinnedRun]:
    """Move the next runs of an experiment to the bin, and return them with those that were there."""
    found = (
        select(Run.id)
        .where(
            Run.experiment_id == experiment_id, Run.lifecycle_stage != LifecycleStage.PURGED, Run.id > after
        )
        .order_by(Run.id)
        .limit(limit)
        .with_for_update()
    )
    ids = list(session.scalars(found))
    is_one = is_any_of(session, Run.id, ids)
    session.execute(
        update(Run)
        .where(is_one, Run.lifecycle_stage == LifecycleStage.ACTIVE)
        .values(lifecycle_stage=LifecycleStage.DELETED, deleted_time=now)
        .execution_options(synchronize_session=False)
    )
    return [BinnedRun(*row) for row in session.execute(select(*_BINNED).where(is_one).order_by(Run.id))]


def mark_purged(session: Session, new_uuids: Mapping[int, str]) -> None:
    """Replace the public ids of runs, given by row id, so that they cannot be found any more."""
    for run_id in sorted(new_uuids):
        session.execute(
            update(Run)
            .where(Run.id == run_id)
            .values(uuid=new_uuids[run_id], lifecycle_stage=LifecycleStage.PURGED, finalized=False)
        )


def next_purged_run(session: Session, *, lock: bool = False) -> int | None:
    """Return the row id of a run that was deleted for good and still has rows.

    With `lock`, it is a run that no other transaction is deleting, locked until this transaction ends.
    """
    statement = select(Run.id).where(Run.lifecycle_stage == LifecycleStage.PURGED).order_by(Run.id).limit(1)
    return session.scalar(statement.with_for_update(skip_locked=True) if lock else statement)


def delete_some_rows(session: Session, run_id: int) -> int:
    """Delete some rows of a locked run, points first; return how many rows were deleted.

    0 means that none is left. Without the lock it could also mean that another transaction deleted them.
    """
    chunks = (
        select(MetricChunk.id)
        .join(Series, Series.id == MetricChunk.series_id)
        .where(Series.run_id == run_id)
        .limit(ROWS_AT_ONCE)
    )
    series = select(Series.id).where(Series.run_id == run_id).limit(ROWS_AT_ONCE)
    params = select(RunParam.key_id).where(RunParam.run_id == run_id).limit(ROWS_AT_ONCE)
    tags = select(RunTag.key_id).where(RunTag.run_id == run_id).limit(ROWS_AT_ONCE)
    for statement in (
        delete(MetricChunk).where(MetricChunk.id.in_(chunks)),
        delete(Series).where(Series.id.in_(series)),
        delete(RunParam).where(RunParam.run_id == run_id, RunParam.key_id.in_(params)),
        delete(RunTag).where(RunTag.run_id == run_id, RunTag.key_id.in_(tags)),
    ):
        if gone := _rowcount(session, statement):
            return gone
    return 0


def delete_run(session: Session, run_id: int) -> None:
    """Delete a run's own row, and the few rows that are deleted with it."""
    session.execute(delete(Run).where(Run.id == run_id))


def experiments_in_bin(session: Session, *, before: int) -> list[int]:
    """Return experiments that were moved to the bin before a time."""
    return list(
        session.scalars(
            select(Experiment.id)
            .where(
                Experiment.lifecycle_stage == LifecycleStage.DELETED, Experiment.last_update_time <= before
            )
            .order_by(Experiment.id)
        )
    )


def binned_experiment_time(session: Session, experiment_id: int) -> int | None:
    """Return when an experiment was moved to the bin, None if it is not in the bin."""
    statement = select(Experiment.last_update_time).where(
        Experiment.id == experiment_id, Experiment.lifecycle_stage == LifecycleStage.DELETED
    )
    return session.scalar(statement)


def holds_runs(session: Session, experiment_id: int) -> bool:
    """Return whether an experiment has a run that is not deleted for good."""
    held = exists().where(Run.experiment_id == experiment_id, Run.lifecycle_stage != LifecycleStage.PURGED)
    return bool(session.scalar(select(held)))


def holds_models(session: Session, experiment_id: int) -> bool:
    """Return whether an experiment has a logged model."""
    return bool(session.scalar(select(exists().where(LoggedModel.experiment_id == experiment_id))))


def mark_experiment_purged(session: Session, experiment_id: int, new_name: str) -> None:
    """Replace the name and delete the tags of an experiment, which frees its name and hides it."""
    session.execute(delete(ExperimentTag).where(ExperimentTag.experiment_id == experiment_id))
    session.execute(
        update(Experiment)
        .where(Experiment.id == experiment_id)
        .values(name=new_name, lifecycle_stage=LifecycleStage.PURGED)
    )


def next_purged_experiment(session: Session, *, lock: bool = False) -> int | None:
    """Return an experiment that was deleted for good and has no run left, but still has rows.

    `lock` means the same as for `next_purged_run`.
    """
    newest = select(func.max(aliased(Experiment).id)).scalar_subquery()
    statement = (
        select(Experiment.id)
        .where(
            Experiment.lifecycle_stage == LifecycleStage.PURGED,
            ~exists().where(Run.experiment_id == Experiment.id),
            # The row of the newest experiment is kept, empty: SQLite would reuse its id, which is public.
            (Experiment.id < newest) | exists().where(Dataset.experiment_id == Experiment.id),
        )
        .limit(1)
    )
    return session.scalar(statement.with_for_update(skip_locked=True) if lock else statement)


def delete_some_of_experiment(session: Session, experiment_id: int) -> None:
    """Delete some of a locked experiment's datasets, or its own row if none is left."""
    datasets = select(Dataset.id).where(Dataset.experiment_id == experiment_id).limit(ROWS_AT_ONCE)
    if not _rowcount(session, delete(Dataset).where(Dataset.id.in_(datasets))):
        session.execute(delete(Experiment).where(Experiment.id == experiment_id))


def _rowcount(session: Session, statement: Delete) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
