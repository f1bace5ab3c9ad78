"""Statements about the checksum index, the owners of files, and tombstones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_core.db.statements import dialect_of, insert_for, is_any_of
from trackhelm_domain.tables import ArtifactRecord, ArtifactTombstone, LoggedModel, ModelVersion, Run

BATCH: Final = 1_000
"""The most records that one statement reads, writes or deletes."""


@dataclass(frozen=True, slots=True)
class Record:
    """A file as it was stored; `sha256` is None if its bytes were never read. Times are in milliseconds."""

    key: str
    size: int
    sha256: bytes | None
    etag: str
    time: int


_COLUMNS = (
    ArtifactRecord.key,
    ArtifactRecord.size,
    ArtifactRecord.sha256,
    ArtifactRecord.etag,
    ArtifactRecord.recorded_time,
)


@cache
def _insert(dialect: str) -> ReturningInsert[str]:
    # The statement is built once, because building it takes longer than the database takes to run it.
    return insert_for(dialect, ArtifactRecord).on_conflict_do_nothing().returning(ArtifactRecord.key)


def insert_records(session: Session, records: Sequence[Record]) -> set[str]:
    """Insert records, at most one for each key, and return the keys of those that were new."""
    rows = [
        {
            "key": record.key,
            "size": record.size,
            "sha256": record.sha256,
            "etag": record.etag,
            "recorded_time": record.time,
        }
        # All transactions insert in the same order, so that two never deadlock.
        for record in sorted(records, key=lambda record: record.key)
    ]
    return set(session.connection().execute(_insert(dialect_of(session)), rows).scalars())


def replace_record(session: Session, record: Record, known: Record) -> bool:
    """Replace a record; returns False if the record in the table is not `known` (any more)."""
    result = session.execute(
        update(ArtifactRecord)
        .where(
            ArtifactRecord.key == record.key,
            ArtifactRecord.etag == known.etag,
            ArtifactRecord.recorded_time == known.time,
        )
        .values(size=record.size, sha256=record.sha256, etag=record.etag, recorded_time=record.time)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def find_record(session: Session, key: str) -> Record | None:
    """Return the record of a file."""
    row = session.execute(select(*_COLUMNS).where(ArtifactRecord.key == key)).one_or_none()
    return None if row is None else Record(*row)


def find_records(session: Session, keys: Sequence[str]) -> dict[str, Record]:
    """Return the records of those of the files that have one."""
    rows = session.execute(select(*_COLUMNS).where(is_any_of(session, ArtifactRecord.key, keys)))
    return {row.key: Record(*row) for row in rows}


def records_after(session: Session, root: ObjectKey, after: str) -> list[Record]:
    """Return the next records at a key and below it that come after the key `after`, in the order of keys."""
    statement = select(*_COLUMNS).where(_lies_at(root), ArtifactRecord.key > after)
    return [Record(*row) for row in session.execute(statement.order_by(ArtifactRecord.key).limit(BATCH))]


def newest_time(session: Session, root: ObjectKey) -> int | None:
    """Return the time of the newest record at a key and below it."""
    return session.scalar(select(func.max(ArtifactRecord.recorded_time)).where(_lies_at(root)))


def forget_records(session: Session, root: ObjectKey, until: int) -> tuple[int, int]:
    """Delete a batch of the records at a key and below it that were made until a time.

    Return how many there were, and the size of their files.
    """
    some = select(ArtifactRecord.key).where(_lies_at(root), ArtifactRecord.recorded_time <= until)
    gone = delete(ArtifactRecord).where(ArtifactRecord.key.in_(some.limit(BATCH)))
    sizes = session.scalars(gone.returning(ArtifactRecord.size)).all()
    return len(sizes), sum(sizes)


def forget_record(session: Session, record: Record) -> bool:
    """Delete a record, and return whether it was there: it may have been replaced."""
    result = session.execute(
        delete(ArtifactRecord).where(
            ArtifactRecord.key == record.key,
            ArtifactRecord.etag == record.etag,
            ArtifactRecord.recorded_time == record.time,
        )
    )
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def _lies_at(root: ObjectKey) -> ColumnElement[bool]:
    if not root.segments:
        return ArtifactRecord.key >= ""
    # `0` is the character after `/`, so this is the range of all keys that begin with the key and a slash.
    below = (ArtifactRecord.key >= f"{root}/") & (ArtifactRecord.key < f"{root}0")
    return or_(ArtifactRecord.key == str(root), below)


_AT_A_TIME: Final = 1_000


def owner_uris(session: Session) -> Iterator[str]:
    """Yield the URIs below which runs, logged models and versions have their files, in the bin or not.

    The URIs of what was deleted for good are among them until its files are deleted.
    """
    for column in (
        Run.artifact_uri,
        LoggedModel.artifact_uri,
        ModelVersion.storage_location,
        ModelVersion.source,
        ArtifactTombstone.artifact_uri,
    ):
        yield from session.scalars(select(column).execution_options(yield_per=_AT_A_TIME))


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Files of something that was deleted for good, at `deleted_time` (milliseconds since the epoch)."""

    id: int
    entity_type: str
    entity_id: str
    artifact_uri: str
    deleted_time: int


_TOMBSTONE_COLUMNS = (
    ArtifactTombstone.id,
    ArtifactTombstone.entity_type,
    ArtifactTombstone.entity_id,
    ArtifactTombstone.artifact_uri,
    ArtifactTombstone.deleted_time,
)


def ends_of_tombstones(session: Session) -> tuple[int, int]:
    """Return the row ids of the oldest and the newest tombstone, 0 if there is none."""
    oldest, newest = session.execute(
        select(func.min(ArtifactTombstone.id), func.max(ArtifactTombstone.id))
    ).one()
    return oldest or 0, newest or 0


def tombstones_after(
    session: Session, after: int, limit: int, *, until: int | None = None
) -> list[Tombstone]:
    """Return the next tombstones with row ids above `after`, up to `until` if given, the oldest first."""
    statement = select(*_TOMBSTONE_COLUMNS).where(ArtifactTombstone.id > after)
    if until is not None:
        statement = statement.where(ArtifactTombstone.id <= until)
    rows = session.execute(statement.order_by(ArtifactTombstone.id).limit(limit))
    return [Tombstone(*row) for row in rows]


def delete_tombstone(session: Session, tombstone: int) -> None:
    """Delete a tombstone whose files are deleted."""
    session.execute(delete(ArtifactTombstone).where(ArtifactTombstone.id == tombstone))
