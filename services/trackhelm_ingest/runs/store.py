"""Statements about runs, their params and tags, and the snapshots of runs that ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, CursorResult, Select, and_, bindparam, delete, insert, not_, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.base import table_of
from trackhelm_core.db.statements import (
    PlainRows,
    dialect_of,
    insert_for,
    is_any_of,
    is_in_parameter,
    list_parameter,
    upsert,
)
from trackhelm_domain.runs.reading import RUN_COLUMNS
from trackhelm_domain.runs.schemas import RunInfo
from trackhelm_domain.runs.snapshots import VERSION
from trackhelm_domain.tables import Key, Run, RunParam, RunSnapshot, RunTag, Series
from trackhelm_domain.tables.lifecycle import LifecycleStage
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.metrics.keys import key_ids

# The states of a run.

STATUSES: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""Run states by their protobuf number."""

ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
"""States in which a run expects no more metrics."""


class Lock(Enum):
    """What a transaction keeps others from, of the runs it finds."""

    OWN = auto()
    """Changes of the run's own row."""

    CONTENTS = auto()
    """Finalizing it: many may log to a run at once, but none while it is finalized."""


@dataclass(frozen=True, slots=True)
class RunRef:
    """What a write must know of the run it goes to."""

    id: int
    uuid: str
    experiment_id: int
    stage: LifecycleStage
    status: str
    finalized: bool = False


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
    statement = select(Run.id, Run.uuid, Run.experiment_id, Run.lifecycle_stage, Run.status, Run.finalized)
    statement = statement.where(Run.uuid.in_(uuids))
    if lock is Lock.OWN:
        statement = statement.with_for_update()
    elif lock is Lock.CONTENTS:
        # In one order, and one that those who reopen several runs keep, too.
        statement = statement.order_by(Run.id).with_for_update(read=True, key_share=True)
    return {
        uuid: RunRef(run_id, uuid, experiment_id, LifecycleStage(stage), status, finalized)
        for run_id, uuid, experiment_id, stage, status, finalized in session.execute(statement)
    }


def stages_of(session: Session, uuids: Collection[str]) -> dict[str, LifecycleStage]:
    """Return the stages of the runs there are of `uuids`, which nobody deletes before the transaction ends.

    It is what each group of requests with metrics asks: a statement that is made once, without the ORM.
    """
    dialect = dialect_of(session)
    found = session.connection().execute(_stages(dialect), {"uuids": list_parameter(dialect, sorted(uuids))})
    return {uuid: LifecycleStage(stage) for uuid, stage in found}


@cache
def _stages(dialect: str) -> Select[*tuple[Any, ...]]:
    run = table_of(Run).c
    statement = select(run.uuid, run.lifecycle_stage).where(is_in_parameter(dialect, run.uuid, "uuids"))
    return statement.order_by(run.id).with_for_update(read=True, key_share=True)


def runs_to_log_to(session: Session, uuids: Collection[str]) -> dict[str, RunRef]:
    """Return the runs there are of `uuids`, which nobody finalizes before the transaction ends."""
    runs = find_runs(session, uuids, lock=Lock.CONTENTS)
    reopen(session, runs.values())
    return runs


def reopen(session: Session, runs: Iterable[RunRef]) -> None:
    """Reopen those of some locked runs that are finalized: something is about to be logged to them."""
    for run in runs:
        if run.finalized:
            session.execute(update(Run).where(Run.id == run.id, Run.finalized).values(finalized=False))


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


# A param or tag that is logged alone: one statement of PostgreSQL, durable when it returns.
#
# A client that logs one by one waits for each, and its latency is made of round trips: BEGIN, finding the
# run, the row and COMMIT take four. What this does not store it leaves to the transaction that says why.


