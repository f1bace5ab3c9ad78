"""Turns stored models, versions and webhooks into the messages of answers."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import KeyValue
from trackhelm_domain.outbox import MLFLOW_EVENTS, RUN_EVENTS
from trackhelm_registry.model_versions.schemas import ModelVersion
from trackhelm_registry.registered_models.schemas import Alias, RegisteredModel
from trackhelm_registry.registered_models.store import ModelDetails, VersionDetails
from trackhelm_registry.webhooks.logic import run_event_name
from trackhelm_registry.webhooks.schemas import EventMessage, WebhookMessage
from trackhelm_registry.webhooks.store import WebhookRow

READY = "READY"
"""The only status of a version: registering copies nothing, so no version is ever pending."""


def version_message(version: VersionDetails) -> ModelVersion:
    """Return the message of a version."""
    row = version.row
    return ModelVersion(
        name=version.model_name,
        version=str(row.version),
        creation_timestamp=row.creation_timestamp,
        last_updated_timestamp=row.last_updated_timestamp,
        current_stage=row.current_stage,
        description=row.description,
        source=row.source,
        run_id=row.run_id or "",
        run_link=row.run_link,
        status=READY,
        tags=_tags(version.tags),
        aliases=tuple(version.aliases),
    )


def model_message(model: ModelDetails) -> RegisteredModel:
    """Return the message of a registered model."""
    row = model.row
    return RegisteredModel(
        name=row.name,
        creation_timestamp=row.creation_timestamp,
        last_updated_timestamp=row.last_updated_timestamp,
        description=row.description,
        latest_versions=tuple(version_message(version) for version in model.latest_versions),
        tags=_tags(model.tags),
        aliases=tuple(Alias(alias=alias, version=str(version)) for alias, version in model.aliases),
    )


def webhook_message(webhook: WebhookRow) -> WebhookMessage:
    """Return the message of a webhook."""
    return WebhookMessage(
        webhook_id=webhook.uuid,
        name=webhook.name,
        url=webhook.url,
        status=webhook.status,
        creation_timestamp=webhook.creation_time,
        last_updated_timestamp=webhook.last_update_time,
        signed=webhook.secret is not None,
        events=tuple(
            EventMessage(event.entity.upper(), event.action.upper())
            for event in webhook.events
            if event in MLFLOW_EVENTS
        ),
        run_events=tuple(run_event_name(event) for event in webhook.events if event in RUN_EVENTS),
        description=webhook.description,
    )


def _tags(tags: Sequence[tuple[str, str]]) -> tuple[KeyValue, ...]:
    return tuple(KeyValue(key=key, value=value) for key, value in tags)
