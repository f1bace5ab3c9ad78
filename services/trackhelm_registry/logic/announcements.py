"""What webhooks are told of models and prompts, in the words of MLflow's payloads.

A prompt is a registered model with a tag, and its events are its own. Whether a model is one is looked up
only when somebody wants to be told.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.webhooks.events import Event
from trackhelm_core.webhooks.outbox import Announcement, announce, is_wanted
from trackhelm_registry.logic.prompts import PROMPT_TAG, is_prompt
from trackhelm_registry.store import states

_PROMPT_TEXT: Final = "mlflow.prompt.text"
# They say what kind of prompt it is, which the event's name says already.
_INTERNAL_TAGS: Final = frozenset({PROMPT_TAG, "_mlflow_prompt_type"})


def announce_model(
    session: Session, name: str, *, description: str, tags: Mapping[str, str], now: int
) -> None:
    """Announce a new model or prompt."""
    event = Event.PROMPT_CREATED if is_prompt(tags) else Event.REGISTERED_MODEL_CREATED
    shown = _without_internal(tags) if is_prompt(tags) else dict(tags)
    _announce(session, event, name, {"tags": shown, "description": description or None}, now)


def announce_version(session: Session, name: str, number: int, version: Mapping[str, Any], now: int) -> None:
    """Announce a new version, given as the audit trail has it."""
    tags, description = version["tags"], version["description"] or None
    if is_prompt(tags):
        shown = _without_internal(tags)
        data = {"template": shown.pop(_PROMPT_TEXT, None), "tags": shown, "description": description}
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
    """Announce that an alias was pointed to a version or, where none is given, deleted."""
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
    return is_prompt(states.model_tags(session, model, [PROMPT_TAG]))


def _without_internal(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in _INTERNAL_TAGS}
