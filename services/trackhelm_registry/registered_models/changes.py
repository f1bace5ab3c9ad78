"""The audit events and webhook events about changes of models and versions."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.outbox import Announcement, Event, announce, is_wanted
from trackhelm_registry.registered_models import store
from trackhelm_registry.registered_models.names import PROMPT_TAG, PROMPT_TEXT_TAG, is_prompt

# Audit events of models and versions: the part of their state that a change is about.


def of_model(name: str) -> Entity:
    """Return the entity of a registered model in the audit trail."""
    return Entity(EntityType.REGISTERED_MODEL, name)


def of_version(name: str, number: int) -> Entity:
    """Return the entity of a version in the audit trail."""
    return Entity(EntityType.MODEL_VERSION, name, number)


def of_logged_model(model_id: str) -> Entity:
    """Return the entity of a logged model in the audit trail."""
    return Entity(EntityType.LOGGED_MODEL, model_id)


def record_creation(session: Session, entity: Entity, state: State, context: AuditContext) -> None:
    """Record that an entity was created."""
    record(session, Change(entity, Action.CREATED, None, state), context)


def record_deletion(session: Session, entity: Entity, state: State, context: AuditContext) -> None:
    """Record that an entity was deleted, with its last state."""
    record(session, Change(entity, Action.DELETED, state, None), context)


def record_stage(session: Session, entity: Entity, stages: tuple[str, str], context: AuditContext) -> None:
    """Record a transition from the first stage to the second."""
    before, after = stages
    record(session, Change(entity, Action.STAGE_CHANGED, {"stage": before}, {"stage": after}), context)


def record_description(
    session: Session, entity: Entity, texts: tuple[str, str], context: AuditContext
) -> None:
    """Record that the first description was replaced by the second."""
    before, after = texts
    change = Change(entity, Action.DESCRIBED, {"description": before}, {"description": after})
    record(session, change, context)


def record_tags(
    session: Session,
    entity: Entity,
    before: Mapping[str, str],
    after: Mapping[str, str],
    context: AuditContext,
) -> None:
    """Record tags that were set or, if `after` has none, deleted. The mappings hold only the changed keys."""
    action = Action.TAGGED if after else Action.UNTAGGED
    record(session, Change(entity, action, {"tags": before}, {"tags": after}), context)


def alias_state(alias: str, number: int | None) -> State:
    """Return the state of an alias that points to a version, or to none if it does not exist."""
    return {"aliases": {} if number is None else {alias: str(number)}}


def whole_model(session: Session, model: int) -> State:
    """Return the whole state of a model, for the event of its deletion."""
    aliases = store.model_aliases(session, model)
    versions = store.version_stages(session, model)
    return {
        "description": store.model_description(session, model),
        "tags": store.model_tags(session, model),
        "aliases": {alias: str(number) for alias, number in aliases.items()},
        "versions": {str(number): stage for number, stage in versions.items()},
    }


def whole_version(session: Session, version: int) -> State:
    """Return the whole state of a version, for the events of its creation and deletion."""
    row = store.version_row(session, version)
    aliases = store.model_aliases(session, row["registered_model_id"], row["version"])
    return {
        "description": row["description"],
        "stage": row["current_stage"],
        "source": row["source"],
        "run_id": row["run_id"] or "",
        "model_id": row["model_id"] or "",
        "tags": store.version_tags(session, version),
        "aliases": sorted(aliases),
    }


# Webhook events of models and prompts, with the contents of MLflow's payloads.
#
# A prompt is a registered model with a tag, and has events of its own. Whether a model is a prompt is looked
# up only if a webhook is to be called.

# They mark a model as a prompt, which the event's name says already.
_INTERNAL_TAGS: Final = frozenset({PROMPT_TAG, "_mlflow_prompt_type"})


def announce_model(
    session: Session, name: str, *, description: str, tags: Mapping[str, str], now: int
) -> None:
    """Announce a new model or prompt."""
    event = Event.PROMPT_CREATED if is_prompt(tags) else Event.REGISTERED_MODEL_CREATED
    shown = _without_internal(tags) if is_prompt(tags) else dict(tags)
    _announce(session, event, name, {"tags": shown, "description": description or None}, now)


def announce_version(session: Session, name: str, number: int, version: Mapping[str, Any], now: int) -> None:
    """Announce a new version, given in the form of the audit trail."""
    tags, description = version["tags"], version["description"] or None
    if is_prompt(tags):
        shown = _without_internal(tags)
        data = {"template": shown.pop(PROMPT_TEXT_TAG, None), "tags": shown, "description": description}
        event = Event.PROMPT_VERSION_CREATED
    else:
        data = {
            "source": version["source"],
            "run_id": version["run_id"] or None,
            "tags": tags,
            "description": description,
        }
        event = Event.MODEL_VERSION_CREATED
    _announce(session, event, name, {"version": str(number), **data}, now)


def announce_model_tag(session: Session, model: int, name: str, tag: Mapping[str, str], now: int) -> None:
    """Announce that a prompt's tag was set or, without a value, deleted. Models have no such event."""
    event = Event.PROMPT_TAG_SET if "value" in tag else Event.PROMPT_TAG_DELETED
    if is_wanted(session, event) and _is_prompt(session, model):
        _announce(session, event, name, tag, now)


def announce_version_tag(
    session: Session, model: int, name: str, number: int, *, tag: Mapping[str, str], now: int
) -> None:
    """Announce that a version's tag was set or, without a value, deleted."""
    events = (
        (Event.PROMPT_VERSION_TAG_SET, Event.MODEL_VERSION_TAG_SET)
        if "value" in tag
        else (Event.PROMPT_VERSION_TAG_DELETED, Event.MODEL_VERSION_TAG_DELETED)
    )
    _announce_either(session, model, events, name, {"version": str(number), **tag}, now=now)


def announce_alias(
    session: Session, model: int, name: str, alias: str, *, number: int | None, now: int
) -> None:
    """Announce that an alias was set to a version or, without one, deleted."""
    if number is not None:
        events = (Event.PROMPT_ALIAS_CREATED, Event.MODEL_VERSION_ALIAS_CREATED)
        data = {"alias": alias, "version": str(number)}
    else:
        events = (Event.PROMPT_ALIAS_DELETED, Event.MODEL_VERSION_ALIAS_DELETED)
        data = {"alias": alias}
    _announce_either(session, model, events, name, data, now=now)


def _announce_either(
    session: Session,
    model: int,
    events: tuple[Event, Event],
    name: str,
    data: Mapping[str, Any],
    *,
    now: int,
) -> None:
    """Announce the first event if the model is a prompt, the second otherwise."""
    if is_wanted(session, *events):
        event = events[0] if _is_prompt(session, model) else events[1]
        _announce(session, event, name, data, now)


def _announce(session: Session, event: Event, name: str, data: Mapping[str, Any], now: int) -> None:
    announce(session, Announcement(event, f"model/{name}", {"name": name, **data}, now))


def _is_prompt(session: Session, model: int) -> bool:
    return is_prompt(store.model_tags(session, model, [PROMPT_TAG]))


def _without_internal(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in _INTERNAL_TAGS}
