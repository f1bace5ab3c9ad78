"""Statements that follow lineage one step, and that read the attributes of its nodes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.access.checks import here, in_readable_experiment, readable_models
from trackhelm_domain.tables import (
    Dataset,
    Key,
    LoggedModel,
    ModelVersion,
    RegisteredModel,
    RegisteredModelAlias,
    Run,
    RunDataset,
    RunModelInput,
    RunModelOutput,
    RunTag,
)
from trackhelm_domain.tables.runs import LifecycleStage

# Statements that follow lineage one step: from many nodes of one type to everything they are linked to.
#
# Nodes are identified by what links contain: runs and logged models by their public ids, which may be of
# another server, versions by their row ids.

GIT_COMMIT: Final = "mlflow.source.git.commit"
GIT_REPOSITORY: Final = "mlflow.source.git.repoURL"

# Rows of runs that were deleted for good exist for some time after.
_IS_LEFT = Run.lifecycle_stage != LifecycleStage.PURGED

Names = Sequence[str]
Pair = tuple[Any, Any]
"""A given node, and one that it is linked to."""


class Origin(NamedTuple):
    """The source, run and logged model that a version names."""

    version: int
    run_id: str | None
    model_id: str | None
    source: str


def origins(session: Session, versions: Sequence[int]) -> list[Origin]:
    """Return the origins of versions."""
    version = ModelVersion
    statement = select(version.id, version.run_id, version.model_id, version.source)
    found = session.execute(statement.where(is_any_of(session, version.id, versions))).all()
    return [Origin(*row) for row in found]


def versions_by_number(session: Session, wanted: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
    """Return the row ids of those versions (given by model name and number) that exist."""
    pair = tuple_(RegisteredModel.name, ModelVersion.version)
    statement = (
        select(RegisteredModel.name, ModelVersion.version, ModelVersion.id)
        .join(ModelVersion, ModelVersion.registered_model_id == RegisteredModel.id)
        .where(RegisteredModel.workspace_id == here(), pair.in_(sorted(wanted)))
    )
    return {(name, number): version for name, number, version in session.execute(statement)}


def makers(session: Session, model_ids: Names, limit: int) -> list[Pair]:
    """Return the runs that logged models name as their source, or that name the models as their output."""
    named = select(LoggedModel.model_id, LoggedModel.source_run_id.label("run_id")).where(
        is_any_of(session, LoggedModel.model_id, model_ids), LoggedModel.source_run_id.is_not(None)
    )
    made = (
        select(RunModelOutput.model_id, Run.uuid)
        .join(Run, Run.id == RunModelOutput.run_id)
        .where(is_any_of(session, RunModelOutput.model_id, model_ids), _IS_LEFT)
    )
    return _pairs(session, select(named.union(made).subquery()), limit)


def datasets_read(session: Session, run_ids: Names, limit: int) -> list[Pair]:
    """Return the datasets that runs used as inputs, by name and digest."""
    statement = (
        select(Run.uuid, Dataset.name, Dataset.digest)
        .join(RunDataset, RunDataset.run_id == Run.id)
        .join(Dataset, Dataset.id == RunDataset.dataset_id)
        .where(is_any_of(session, Run.uuid, run_ids))
        .order_by(RunDataset.id.desc())
        .limit(limit)
    )
    return [(run_id, (name, digest)) for run_id, name, digest in session.execute(statement)]


def models_read(session: Session, run_ids: Names, limit: int) -> list[Pair]:
    """Return the logged models that runs used as inputs."""
    statement = (
        select(Run.uuid, RunModelInput.model_id)
        .join(RunModelInput, RunModelInput.run_id == Run.id)
        .where(is_any_of(session, Run.uuid, run_ids))
    )
    return _pairs(session, statement, limit)


def commits(session: Session, run_ids: Names) -> list[Pair]:
    """Return the code's commit of each run that recorded it: repository (or "") and hash."""
    statement = (
        select(Run.uuid, Key.name, RunTag.value)
        .join(RunTag, RunTag.run_id == Run.id)
        .join(Key, Key.id == RunTag.key_id)
        .where(is_any_of(session, Run.uuid, run_ids), Key.name.in_([GIT_COMMIT, GIT_REPOSITORY]))
    )
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    for run_id, key, value in session.execute(statement):
        tags[run_id][key] = value
    return [
        (run_id, (of_run.get(GIT_REPOSITORY, ""), of_run[GIT_COMMIT]))
        for run_id, of_run in tags.items()
        if of_run.get(GIT_COMMIT)
    ]


def readers_of_dataset(session: Session, name: str, digest: str, limit: int) -> list[Pair]:
    """Return the runs of all experiments that used a dataset as an input, the newest first."""
    statement = (
        select(Run.uuid)
        .join(RunDataset, RunDataset.run_id == Run.id)
        .join(Dataset, Dataset.id == RunDataset.dataset_id)
        .where(Dataset.name == name, Dataset.digest == digest, _IS_LEFT)
        .order_by(Run.id.desc())
        .limit(limit)
    )
    return [((name, digest), run_id) for run_id in session.scalars(statement)]


