"""Webhooks: HTTP calls that the server makes when something happens. Times are milliseconds since 1970."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from trackhelm.entities._base import Entity, as_int, text_or_none


class WebhookStatus(str, Enum):
    """Whether a webhook is called."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"

    def __str__(self) -> str:
        return self.value


class WebhookEvent(Entity):
    """What a webhook is called for, such as `registered_model.created`."""

    def __init__(self, entity: str, action: str) -> None:
        self.entity = entity.lower()
        self.action = action.lower()

    @classmethod
    def from_str(cls, event: str) -> "WebhookEvent":
        """Return the event of a text such as `model_version.created`."""
        entity, dot, action = event.partition(".")
        if not dot or not entity or not action:
            from trackhelm.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(
                f"Invalid webhook event string {event!r}: expected 'entity.action', "
                "such as 'registered_model.created'"
            )
        return cls(entity, action)

    def __str__(self) -> str:
        return f"{self.entity}.{self.action}"

    def to_wire(self) -> dict[str, str]:
        """Return the event as the API takes it."""
        return {"entity": self.entity.upper(), "action": self.action.upper()}


class Webhook(Entity):
    """A webhook, without its secret."""

    def __init__(
        self,
        webhook_id: str,
        name: str,
        url: str,
        events: Sequence[WebhookEvent],
        creation_timestamp: int,
        last_updated_timestamp: int,
        description: str | None = None,
        status: str | WebhookStatus = WebhookStatus.ACTIVE,
        secret: str | None = None,
    ) -> None:
        self.webhook_id = webhook_id
        self.name = name
        self.url = url
        self.events = list(events)
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.description = description
        self.status = WebhookStatus(status)
        self.secret = secret

    @classmethod
    def from_dictionary(cls, webhook: Mapping[str, Any]) -> "Webhook":
        """Return a webhook of its wire form."""
        return cls(
            webhook_id=webhook["webhook_id"],
            name=webhook.get("name", ""),
            url=webhook.get("url", ""),
            events=[WebhookEvent(event["entity"], event["action"]) for event in webhook.get("events", ())],
            creation_timestamp=as_int(webhook.get("creation_timestamp")) or 0,
            last_updated_timestamp=as_int(webhook.get("last_updated_timestamp")) or 0,
            description=text_or_none(webhook.get("description")),
            status=webhook.get("status", "ACTIVE"),
        )


class WebhookTestResult(Entity):
    """How a test call of a webhook ended."""

    def __init__(
        self,
        success: bool,
        response_status: int | None = None,
        response_body: str | None = None,
        error_message: str | None = None,
    ) -> None:
        self.success = success
        self.response_status = response_status
        self.response_body = response_body
        self.error_message = error_message

    @classmethod
    def from_dictionary(cls, result: Mapping[str, Any]) -> "WebhookTestResult":
        """Return a result of its wire form."""
        return cls(
            bool(result.get("success", False)),
            as_int(result.get("response_status")),
            text_or_none(result.get("response_body")),
            text_or_none(result.get("error_message")),
        )
