"""Statements that find whose files are in the store."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ArtifactTombstone, LoggedModel, ModelVersion, Run

_AT_A_TIME: Final = 1_000


def owner_uris(session: Session) -> Iterator[str]:
    """Yield the URIs below which somebody's files are: runs, logged models and versions, in the bin or not.

    Those of what was deleted for good are among them, until they are deleted.
    """
    for column in (
        Run.artifact_uri,
        LoggedModel.artifact_uri,
        ModelVersion.storage_location,
        ModelVersion.source,
        ArtifactTombstone.artifact_uri,
    ):
        yield from session.scalars(select(column).execution_options(yield_per=_AT_A_TIME))
