"""Test calls: which event, and what is sent."""

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.ids import new_webhook_id
from trackhelm_core.webhooks.events import Event
from trackhelm_core.webhooks.outbox import body_of
from trackhelm_registry.calling.sending import Message
from trackhelm_registry.logic.webhook_events import parse_events, parse_run_events
from trackhelm_registry.logic.webhook_examples import EXAMPLES
from trackhelm_registry.schemas.webhooks import TestWebhook
from trackhelm_registry.store.webhooks import WebhookRow


def test_message(webhook: WebhookRow, asked: TestWebhook, now: int) -> Message:
    """Return the call that tests a webhook: of the event that is asked for, or of its first."""
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
