"""Statements that find where the files of a run, a model version or a logged model are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Experiment, LoggedModel, ModelVersion, RegisteredModel, Run
from trackhelm_domain.tables.runs import LifecycleStage


def run_location(session: Session, run_id: str) -> str | None:
    """Return the URI of a run's files, also if the run is deleted; None if there is no such run."""
    return session.scalar(select(Run.artifact_uri).where(Run.uuid == run_id))


def experiment_location(session: Session, experiment_id: int) -> str | None:
    """Return the URI of an experiment's files; None if there is no such experiment."""
    return session.scalar(select(Experiment.artifact_location).where(Experiment.id == experiment_id))


def logged_model_location(session: Session, model_id: str) -> str | None:
    """Return the URI of a logged model's files; None if there is no such model or it is deleted."""
    return session.scalar(
        select(LoggedModel.artifact_uri).where(
            LoggedModel.model_id == model_id, LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE
        )
    )


def version_location(session: Session, name: str, version: int) -> str | None:
    """Return the URI of a model version's files; None if there is no such version."""
    row = session.execute(
        select(ModelVersion.storage_location, ModelVersion.source)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .where(RegisteredModel.name == name, ModelVersion.version == version)
    ).one_or_none()
    return None if row is None else (row.storage_location or row.source)
