"""The events that requests and answers name: MLflow's as its protobuf does, those of runs by a word."""

from collections.abc import Iterable, Mapping
from typing import Final

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.webhooks.events import MLFLOW_EVENTS, RUN_EVENTS, Event
from trackhelm_core.wire.faults import invalid_value
from trackhelm_registry.schemas.webhooks import AskedEvent

_ENTITIES: Final = (
    *("REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT"),
    *("PROMPT_VERSION", "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS"),
)
_ACTIONS: Final = ("CREATED", "UPDATED", "DELETED", "SET")
_ENTITY_NUMBERS: Final = dict(enumerate(_ENTITIES, 1))
_ACTION_NUMBERS: Final = dict(enumerate(_ACTIONS, 1))

_BY_NAMES: Final = {(event.entity.upper(), event.action.upper()): event for event in MLFLOW_EVENTS}
_BY_RUN_NAME: Final = {event.action.upper(): event for event in RUN_EVENTS}


def parse_events(asked: Iterable[AskedEvent]) -> list[Event]:
    """Return MLflow's events that a request names."""
    return [_parse(event) for event in asked]


def parse_run_events(asked: Iterable[str]) -> list[Event]:
    """Return the events of runs that a request names."""
    return [_parse_run_event(name) for name in asked]


def run_event_name(event: Event) -> str:
    """Return the word for an event of runs."""
    return event.action.upper()


def _parse(asked: AskedEvent) -> Event:
    names = (_name(asked.entity, _ENTITY_NUMBERS), _name(asked.action, _ACTION_NUMBERS))
    if event := _BY_NAMES.get(names):
        return event
    allowed = ", ".join(f"{entity} {action}" for entity, action in _BY_NAMES)
    reason = f"it must be one of {allowed}; events of runs are named in 'run_events'"
    entity, action = names
    if entity in _ENTITIES and action in _ACTIONS:
        raise InvalidParameterError(
            f"Invalid action '{action.lower()}' for entity '{entity.lower()}' in 'events': {reason}."
        )
    raise invalid_value(list(names), "events", reason)


def _parse_run_event(name: str) -> Event:
    if event := _BY_RUN_NAME.get(name):
        return event
    raise invalid_value(name, "run_events", f"it must be one of {', '.join(_BY_RUN_NAME)}")


def _name(asked: str | int, numbers: Mapping[int, str]) -> str:
    return numbers.get(asked, str(asked)) if isinstance(asked, int) else asked
