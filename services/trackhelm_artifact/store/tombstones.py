"""Statements about files that are to be deleted."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ArtifactTombstone


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Files of something that was deleted for good, at `deleted_time` (milliseconds since the epoch)."""

    id: int
    entity_type: str
    entity_id: str
    artifact_uri: str
    deleted_time: int


_COLUMNS = (
    ArtifactTombstone.id,
    ArtifactTombstone.entity_type,
    ArtifactTombstone.entity_id,
    ArtifactTombstone.artifact_uri,
    ArtifactTombstone.deleted_time,
)


def ends_of_tombstones(session: Session) -> tuple[int, int]:
    """Return the row ids of the oldest tombstone and the newest, 0 if there is none."""
    oldest, newest = session.execute(
        select(func.min(ArtifactTombstone.id), func.max(ArtifactTombstone.id))
    ).one()
    return oldest or 0, newest or 0


def tombstones_after(
    session: Session, after: int, limit: int, *, until: int | None = None
) -> list[Tombstone]:
    """Return the next tombstones behind a row id, and none behind the row id `until`, the oldest first."""
    statement = select(*_COLUMNS).where(ArtifactTombstone.id > after)
    if until is not None:
        statement = statement.where(ArtifactTombstone.id <= until)
    rows = session.execute(statement.order_by(ArtifactTombstone.id).limit(limit))
    return [Tombstone(*row) for row in rows]


def delete_tombstone(session: Session, tombstone: int) -> None:
    """Delete a tombstone: its files are gone."""
    session.execute(delete(ArtifactTombstone).where(ArtifactTombstone.id == tombstone))
