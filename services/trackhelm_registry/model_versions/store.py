"""Statements about versions of registered models: their changes, history and origin.

The origin of a version is a run or a logged model, whose tag `mlflow.modelVersions` lists the versions that
it was registered as.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from trackhelm_core.access import Level
from trackhelm_core.db.statements import is_any_of, upsert
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.locations import KEY_STEP
from trackhelm_domain.tables import (
    AliasHistory,
    Experiment,
    LoggedModel,
    LoggedModelTag,
    ModelVersion,
    RegisteredModelAlias,
    Run,
    StageHistory,
)
from trackhelm_domain.tables.runs import LifecycleStage

REGISTRATIONS_TAG: Final = "mlflow.modelVersions"


@dataclass(frozen=True, slots=True)
class LoggedModelFiles:
    """Where a logged model's files are, the run that made it, and its experiment."""

    artifact_uri: str
    source_run_id: str | None
    experiment_id: int


def run_artifact_uri(session: Session, run_id: str) -> str | None:
    """Return where a run's files are, and lock it against deletion for good until the transaction ends.

    None if there is no such run, or if the request may not read it.
    """
    statement = select(Run.artifact_uri, Run.experiment_id).where(Run.uuid == run_id)
    found = session.execute(statement.with_for_update(read=True, key_share=True)).one_or_none()
    if found is None or not permits_experiment(session, found.experiment_id, Level.READ):
        return None
    uri: str = found.artifact_uri
    return uri


def experiment_at(session: Session, keys: Sequence[str]) -> int | None:
    """Return the experiment whose location is one of these keys' or the nearest above one, if any is."""
    above = {key[:end] for key in keys for end in range(KEY_STEP, len(key) + 1, KEY_STEP)}
    return session.scalar(
        select(Experiment.id)
        .where(Experiment.location_key.in_(above), Experiment.lifecycle_stage != LifecycleStage.PURGED)
        .order_by(func.length(Experiment.location_key).desc())
        .limit(1)
    )


def keep_logged_model(session: Session, model_id: str) -> bool:
    """Return whether a logged model exists, in the bin or not, and lock it against deletion for good."""
    statement = select(LoggedModel.experiment_id).where(LoggedModel.model_id == model_id)
    found = session.scalar(statement.with_for_update(read=True, key_share=True))
    return found is not None and permits_experiment(session, found, Level.READ)


def logged_model_files(session: Session, model_id: str) -> LoggedModelFiles | None:
    """Return where the files of an active logged model are, and lock it against deletion for good."""
    found = session.execute(
        select(LoggedModel.artifact_uri, LoggedModel.source_run_id, LoggedModel.experiment_id)
        .where(LoggedModel.model_id == model_id, LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE)
        .with_for_update(read=True, key_share=True)
    ).one_or_none()
    if found is None or not permits_experiment(session, found.experiment_id, Level.READ):
        return None
    return LoggedModelFiles(*found)


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


def find_version(session: Session, model: int, number: int) -> tuple[int, str] | None:
    """Return a version's row id and stage."""
    statement = select(ModelVersion.id, ModelVersion.current_stage)
    statement = statement.where(ModelVersion.registered_model_id == model, ModelVersion.version == number)
    found = session.execute(statement).one_or_none()
    return None if found is None else (found.id, found.current_stage)


def insert_version(session: Session, values: Mapping[str, Any], *, now: int) -> int:
    """Insert a version and return its row id."""
    statement = insert(ModelVersion).values(**values, creation_timestamp=now, last_updated_timestamp=now)
    return session.execute(statement.returning(ModelVersion.id)).scalar_one()


def update_version(session: Session, version: int, values: Mapping[str, Any], *, now: int) -> None:
    """Change columns of a version."""
    session.execute(
        update(ModelVersion).where(ModelVersion.id == version).values(**values, last_updated_timestamp=now)
    )


def move_others(
    session: Session, model: int, version: int, stages: tuple[str, str], *, now: int
) -> list[int]:
    """Move every other version of a model from the first stage to the second; return their numbers."""
    origin, target = stages
    moved = session.scalars(
        update(ModelVersion)
        .where(
            ModelVersion.registered_model_id == model,
            ModelVersion.id != version,
            ModelVersion.current_stage == origin,
        )
        .values(current_stage=target, last_updated_timestamp=now)
        .returning(ModelVersion.version)
    )
    return sorted(moved)


def move_version(session: Session, model: int, number: int, stage: str, *, now: int) -> None:
    """Move a version of a model to a stage."""
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.registered_model_id == model, ModelVersion.version == number)
        .values(current_stage=stage, last_updated_timestamp=now)
    )


def newest_in_stage(session: Session, model: int, stage: str) -> int | None:
    """Return the highest number of a model's versions in a stage."""
    return session.scalar(
        select(func.max(ModelVersion.version)).where(
            ModelVersion.registered_model_id == model, ModelVersion.current_stage == stage
        )
    )


