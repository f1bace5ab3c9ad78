"""Statements about runs, their params and tags, and the snapshots of finalized runs."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    CursorResult,
    Double,
    Integer,
    Select,
    Update,
    bindparam,
    case,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import (
    PlainRows,
    dialect_of,
    insert_for,
    is_any_of,
    is_in_parameter,
    list_parameter,
    plain_rows,
    prepared,
    table_of,
    upsert,
)
from trackhelm_domain.access.checks import (
    experiment_rights,
    has_rights_on,
    permits_everything,
    permitted_experiments,
)
from trackhelm_domain.keys import key_ids, keys_of
from trackhelm_domain.runs.messages import RUNNING_VERSION, VERSION, metric_json
from trackhelm_domain.runs.reading import RUN_COLUMNS
from trackhelm_domain.runs.schemas import RunInfo
from trackhelm_domain.tables import Key, Run, RunParam, RunSnapshot, RunTag, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage

STATUSES: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""The states of a run by their protobuf number."""

ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
"""States in which a run expects no more metrics."""


class Lock(Enum):
    """What other transactions must not do to the runs that a transaction finds."""

    OWN = auto()
    """Change the run's own row."""
    CONTENTS = auto()
    """Finalize the run. Many may log to a run at the same time, but none while it is being finalized."""


@dataclass(frozen=True, slots=True)
class RunRef:
    """What a write must know of its run."""

    id: int
    uuid: str
    experiment_id: int
    stage: LifecycleStage
    status: str
    finalized: bool = False
    documented: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The address from which a run was created or last resumed, and when, in milliseconds since the epoch."""

    address: str | None
    time: int | None


def insert_run(session: Session, run: RunInfo, source: Source) -> int | None:
    """Insert an active run and return its integer id; None if there is a run of its public id already."""
    statement = insert_for(dialect_of(session), Run).values(
        uuid=run.run_id,
        experiment_id=int(run.experiment_id),
        name=run.run_name,
        user_id=run.user_id,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time,
        lifecycle_stage=run.lifecycle_stage,
        artifact_uri=run.artifact_uri,
        source_address=source.address,
        source_time=source.time,
    )
    statement = statement.on_conflict_do_nothing(index_elements=[Run.uuid])
    return session.execute(statement.returning(Run.id)).scalar_one_or_none()


def find_runs(session: Session, uuids: Collection[str], *, lock: Lock | None = None) -> dict[str, RunRef]:
    """Return the runs of `uuids` that the request may see, locked if asked for."""
    parameters = {"uuids": list_parameter(dialect_of(session), sorted(uuids))}
    found = list(prepared(session, _runs, lock).rows(session, parameters))
    permitted = permitted_experiments(session, {row[2] for row in found})
    return {
        uuid: RunRef(
            run_id, uuid, experiment_id, LifecycleStage(stage), status, bool(finalized), bool(documented)
        )
        for run_id, uuid, experiment_id, stage, status, finalized, documented in found
        if experiment_id in permitted
    }


# Prepared, as in `stages_of`: each request and each drain needs it.
def _runs(dialect: str, lock: Lock | None) -> Select[*tuple[Any, ...]]:
    run = table_of(Run).c
    statement = select(
        run.id, run.uuid, run.experiment_id, run.lifecycle_stage, run.status, run.finalized, run.documented
    ).where(is_in_parameter(dialect, run.uuid, "uuids"))
    if lock is Lock.OWN:
        return statement.with_for_update()
    if lock is Lock.CONTENTS:
        # In the same order as in transactions that reopen several runs.
        return statement.order_by(run.id).with_for_update(read=True, key_share=True)
    return statement


def stages_of(session: Session, uuids: Collection[str]) -> dict[str, LifecycleStage]:
    """Return the stages of the existing runs of `uuids`; they cannot be deleted until the transaction ends.

    Each group of requests with metrics needs it, so the statement is prepared.
    """
    parameters = {"uuids": list_parameter(dialect_of(session), sorted(uuids))}
    found = prepared(session, _stages).rows(session, parameters)
    return {uuid: LifecycleStage(stage) for uuid, stage in found}


def _stages(dialect: str) -> Select[*tuple[Any, ...]]:
    run = table_of(Run).c
    statement = select(run.uuid, run.lifecycle_stage).where(is_in_parameter(dialect, run.uuid, "uuids"))
    return statement.order_by(run.id).with_for_update(read=True, key_share=True)


def runs_to_log_to(session: Session, uuids: Collection[str]) -> dict[str, RunRef]:
    """Return the runs there are of `uuids`, which nobody finalizes before the transaction ends.

    Metrics are about to be logged to them, which the document of a running run does not have.
    """
    runs = find_runs(session, uuids, lock=Lock.CONTENTS)
    for run in runs.values():
        if run.finalized:
            reopen(session, run)
    return runs


def reopen(session: Session, run: RunRef) -> None:
    """Let a locked run's document count no more, if it does: something is about to be logged to the run."""
    if run.finalized or run.documented:
        marked = or_(Run.finalized, Run.documented)
        session.execute(update(Run).where(Run.id == run.id, marked).values(finalized=False, documented=False))


