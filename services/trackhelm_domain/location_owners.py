"""Owners of locations: which locations an experiment may not have, because files of another owner are there.

Two owners of one place would list, overwrite and delete each other's files. Owners are the experiments, below
which all runs and logged models lie, also while they are in the bin; the versions of registered models,
wherever their files are; and the server itself, for the root of its store. Every statement here reads a range
of an index, so the number of owners does not matter.
"""

from typing import Final

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.db.statements import dialect_of
from trackhelm_domain.locations import KEY_STEP, Places
from trackhelm_domain.tables import Experiment, ModelVersion, RegisteredModel
from trackhelm_domain.tables.lifecycle import LifecycleStage

_LOCK: Final = 5_207_302_615
"""The number of the advisory lock in PostgreSQL. No other lock of ours has it."""


def wait_for_turn(session: Session) -> None:
    """Wait for other transactions that choose a location, and keep new ones out until this one ends.

    Two transactions that chose locations at the same time would not see each other's. SQLite has one writer
    at a time anyway.
    """
    if dialect_of(session) == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def owner_of(session: Session, places: Places, location: str, experiment_id: int) -> str | None:
    """Return a description of another owner at, above or below an experiment's new location, or None."""
    if places.holds_store(location):
        return "it is, or holds, the root of this server's own store"
    keys = places.keys(location)
    return (
        _experiment(session, keys, experiment_id)
        or _version(session, keys)
        or _coming_experiment(session, places, location)
    )


def _experiment(session: Session, keys: list[str], but: int) -> str | None:
    columns = (Experiment.id, Experiment.name, Experiment.artifact_location, Experiment.lifecycle_stage)
    for relation, lies in _relations(Experiment.location_key, keys):
        found = session.execute(
            select(*columns)
            .where(lies, Experiment.id != but, Experiment.lifecycle_stage != LifecycleStage.PURGED)
            .limit(1)
        ).one_or_none()
        if found is None:
            continue
        location = found.artifact_location
        whose = f"it {relation} the location {location!r} of experiment {found.id} ({found.name!r})"
        if found.lifecycle_stage == LifecycleStage.DELETED:
            whose += ", which is deleted: restore it, or delete it for good with `trackhelm-server gc`"
        return whose
    return None


def _version(session: Session, keys: list[str]) -> str | None:
    for relation, lies in _relations(ModelVersion.location_key, keys):
        found = session.execute(
            select(RegisteredModel.name, ModelVersion.version)
            .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
            .where(lies)
            .limit(1)
        ).one_or_none()
        if found is not None:
            return f"it {relation} the files of version {found.version} of registered model {found.name!r}"
    return None


def _coming_experiment(session: Session, places: Places, location: str) -> str | None:
    """Return the owner if the location is a store folder kept for an experiment that does not exist yet."""
    number = places.own_path(location).split("/")[0]
    if not (number.isascii() and number.isdigit()) or len(number) > len(str(2**63)):
        return None
    is_there = select(Experiment.id).where(Experiment.id == int(number))
    if int(number) < 2**63 and session.scalar(is_there) is not None:
        return None
    return f"the folder {number!r} of this server's store is kept for an experiment with that id"


def _relations(
    column: InstrumentedAttribute[str | None], keys: list[str]
) -> list[tuple[str, ColumnElement[bool]]]:
    above = [key[:end] for key in keys for end in range(KEY_STEP, len(key), KEY_STEP)]
    # Keys are hexadecimal, so `g` sorts after everything that begins with a key.
    below = [(column > key) & (column < f"{key}g") for key in keys]
    return [("is", column.in_(keys)), ("lies below", column.in_(above)), ("lies above", or_(*below))]
