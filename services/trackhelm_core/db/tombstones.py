"""Files that are to be deleted: told of in the transaction that deletes for good what they belong to.

The one who deletes a run or a logged model knows nothing of stores. It leaves a tombstone, and the artifact
service deletes the files, then the tombstone: whoever is killed in between, what is left is found.
"""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Entity
from trackhelm_core.db.models import ArtifactTombstone


def bury_files(session: Session, entity: Entity, artifact_uri: str, *, now: int) -> None:
    """Have the files below a URI deleted, which belonged to something that is deleted in this transaction."""
    session.execute(
        insert(ArtifactTombstone).values(
            entity_type=entity.type.value, entity_id=entity.id, artifact_uri=artifact_uri, deleted_time=now
        )
    )
