"""What the audit trail is told of models and versions: which part of their state a change is about."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change, Entity, EntityType, State
from trackhelm_core.audit.recorder import record
from trackhelm_registry.store import states


def of_model(name: str) -> Entity:
    """Return a registered model as the audit trail names it."""
    return Entity(EntityType.REGISTERED_MODEL, name)


def of_version(name: str, number: int) -> Entity:
    """Return a version as the audit trail names it."""
    return Entity(EntityType.MODEL_VERSION, name, number)


def of_logged_model(model_id: str) -> Entity:
    """Return a logged model as the audit trail names it."""
    return Entity(EntityType.LOGGED_MODEL, model_id)


def record_creation(session: Session, entity: Entity, state: State, cause: Cause) -> None:
    """Record that something came to be."""
    record(session, Change(entity, Action.CREATED, None, state), cause)


def record_deletion(session: Session, entity: Entity, state: State, cause: Cause) -> None:
    """Record that something is gone, and what it was."""
    record(session, Change(entity, Action.DELETED, state, None), cause)


def record_stage(session: Session, entity: Entity, stages: tuple[str, str], cause: Cause) -> None:
    """Record a move from the first stage to the second."""
    before, after = stages
    record(session, Change(entity, Action.STAGE_CHANGED, {"stage": before}, {"stage": after}), cause)


def record_description(session: Session, entity: Entity, texts: tuple[str, str], cause: Cause) -> None:
    """Record that the first description was replaced by the second."""
    before, after = texts
    change = Change(entity, Action.DESCRIBED, {"description": before}, {"description": after})
    record(session, change, cause)


def record_tags(
    session: Session, entity: Entity, before: Mapping[str, str], after: Mapping[str, str], cause: Cause
) -> None:
    """Record tags that were set or, where none are left, deleted. The mappings hold the keys in question."""
    action = Action.TAGGED if after else Action.UNTAGGED
    record(session, Change(entity, action, {"tags": before}, {"tags": after}), cause)


def alias_state(alias: str, number: int | None) -> State:
    """Return the state of an alias that points to a version, or to none."""
    return {"aliases": {} if number is None else {alias: str(number)}}


def whole_model(session: Session, model: int) -> State:
    """Return what a model is, for the event that tells of its end."""
    aliases = states.model_aliases(session, model)
    versions = states.version_stages(session, model)
    return {
        "description": states.model_description(session, model),
        "tags": states.model_tags(session, model),
        "aliases": {alias: str(number) for alias, number in aliases.items()},
        "versions": {str(number): stage for number, stage in versions.items()},
    }


def whole_version(session: Session, version: int) -> State:
    """Return what a version is, for the events that tell of its beginning and its end."""
    row = states.version_row(session, version)
    aliases = states.model_aliases(session, row["registered_model_id"], row["version"])
    return {
        "description": row["description"],
        "stage": row["current_stage"],
        "source": row["source"],
        "run_id": row["run_id"] or "",
        "model_id": row["model_id"] or "",
        "tags": states.version_tags(session, version),
        "aliases": sorted(aliases),
    }
