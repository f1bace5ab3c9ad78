"""Statements about runs, their params and tags."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import CursorResult, delete, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Key, Run, RunParam, RunTag
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.db.upsert import upsert
from trackhelm_core.wire.runs import RunInfo
from trackhelm_ingest.store.keys import key_ids


class Lock(Enum):
    """What a transaction keeps others from, of the runs it finds."""

    OWN = auto()
    """Changes of the run's own row."""

    CONTENTS = auto()
    """Settling it: what is logged to a run may be stored by many at once, but by none while it settles."""


@dataclass(frozen=True, slots=True)
class RunRef:
    """What a write must know of the run it goes to."""

    id: int
    uuid: str
    experiment_id: int
    stage: LifecycleStage
    status: str
    settled: bool = False


def insert_run(session: Session, run: RunInfo) -> int:
    """Insert an active run and return its integer id."""
    statement = insert(Run).values(
        uuid=run.run_id,
        experiment_id=int(run.experiment_id),
        name=run.run_name,
        user_id=run.user_id,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time,
        lifecycle_stage=run.lifecycle_stage,
        artifact_uri=run.artifact_uri,
    )
    return session.execute(statement.returning(Run.id)).scalar_one()


def find_runs(session: Session, uuids: Collection[str], *, lock: Lock | None = None) -> dict[str, RunRef]:
    """Return the runs there are of `uuids`, locked if asked for."""
    statement = select(Run.id, Run.uuid, Run.experiment_id, Run.lifecycle_stage, Run.status, Run.settled)
    statement = statement.where(Run.uuid.in_(uuids))
    if lock is Lock.OWN:
        statement = statement.with_for_update()
    elif lock is Lock.CONTENTS:
        # In one order, and one that those who unsettle several runs keep, too.
        statement = statement.order_by(Run.id).with_for_update(read=True, key_share=True)
    return {
        uuid: RunRef(run_id, uuid, experiment_id, LifecycleStage(stage), status, settled)
        for run_id, uuid, experiment_id, stage, status, settled in session.execute(statement)
    }


def runs_to_log_to(session: Session, uuids: Collection[str]) -> dict[str, RunRef]:
    """Return the runs there are of `uuids`, which nobody settles before the transaction ends."""
    runs = find_runs(session, uuids, lock=Lock.CONTENTS)
    unsettle(session, runs.values())
    return runs


def unsettle(session: Session, runs: Iterable[RunRef]) -> None:
    """Unsettle those of some locked runs that are settled: something is about to be logged to them."""
    for run in runs:
        if run.settled:
            session.execute(update(Run).where(Run.id == run.id, Run.settled).values(settled=False))


def update_run(session: Session, run_id: int, **values: str | int | None) -> None:
    """Set columns of a run."""
    session.execute(update(Run).where(Run.id == run_id).values(**values))


def run_info(session: Session, run_id: int) -> RunInfo:
    """Return what a run is now."""
    run = session.get_one(Run, run_id)
    return RunInfo(
        run_id=run.uuid,
        run_uuid=run.uuid,
        run_name=run.name,
        experiment_id=str(run.experiment_id),
        user_id=run.user_id,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time,
        artifact_uri=run.artifact_uri,
        lifecycle_stage=run.lifecycle_stage,
    )


def add_keys(session: Session, names: Collection[str]) -> None:
    """Insert the keys that are new, so that what follows only finds them."""
    key_ids(session, names)


def add_params(session: Session, run_id: int, params: Mapping[str, str]) -> dict[str, str]:
    """Add the params that are new and return the stored value of each: the old one where there was one."""
    ids = key_ids(session, params)
    rows = [{"run_id": run_id, "key_id": key_id, "value": params[key]} for key, key_id in _by_id(ids)]
    if upsert(session, RunParam, rows) == len(rows):
        return dict(params)
    names = {key_id: key for key, key_id in ids.items()}
    statement = select(RunParam.key_id, RunParam.value).where(
        RunParam.run_id == run_id, RunParam.key_id.in_(names)
    )
    return {names[key_id]: value for key_id, value in session.execute(statement)}


def set_tags(session: Session, run_id: int, tags: Mapping[str, str]) -> None:
    """Set tags: a present one takes the new value."""
    ids = key_ids(session, tags)
    rows = [{"run_id": run_id, "key_id": key_id, "value": tags[key]} for key, key_id in _by_id(ids)]
    upsert(session, RunTag, rows, update=["value"])


def find_tag(session: Session, run_id: int, key: str) -> str | None:
    """Return a tag's value, None if there is none."""
    statement = select(RunTag.value).join(Key, Key.id == RunTag.key_id)
    return session.scalar(statement.where(RunTag.run_id == run_id, Key.name == key))


def delete_tag(session: Session, run_id: int, key: str) -> bool:
    """Delete a tag and return whether there was one."""
    key_id = select(Key.id).where(Key.name == key).scalar_subquery()
    result = session.execute(delete(RunTag).where(RunTag.run_id == run_id, RunTag.key_id == key_id))
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def _by_id(ids: Mapping[str, int]) -> list[tuple[str, int]]:
    # One order in every transaction: two that insert the same rows the other way round would deadlock.
    return sorted(ids.items(), key=lambda item: item[1])
