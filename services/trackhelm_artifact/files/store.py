"""Statements that find where the files of a run, a model version or a logged model are."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from trackhelm_domain.tables import Experiment, LoggedModel, ModelVersion, RegisteredModel, Run
from trackhelm_domain.tables.runs import LifecycleStage


class Located(NamedTuple):
    """The URI of files, and the experiment that they belong to."""

    uri: str
    experiment_id: int


def run_location(session: Session, run_id: str) -> Located | None:
    """Return where a run's files are, also if the run is deleted; None if there is no such run."""
    found = session.execute(select(Run.artifact_uri, Run.experiment_id).where(Run.uuid == run_id))
    return _located(found.one_or_none())


def _located(row: Row[str, int] | None) -> Located | None:
    return None if row is None else Located(*row)


def owner_of_path(session: Session, keys: Collection[str]) -> int | None:
    """Return the experiment whose location has one of these keys, the longest that any has."""
    return session.scalar(
        select(Experiment.id)
        .where(Experiment.location_key.in_(keys), Experiment.lifecycle_stage != LifecycleStage.PURGED)
        .order_by(func.length(Experiment.location_key).desc())
        .limit(1)
    )


def holds_others(session: Session, keys: Sequence[str], workspace_id: int) -> bool:
    """Return whether an experiment of another workspace has its location below a place with these keys."""
    # Keys are hexadecimal, so `g` sorts after everything that begins with a key.
    below = [(Experiment.location_key > key) & (Experiment.location_key < f"{key}g") for key in keys]
    statement = select(Experiment.id).where(
        or_(*below),
        Experiment.workspace_id != workspace_id,
        Experiment.lifecycle_stage != LifecycleStage.PURGED,
    )
    return session.scalar(statement.limit(1)) is not None


def experiment_location(session: Session, experiment_id: int) -> str | None:
    """Return the URI of an experiment's files; None if there is no such experiment."""
    return session.scalar(select(Experiment.artifact_location).where(Experiment.id == experiment_id))


def logged_model_location(session: Session, model_id: str) -> Located | None:
    """Return where a logged model's files are; None if there is no such model or it is deleted."""
    found = session.execute(
        select(LoggedModel.artifact_uri, LoggedModel.experiment_id).where(
            LoggedModel.model_id == model_id, LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE
        )
    )
    return _located(found.one_or_none())


def version_location(session: Session, workspace_id: int, name: str, version: int) -> tuple[str, int] | None:
    """Return the URI of a model version's files and its model's row id; None if there is no such version."""
    row = session.execute(
        select(ModelVersion.storage_location, ModelVersion.source, RegisteredModel.id)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .where(
            RegisteredModel.workspace_id == workspace_id,
            RegisteredModel.name == name,
            ModelVersion.version == version,
        )
    ).one_or_none()
    return None if row is None else (row.storage_location or row.source, row.id)