def update_run(session: Session, run_id: int, **values: str | int | None) -> None:
    """Set columns of a run."""
    session.execute(update(Run).where(Run.id == run_id).values(**values))


def run_info(session: Session, run_id: int) -> RunInfo:
    """Return the attributes of a run."""
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


def source_of(session: Session, run_id: int) -> Source:
    """Return from where a run was created or last resumed."""
    found = session.execute(select(Run.source_address, Run.source_time).where(Run.id == run_id))
    return Source(*found.one())


def tags_below(session: Session, run_id: int, prefix: str) -> dict[str, str]:
    """Return the tags of a run whose keys begin with `prefix`."""
    statement = select(Key.name, RunTag.value).join(Key, Key.id == RunTag.key_id)
    found = session.execute(statement.where(RunTag.run_id == run_id))
    # Compared here: LIKE of SQLite takes no notice of case.
    return {name: value for name, value in found if name.startswith(prefix)}


def add_keys(session: Session, names: Collection[str]) -> None:
    """Insert the keys that are new, so that later statements find all of them."""
    key_ids(session, names)


def add_params(session: Session, run_id: int, params: Mapping[str, str]) -> dict[str, str]:
    """Add the params that are new, and return the stored value of each: the old one if there was one."""
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
    """Set tags; an existing tag gets the new value."""
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
    # The same order in every transaction: two that insert the same rows in other orders would deadlock.
    return sorted(ids.items(), key=lambda item: item[1])


# A single param or tag: one statement of PostgreSQL, durable when it returns.
#
# A client that logs one by one waits for each, and its latency consists of round trips: BEGIN, finding the
# run, the row and COMMIT take four. What these functions do not store is left to a transaction, which
# explains why.