def delete_version(session: Session, model: int, version: int, number: int) -> None:
    """Delete a version and the aliases that point to it; its tags go with it."""
    session.execute(
        delete(RegisteredModelAlias).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.version == number
        )
    )
    session.execute(delete(ModelVersion).where(ModelVersion.id == version))


# The history of stages: which versions each transition of a model moved.
#
# Callers hold the lock on the model's row, so that each transition gets a number of its own.

Stages = tuple[str, str]
"""The stage before, and the stage after."""


class Transition(NamedTuple):
    """A transition by its number, and the moves that it made, by the numbers of the versions."""

    number: int
    moved: Mapping[int, Stages]


def note_stages(session: Session, model: int, moved: Mapping[int, Stages]) -> None:
    """Record which versions a transition moved."""
    newest = select(func.max(StageHistory.transition)).where(StageHistory.registered_model_id == model)
    transition = (session.scalar(newest) or 0) + 1
    rows = [
        {
            "registered_model_id": model,
            "transition": transition,
            "version": number,
            "from_stage": stages[0],
            "to_stage": stages[1],
        }
        for number, stages in sorted(moved.items())
        if stages[0] != stages[1]
    ]
    if rows:
        session.execute(insert(StageHistory), rows)


def newest_transition(
    session: Session, model: int, stage: str, *, before: int | None = None
) -> Transition | None:
    """Return the newest transition (or that before another) that moved a version into or out of a stage."""
    history = StageHistory
    newest = (
        select(func.max(history.transition))
        .where(
            history.registered_model_id == model,
            or_(history.from_stage == stage, history.to_stage == stage),
            true() if before is None else history.transition < before,
        )
        .scalar_subquery()
    )
    found = session.execute(
        select(history.transition, history.version, history.from_stage, history.to_stage).where(
            history.registered_model_id == model, history.transition == newest
        )
    ).all()
    if not found:
        return None
    moved = {row.version: (row.from_stage, row.to_stage) for row in found}
    return Transition(found[0].transition, moved)


def forget_transition(session: Session, model: int, transition: int) -> None:
    """Delete a transition from the history, because it was undone."""
    session.execute(
        delete(StageHistory).where(
            StageHistory.registered_model_id == model, StageHistory.transition == transition
        )
    )


def forget_stages_of_version(session: Session, model: int, number: int) -> None:
    """Delete a version from the history of stages, because it is being deleted."""
    session.execute(
        delete(StageHistory).where(StageHistory.registered_model_id == model, StageHistory.version == number)
    )


def stages_now(session: Session, model: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return the current stage of each of some versions."""
    statement = select(ModelVersion.version, ModelVersion.current_stage).where(
        ModelVersion.registered_model_id == model, is_any_of(session, ModelVersion.version, numbers)
    )
    return dict(session.execute(statement).all())


# The history of aliases: the versions that an alias was set to, one after the other.
#
# Callers hold the lock on the model's row, so that positions have neither gaps nor duplicates.


class Earlier(NamedTuple):
    """A version that an alias was set to, by its number, and its position in the history."""

    position: int
    number: int


def note_alias(session: Session, model: int, alias: str, number: int) -> None:
    """Record that an alias was set to a version, unless that is the last entry of its history."""
    statement = select(AliasHistory.position, AliasHistory.version).where(
        AliasHistory.registered_model_id == model, AliasHistory.alias == alias
    )
    last = session.execute(statement.order_by(AliasHistory.position.desc()).limit(1)).one_or_none()
    if last is None or last.version != number:
        position = 1 if last is None else last.position + 1
        row = {"registered_model_id": model, "alias": alias, "position": position, "version": number}
        session.execute(insert(AliasHistory).values(row))


def version_before(session: Session, model: int, alias: str, number: int | None) -> Earlier | None:
    """Return the newest version in an alias's history other than the one with the given number."""
    statement = select(AliasHistory.position, AliasHistory.version).where(
        AliasHistory.registered_model_id == model, AliasHistory.alias == alias
    )
    if number is not None:
        statement = statement.where(AliasHistory.version != number)
    found = session.execute(statement.order_by(AliasHistory.position.desc()).limit(1)).one_or_none()
    return None if found is None else Earlier(found.position, found.version)


def forget_aliases_after(session: Session, model: int, alias: str, position: int) -> None:
    """Delete the entries of an alias's history after a position."""
    session.execute(
        delete(AliasHistory).where(
            AliasHistory.registered_model_id == model,
            AliasHistory.alias == alias,
            AliasHistory.position > position,
        )
    )


def forget_aliases_of_version(session: Session, model: int, number: int) -> None:
    """Delete a version from the histories of all aliases, because it is being deleted."""
    session.execute(
        delete(AliasHistory).where(AliasHistory.registered_model_id == model, AliasHistory.version == number)
    )
