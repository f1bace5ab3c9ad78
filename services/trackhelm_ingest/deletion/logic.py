"""Deleting runs and experiments for good, in two phases, and the audit events of deleting and restoring.

The first phase marks a run in one transaction: no reader or writer finds it any more, the deletion is in the
audit trail, and there is a tombstone for its files. The second phase deletes the rows, some at a time. If the
process is killed in the second phase, the next one finds the work that is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.ids import new_run_id
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record
from trackhelm_domain.deletion import FilesInUse, schedule_file_deletion
from trackhelm_domain.experiments import is_in_bin, workspaces_of
from trackhelm_domain.quotas.usage import Stock, has_quotas, note_use
from trackhelm_domain.tables.runs import DEFAULT_EXPERIMENT_ID, LifecycleStage
from trackhelm_ingest.deletion import store

# The audit events of deleting and restoring, for runs and experiments.

_OTHER: Final = {
    LifecycleStage.ACTIVE: LifecycleStage.DELETED,
    LifecycleStage.DELETED: LifecycleStage.ACTIVE,
}
_ACTIONS: Final = {LifecycleStage.ACTIVE: Action.RESTORED, LifecycleStage.DELETED: Action.DELETED}


def record_move(session: Session, entity: Entity, stage: LifecycleStage, context: AuditContext) -> None:
    """Record that an entity was moved to a stage from the other one."""
    change = Change(
        entity,
        _ACTIONS[stage],
        {"lifecycle_stage": _OTHER[stage].value},
        {"lifecycle_stage": stage.value},
    )
    record(session, change, context)


# Deleting for good: the marks of the first phase, and the rows of the second.

RUNS_AT_ONCE: Final = 100
"""How many runs one transaction marks."""

_NOT_IN_BIN: Final = "it is not in the bin any more"
_DEFAULT: Final = "clients that name no experiment use it"
_HOLDS: Final = "what is in it is kept"


@dataclass(frozen=True, slots=True)
class Kept:
    """An entity that was not deleted, and the reason."""

    id: str
    reason: str


def kept_runs(session: Session, in_use: FilesInUse, uuids: Sequence[str]) -> list[Kept]:
    """Return which of these runs in the bin would be kept, because something else needs their files."""
    return _kept(session, in_use, store.find_binned(session, uuids, lock=False))


def purge_runs(
    session: Session,
    in_use: FilesInUse,
    uuids: Sequence[str],
    context: AuditContext,
    *,
    experiment_id: int | None = None,
) -> list[Kept]:
    """Mark runs in the bin as deleted for good, and return the runs that are kept.

    If the runs are deleted because their experiment is in the bin, pass the experiment: if it was restored,
    the runs are kept.
    """
    if experiment_id is not None and not is_in_bin(session, experiment_id):
        return [Kept(uuid, _NOT_IN_BIN) for uuid in uuids]
    runs = store.find_binned(session, uuids, lock=True)
    binned = {run.uuid for run in runs}
    kept = [Kept(uuid, _NOT_IN_BIN) for uuid in uuids if uuid not in binned] + _kept(session, in_use, runs)
    spared = {each.id for each in kept}
    gone = [run for run in runs if run.uuid not in spared]
    store.mark_purged(session, {run.id: new_run_id() for run in gone})
    if has_quotas(session):
        workspaces = workspaces_of(session, {run.experiment_id for run in gone})
        for run in gone:
            note_use(session, workspaces[run.experiment_id], Stock.RUNS, -1)
    for run in gone:
        entity = Entity(EntityType.RUN, run.uuid)
        schedule_file_deletion(session, entity, run.artifact_uri, now=context.time)
        _record(session, entity, context)
    return kept


def purge_experiment(session: Session, experiment_id: int, context: AuditContext) -> Kept | None:
    """Mark an experiment in the bin as deleted for good if it is empty; return it if it is kept."""
    if reason := _needed(session, experiment_id):
        return Kept(str(experiment_id), reason)
    # Random, so that no request names it by accident.
    store.mark_experiment_purged(session, experiment_id, f"purged {new_run_id()}")
    _record(session, Entity(EntityType.EXPERIMENT, str(experiment_id)), context)
    return None


def kept_experiment(experiment_id: int, *, holds: bool) -> Kept | None:
    """Return an experiment that would be kept, because it is needed or `holds` something that is kept."""
    if experiment_id == DEFAULT_EXPERIMENT_ID:
        return Kept(str(experiment_id), _DEFAULT)
    return Kept(str(experiment_id), _HOLDS) if holds else None


def is_any_to_delete(session: Session) -> bool:
    """Return whether something that was deleted for good still has rows, without a lock."""
    return store.next_purged_run(session) is not None or store.next_purged_experiment(session) is not None


def delete_some(session: Session) -> bool:
    """Delete some rows of what was deleted for good, and return whether there may be more.

    Runs and experiments from which another process is deleting are skipped.
    """
    run_id = store.next_purged_run(session, lock=True)
    if run_id is not None:
        if not store.delete_some_rows(session, run_id):
            store.delete_run(session, run_id)
        return True
    experiment_id = store.next_purged_experiment(session, lock=True)
    if experiment_id is None:
        return False
    store.delete_some_of_experiment(session, experiment_id)
    return True


def _needed(session: Session, experiment_id: int) -> str:
    if not is_in_bin(session, experiment_id):
        return _NOT_IN_BIN
    if experiment_id == DEFAULT_EXPERIMENT_ID:
        return _DEFAULT
    if store.holds_runs(session, experiment_id):
        return _HOLDS
    if store.holds_models(session, experiment_id):
        return _HOLDS
    return ""


def _kept(session: Session, in_use: FilesInUse, runs: Sequence[store.BinnedRun]) -> list[Kept]:
    used = in_use.below(session, {run.uuid: run.artifact_uri for run in runs})
    return [Kept(run.uuid, f"its files are those of {used[run.uuid]}") for run in runs if run.uuid in used]


def _record(session: Session, entity: Entity, context: AuditContext) -> None:
    before = {"lifecycle_stage": LifecycleStage.DELETED.value}
    record(session, Change(entity, Action.PURGED, before, None), context)