def add_param(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Add a new param to an active run that is not finalized; return whether that was done."""
    return _store(session, RunParam, uuid, key_id, value)


def set_tag(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Set a tag of an active run that is not finalized; return whether that was done."""
    return _store(session, RunTag, uuid, key_id, value)


def _store(
    session: Session, model: type[RunParam] | type[RunTag], uuid: str, key_id: int, value: str
) -> bool:
    is_confined = not permits_everything()
    rights = experiment_rights() if is_confined else {}
    if rights is None:
        return False
    # None of them has the name of a column that the statement sets.
    parameters = {"of_run": uuid, "of_key": key_id, "new_value": value, **rights}
    statement = _statement(model, is_confined=is_confined)
    return session.connection().execute(statement, parameters).first() is not None


@cache
def _statement(model: type[RunParam] | type[RunTag], *, is_confined: bool) -> Select[*tuple[Any, ...]]:
    run, values = table_of(Run).c, table_of(model).c
    found: CTE = (
        select(run.id, run.documented)
        .where(
            run.uuid == bindparam("of_run"),
            run.lifecycle_stage == LifecycleStage.ACTIVE.value,
            not_(run.finalized),
            # Who may not change the run is refused by the transaction.
            *([has_rights_on(run.experiment_id)] if is_confined else []),
        )
        # The run must not be finalized before the commit.
        .with_for_update(read=True, key_share=True)
        .cte("found")
    )
    row = select(
        found.c.id,
        bindparam("of_key", type_=values.key_id.type),
        bindparam("new_value", type_=values.value.type),
    )
    insert = insert_for("postgresql", model).from_select(["run_id", "key_id", "value"], row)
    if model is RunTag:
        insert = insert.on_conflict_do_update(
            index_elements=[values.run_id, values.key_id], set_={"value": insert.excluded.value}
        )
    else:
        insert = insert.on_conflict_do_nothing()
    stored = insert.returning(values.run_id).cte("stored")
    # A param that is not stored is compared by the transaction, which does this, too.
    marked = update(Run).where(Run.id == found.c.id, found.c.documented).values(documented=false())
    return select(stored.c.run_id).add_cte(marked.cte("marked"))


_HAS_ENDED: Final = Run.status.in_(sorted(ENDED))
_IS_THERE: Final = Run.lifecycle_stage != LifecycleStage.PURGED
# Two ways to find what is to be finalized. Each is a walk of an index, and what has been finalized leaves the
# part that is walked: finalizing a million runs anew does not look for the next ones among all those done.
_NOT_FINALIZED: Final = (
    select(*RUN_COLUMNS)
    .where(not_(Run.finalized), or_(_HAS_ENDED, not_(Run.documented)), _IS_THERE)
    # As in the index of runs that are not finalized: by ids alone, SQLite walks all runs.
    .order_by(Run.experiment_id, Run.id)
)
_OF_OLD_VERSION: Final = (
    select(*RUN_COLUMNS)
    .join(RunSnapshot, RunSnapshot.run_id == Run.id)
    .where(RunSnapshot.version < VERSION, Run.finalized, _HAS_ENDED, _IS_THERE)
    .order_by(RunSnapshot.version, RunSnapshot.run_id)
)


@dataclass(frozen=True, slots=True)
class Finalized:
    """The snapshot of a run that is finalized."""

    run_id: int
    document: bytes
    params_and_tags: Sequence[UUID]
    """The digests of its params and tags."""


def is_any_to_finalize(session: Session) -> bool:
    """Return whether a run has no document, or one of when it went on, or of a version before this one."""
    return any(
        session.execute(statement.limit(1)).first() is not None
        for statement in (_NOT_FINALIZED, _OF_OLD_VERSION)
    )


def lock_runs_to_finalize(session: Session, limit: int) -> PlainRows:
    """Return up to `limit` runs that are to be finalized or documented, locked, in the form of `RUN_COLUMNS`.

    Runs to which another transaction is just logging are skipped.
    """
    found: list[tuple[Any, ...]] = []
    for statement in (_NOT_FINALIZED, _OF_OLD_VERSION):
        if len(found) < limit:
            locking = statement.limit(limit - len(found)).with_for_update(of=Run, skip_locked=True)
            found += map(tuple, session.connection().execute(locking))
    return found


def finalize(session: Session, runs: Iterable[Finalized]) -> None:
    """Finalize locked runs that have ended, of which there are some."""
    runs = sorted(runs, key=attrgetter("run_id"))
    run_ids = [run.run_id for run in runs]
    has_digests = dialect_of(session) == "postgresql"
    _write_documents(
        session,
        VERSION,
        [(run.run_id, run.document, run.params_and_tags if has_digests else None) for run in runs],
    )
    _index_values(session, run_ids)
    _mark(session, run_ids, finalized=True)


def document(session: Session, runs: Iterable[tuple[int, bytes]]) -> None:
    """Document locked runs that go on, given as (id, document without metrics), of which there are some."""
    runs = sorted(runs)
    run_ids = [run_id for run_id, _ in runs]
    _write_documents(session, RUNNING_VERSION, [(*run, None) for run in runs])
    _write_last_points(session, run_ids)
    if dialect_of(session) == "sqlite":
        join_last_points(session, run_ids)
    _mark(session, run_ids, finalized=False)


def _mark(session: Session, run_ids: Sequence[int], *, finalized: bool) -> None:
    ours = is_any_of(session, Run.id, run_ids)
    session.execute(update(Run).where(ours).values(finalized=finalized, documented=not finalized))


def _write_documents(
    session: Session, version: int, runs: Iterable[tuple[int, bytes, Sequence[UUID] | None]]
) -> None:
    rows = [
        {"run_id": run_id, "version": version, "document": document, "metrics": None, "pairs": digests}
        for run_id, document, digests in runs
    ]
    upsert(session, RunSnapshot, rows, update=["version", "document", "metrics", "pairs"])


def _write_last_points(session: Session, run_ids: Sequence[int]) -> None:
    """Write what is missing of runs' last points: of a version before, or of a run that had ended."""
    # Without its type, which would make a NaN of NULL value by value.
    value = type_coerce(Series.last_value, Double)
    missing = plain_rows(
        session,
        select(Series.id, Series.key_id, value, Series.last_timestamp, Series.last_step).where(
            is_any_of(session, Series.run_id, run_ids),
            Series.label_set_id == NO_LABELS_ID,
            Series.last_json.is_(None),
        ),
    )
    names = keys_of(session).names(session, {key_id for _, key_id, *_ in missing})
    rows = [
        {"id": series_id, "last_json": metric_json(names[key_id], math.nan if last is None else last, *when)}
        for series_id, key_id, last, *when in missing
    ]
    if rows:
        session.execute(update(Series), rows)


JOINED_LENGTH: Final = 16_384
"""The most characters of all last points of a run that are joined: the text is written with every batch."""


def join_last_points(session: Session, run_ids: Collection[int]) -> None:
    """Write the last points of running runs, which have a document, as one text; SQLite only."""
    parameters = {"runs": list_parameter("sqlite", sorted(run_ids)), "most": JOINED_LENGTH}
    prepared(session, _joining).run(session, parameters)


def _joining(dialect: str) -> Update:
    series, snapshot = table_of(Series).c, table_of(RunSnapshot).c
    size = func.sum(func.length(series.last_json) + 1)
    joined = (
        select(
            case((size <= bindparam("most", type_=Integer), func.aggregate_strings(series.last_json, ",")))
        )
        .where(series.run_id == snapshot.run_id, series.label_set_id == NO_LABELS_ID)
        .scalar_subquery()
    )
    return (
        update(table_of(RunSnapshot))
        .where(is_in_parameter(dialect, snapshot.run_id, "runs"), snapshot.version == RUNNING_VERSION)
        .values(metrics=joined)
    )


def _index_values(session: Session, run_ids: Sequence[int]) -> None:
    experiment = select(Run.experiment_id).where(Run.id == Series.run_id).scalar_subquery()
    differs = Series.indexed_value.is_distinct_from(Series.last_value)
    session.execute(
        update(Series)
        .where(
            is_any_of(session, Series.run_id, run_ids),
            Series.label_set_id == NO_LABELS_ID,
            differs | Series.indexed_in.is_(None) | Series.last_json.is_not(None),
        )
        .values(indexed_in=experiment, indexed_value=Series.last_value, last_json=None)
    )
