"""Test calls of webhooks: their event and their contents."""

from collections.abc import Mapping
from typing import Any, Final

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.ids import new_webhook_id
from trackhelm_domain.outbox import Event, body_of
from trackhelm_registry.webhooks.delivery.sending import Message
from trackhelm_registry.webhooks.logic import parse_events, parse_run_events
from trackhelm_registry.webhooks.schemas import TestWebhook
from trackhelm_registry.webhooks.store import WebhookRow

# The data of a test call has the form of a delivery's, about entities that do not exist.

_TAGS: Final = {"example_key": "example_value"}
_MODEL: Final = {"name": "example_model"}
_PROMPT: Final = {"name": "example_prompt"}
_VERSION: Final = {"version": "1"}
_KEY: Final = {"key": "example_key"}
_VALUE: Final = {"value": "example_value"}
_ALIAS: Final = {"alias": "example_alias"}
_RUN: Final = {
    "run_id": "0123456789abcdef0123456789abcdef",
    "run_name": "example_run",
    "experiment_id": "0",
    "user_id": "example_user",
    "start_time": 1_700_000_000_000,
    "artifact_uri": "mlflow-artifacts:/0/0123456789abcdef0123456789abcdef/artifacts",
}
_ENDED: Final = {"end_time": 1_700_000_060_000}

EXAMPLES: Final[Mapping[Event, Mapping[str, Any]]] = {
    Event.REGISTERED_MODEL_CREATED: {**_MODEL, "tags": _TAGS, "description": "An example model"},
    Event.MODEL_VERSION_CREATED: {
        **_MODEL,
        **_VERSION,
        "source": "models:/m-0123456789abcdef0123456789abcdef",
        "run_id": _RUN["run_id"],
        "tags": _TAGS,
        "description": "An example version",
    },
    Event.MODEL_VERSION_TAG_SET: {**_MODEL, **_VERSION, **_KEY, **_VALUE},
    Event.MODEL_VERSION_TAG_DELETED: {**_MODEL, **_VERSION, **_KEY},
    Event.MODEL_VERSION_ALIAS_CREATED: {**_MODEL, **_ALIAS, **_VERSION},
    Event.MODEL_VERSION_ALIAS_DELETED: {**_MODEL, **_ALIAS},
    Event.PROMPT_CREATED: {**_PROMPT, "tags": _TAGS, "description": "An example prompt"},
    Event.PROMPT_VERSION_CREATED: {
        **_PROMPT,
        **_VERSION,
        "template": "Hello {{name}}!",
        "tags": _TAGS,
        "description": "An example version",
    },
    Event.PROMPT_TAG_SET: {**_PROMPT, **_KEY, **_VALUE},
    Event.PROMPT_TAG_DELETED: {**_PROMPT, **_KEY},
    Event.PROMPT_VERSION_TAG_SET: {**_PROMPT, **_VERSION, **_KEY, **_VALUE},
    Event.PROMPT_VERSION_TAG_DELETED: {**_PROMPT, **_VERSION, **_KEY},
    Event.PROMPT_ALIAS_CREATED: {**_PROMPT, **_ALIAS, **_VERSION},
    Event.PROMPT_ALIAS_DELETED: {**_PROMPT, **_ALIAS},
    Event.RUN_STARTED: {**_RUN, "status": "RUNNING", "end_time": None},
    Event.RUN_FINISHED: {**_RUN, **_ENDED, "status": "FINISHED"},
    Event.RUN_FAILED: {**_RUN, **_ENDED, "status": "FAILED"},
    Event.RUN_KILLED: {**_RUN, **_ENDED, "status": "KILLED"},
}


def test_message(webhook: WebhookRow, asked: TestWebhook, now: int) -> Message:
    """Return the message that tests a webhook: of the requested event, or of the webhook's first."""
    event = _event(webhook, asked)
    return Message(new_webhook_id(), body_of(event, EXAMPLES[event], now), webhook.url, webhook.secret)


def _event(webhook: WebhookRow, asked: TestWebhook) -> Event:
    if asked.event is not None and asked.run_event:
        raise InvalidParameterError("'event' and 'run_event' are both given, and only one of them may be.")
    if asked.event is not None:
        return parse_events([asked.event])[0]
    if asked.run_event:
        return parse_run_events([asked.run_event])[0]
    return webhook.events[0]