def add_param(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Add a param that is new to an active run that is not finalized; return whether that was done."""
    return _store(session, RunParam, uuid, key_id, value)


def set_tag(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Set a tag of an active run that is not finalized; return whether that was done."""
    return _store(session, RunTag, uuid, key_id, value)


def _store(
    session: Session, model: type[RunParam] | type[RunTag], uuid: str, key_id: int, value: str
) -> bool:
    parameters = {"uuid": uuid, "of_key": key_id, "new_value": value}
    return session.connection().execute(_statement(model), parameters).first() is not None


@cache
def _statement(model: type[RunParam] | type[RunTag]) -> Select[*tuple[Any, ...]]:
    run, pairs = table_of(Run).c, table_of(model).c
    found: CTE = (
        select(run.id)
        .where(
            run.uuid == bindparam("uuid"),
            run.lifecycle_stage == LifecycleStage.ACTIVE.value,
            not_(run.finalized),
        )
        # It must not finalize between here and the commit.
        .with_for_update(read=True, key_share=True)
        .cte("found")
    )
    row = select(
        found.c.id,
        bindparam("of_key", type_=pairs.key_id.type),
        bindparam("new_value", type_=pairs.value.type),
    )
    insert = insert_for("postgresql", model).from_select(["run_id", "key_id", "value"], row)
    if model is RunTag:
        insert = insert.on_conflict_do_update(
            index_elements=[pairs.run_id, pairs.key_id], set_={"value": insert.excluded.value}
        )
    else:
        insert = insert.on_conflict_do_nothing()
    stored = insert.returning(pairs.run_id).cte("stored")
    return select(stored.c.run_id)


_HAS_ENDED: Final = and_(Run.status.in_(sorted(ENDED)), Run.lifecycle_stage != LifecycleStage.PURGED)
# Two ways to find what is to be finalized. Each is a walk of an index, and what has been finalized leaves the
# part that is walked: finalizing a million runs anew does not look for the next ones among all those done.
_NOT_FINALIZED: Final = select(*RUN_COLUMNS).where(not_(Run.finalized), _HAS_ENDED).order_by(Run.id)
_OF_OLD_VERSION: Final = (
    select(*RUN_COLUMNS)
    .join(RunSnapshot, RunSnapshot.run_id == Run.id)
    .where(RunSnapshot.version < VERSION, Run.finalized, _HAS_ENDED)
    .order_by(RunSnapshot.version, RunSnapshot.run_id)
)


@dataclass(frozen=True, slots=True)
class Finalized:
    """What is kept of a run that finalizes."""

    run_id: int
    document: bytes
    pairs: Sequence[UUID]
    """The digests of its params and tags."""


def is_any_to_finalize(session: Session) -> bool:
    """Return whether a run has ended and is not finalized, or has a document of a version before this one."""
    return any(
        session.execute(statement.limit(1)).first() is not None
        for statement in (_NOT_FINALIZED, _OF_OLD_VERSION)
    )


def lock_runs_to_finalize(session: Session, limit: int) -> PlainRows:
    """Return up to `limit` runs that are to be finalized, locked, in the form of `RUN_COLUMNS`.

    Runs that somebody logs to at this moment are left for another time.
    """
    found: list[tuple[Any, ...]] = []
    for statement in (_NOT_FINALIZED, _OF_OLD_VERSION):
        if len(found) < limit:
            locking = statement.limit(limit - len(found)).with_for_update(of=Run, skip_locked=True)
            found += map(tuple, session.connection().execute(locking))
    return found


def finalize(session: Session, runs: Iterable[Finalized]) -> None:
    """Finalize locked runs."""
    runs = sorted(runs, key=attrgetter("run_id"))
    run_ids = [run.run_id for run in runs]
    has_pairs = dialect_of(session) == "postgresql"
    rows = [
        {
            "run_id": run.run_id,
            "version": VERSION,
            "document": run.document,
            "pairs": run.pairs if has_pairs else None,
        }
        for run in runs
    ]
    upsert(session, RunSnapshot, rows, update=["version", "document", "pairs"])
    _index_values(session, run_ids)
    session.execute(update(Run).where(is_any_of(session, Run.id, run_ids)).values(finalized=True))


def _index_values(session: Session, run_ids: Sequence[int]) -> None:
    experiment = select(Run.experiment_id).where(Run.id == Series.run_id).scalar_subquery()
    differs = Series.indexed_value.is_distinct_from(Series.last_value)
    session.execute(
        update(Series)
        .where(
            is_any_of(session, Series.run_id, run_ids),
            Series.label_set_id == NO_LABELS_ID,
            differs | Series.indexed_in.is_(None),
        )
        .values(indexed_in=experiment, indexed_value=Series.last_value)
    )