def models_made(session: Session, run_ids: Names, limit: int) -> list[Pair]:
    """Return the logged models that name runs as their source, or that runs name as their output."""
    named = select(LoggedModel.source_run_id.label("run_id"), LoggedModel.model_id).where(
        is_any_of(session, LoggedModel.source_run_id, run_ids)
    )
    made = (
        select(Run.uuid, RunModelOutput.model_id)
        .join(RunModelOutput, RunModelOutput.run_id == Run.id)
        .where(is_any_of(session, Run.uuid, run_ids))
    )
    return _pairs(session, select(named.union(made).subquery()), limit)


def readers_of_models(session: Session, model_ids: Names, limit: int) -> list[Pair]:
    """Return the runs that used logged models as inputs."""
    statement = (
        select(RunModelInput.model_id, Run.uuid)
        .join(Run, Run.id == RunModelInput.run_id)
        .where(is_any_of(session, RunModelInput.model_id, model_ids), _IS_LEFT)
    )
    return _pairs(session, statement, limit)


def registered(session: Session, run_ids: Names, model_ids: Names, limit: int) -> list[Origin]:
    """Return the versions that name runs or logged models as their origin, the newest first."""
    version = ModelVersion
    statement = (
        select(version.id, version.run_id, version.model_id, version.source)
        .where(
            or_(is_any_of(session, version.run_id, run_ids), is_any_of(session, version.model_id, model_ids))
        )
        .order_by(version.id.desc())
        .limit(limit)
    )
    return [Origin(*row) for row in session.execute(statement)]


def aliases(session: Session, versions: Sequence[int], limit: int) -> list[Pair]:
    """Return the aliases that point to versions, each with its model's name."""
    statement = (
        select(ModelVersion.id, RegisteredModel.name, RegisteredModelAlias.alias)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .join(
            RegisteredModelAlias,
            (RegisteredModelAlias.registered_model_id == ModelVersion.registered_model_id)
            & (RegisteredModelAlias.version == ModelVersion.version),
        )
        .where(is_any_of(session, ModelVersion.id, versions))
        .order_by(RegisteredModel.name, RegisteredModelAlias.alias)
        .limit(limit)
    )
    return [(version, (name, alias)) for version, name, alias in session.execute(statement)]


def has_dataset(session: Session, name: str, digest: str) -> bool:
    """Return whether a dataset exists in any experiment that may be read."""
    statement = select(func.count()).where(Dataset.name == name, Dataset.digest == digest)
    if (readable := in_readable_experiment(session, Dataset.experiment_id)) is not None:
        statement = statement.where(readable)
    return bool(session.scalar(statement))


def experiments_of_runs(session: Session, run_ids: Sequence[str]) -> Mapping[str, int]:
    """Return the experiment of each run that exists."""
    statement = select(Run.uuid, Run.experiment_id).where(is_any_of(session, Run.uuid, run_ids))
    return dict(session.execute(statement).all()) if run_ids else {}


def experiments_of_models(session: Session, model_ids: Sequence[str]) -> Mapping[str, int]:
    """Return the experiment of each logged model that exists."""
    statement = select(LoggedModel.model_id, LoggedModel.experiment_id).where(
        is_any_of(session, LoggedModel.model_id, model_ids)
    )
    return dict(session.execute(statement).all()) if model_ids else {}


def readable_versions(session: Session, ids: Sequence[int]) -> set[int]:
    """Return those versions whose model may be read."""
    statement = select(ModelVersion.id).join(
        RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id
    )
    if (readable := readable_models(session)) is not None:
        statement = statement.where(readable)
    return set(session.scalars(statement.where(is_any_of(session, ModelVersion.id, ids))))


def _pairs(session: Session, statement: Select[*tuple[Any, ...]], limit: int) -> list[Pair]:
    # The order is fixed, so that a truncated graph is the same each time.
    columns = list(statement.selected_columns)
    return [(given, found) for given, found in session.execute(statement.order_by(*columns).limit(limit))]


Attributes = Mapping[str, str]


def runs(session: Session, run_ids: Sequence[str]) -> Mapping[str, Attributes]:
    """Return the attributes of those runs that exist, in the bin or not."""
    statement = select(Run.uuid, Run.name, Run.experiment_id, Run.status, Run.lifecycle_stage)
    return {
        row.uuid: {
            "run_id": row.uuid,
            "name": row.name,
            "experiment_id": str(row.experiment_id),
            "status": row.status,
            "lifecycle_stage": row.lifecycle_stage,
        }
        for row in session.execute(statement.where(is_any_of(session, Run.uuid, run_ids)))
    }


def logged_models(session: Session, model_ids: Sequence[str]) -> Mapping[str, Attributes]:
    """Return the attributes of those logged models that exist, in the bin or not."""
    model = LoggedModel
    statement = select(
        model.model_id, model.name, model.experiment_id, model.status, model.lifecycle_stage
    ).where(is_any_of(session, model.model_id, model_ids))
    return {
        row.model_id: {
            "model_id": row.model_id,
            "name": row.name,
            "experiment_id": str(row.experiment_id),
            "status": row.status,
            "lifecycle_stage": row.lifecycle_stage,
        }
        for row in session.execute(statement)
    }


def versions(session: Session, ids: Sequence[int]) -> Mapping[int, Attributes]:
    """Return the attributes of versions."""
    statement = (
        select(ModelVersion.id, RegisteredModel.name, ModelVersion.version, ModelVersion.current_stage)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .where(is_any_of(session, ModelVersion.id, ids))
    )
    return {
        row.id: {"name": row.name, "version": str(row.version), "stage": row.current_stage}
        for row in session.execute(statement)
    }
