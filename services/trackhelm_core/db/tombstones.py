"""Files that are to be deleted: told of in the transaction that deletes for good what they belong to.

The one who deletes a run or a logged model knows nothing of stores. It leaves a tombstone, and the artifact
service deletes the files, then the tombstone: whoever is killed in between, what is left is found.
"""

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Entity
from trackhelm_core.db.models import ArtifactTombstone


def is_buried(session: Session, entity: Entity) -> bool:
    """Return whether something was deleted for good and its files are being deleted."""
    found = exists().where(
        ArtifactTombstone.entity_type == entity.type.value, ArtifactTombstone.entity_id == entity.id
    )
    return bool(session.scalar(select(found)))


def bury_files(session: Session, entity: Entity, artifact_uri: str, *, now: int) -> None:
    """Have the files below a URI deleted, which belonged to something that is deleted in this transaction."""
    session.execute(
        insert(ArtifactTombstone).values(
            entity_type=entity.type.value, entity_id=entity.id, artifact_uri=artifact_uri, deleted_time=now
        )
    )
