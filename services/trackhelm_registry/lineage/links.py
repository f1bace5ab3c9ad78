"""Statements about the origin of versions: runs and logged models.

`mlflow.modelVersions` is the tag of a logged model that lists the versions it was registered as.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import upsert
from trackhelm_domain.tables import LoggedModel, LoggedModelTag, Run
from trackhelm_domain.tables.lifecycle import LifecycleStage

REGISTRATIONS_TAG: Final = "mlflow.modelVersions"


@dataclass(frozen=True, slots=True)
class LoggedModelFiles:
    """Where a logged model's files are, and the run that made it."""

    artifact_uri: str
    source_run_id: str | None


def run_artifact_uri(session: Session, run_id: str) -> str | None:
    """Return where a run's files are, and lock it against deletion for good until the transaction ends."""
    statement = select(Run.artifact_uri).where(Run.uuid == run_id)
    return session.scalar(statement.with_for_update(read=True, key_share=True))


def keep_logged_model(session: Session, model_id: str) -> bool:
    """Return whether a logged model exists, in the bin or not, and lock it against deletion for good."""
    statement = select(LoggedModel.id).where(LoggedModel.model_id == model_id)
    return session.scalar(statement.with_for_update(read=True, key_share=True)) is not None


def logged_model_files(session: Session, model_id: str) -> LoggedModelFiles | None:
    """Return where the files of an active logged model are, and lock it against deletion for good."""
    found = session.execute(
        select(LoggedModel.artifact_uri, LoggedModel.source_run_id)
        .where(LoggedModel.model_id == model_id, LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE)
        .with_for_update(read=True, key_share=True)
    ).one_or_none()
    return None if found is None else LoggedModelFiles(found.artifact_uri, found.source_run_id)


def lock_logged_model(session: Session, model_id: str) -> int | None:
    """Lock a logged model that is not deleted, and return its row id."""
    return session.scalar(
        select(LoggedModel.id)
        .where(LoggedModel.model_id == model_id, LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE)
        # This does not conflict with the locks against deletion, whose holders wait for the model that is
        # locked here.
        .with_for_update(key_share=True)
    )


def registrations(session: Session, logged_model: int) -> str | None:
    """Return the text of a logged model's tag that lists its registrations."""
    return session.scalar(
        select(LoggedModelTag.value).where(
            LoggedModelTag.logged_model_id == logged_model, LoggedModelTag.key == REGISTRATIONS_TAG
        )
    )


def set_registrations(session: Session, logged_model: int, text: str) -> None:
    """Store that text."""
    row = {"logged_model_id": logged_model, "key": REGISTRATIONS_TAG, "value": text}
    upsert(session, LoggedModelTag, [row], update=["value"])
