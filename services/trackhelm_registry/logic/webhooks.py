"""Rules about webhooks: what one may be, and what the audit trail is told of its changes."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change, Entity, EntityType, State
from trackhelm_core.audit.recorder import record
from trackhelm_core.db.models.webhooks import WebhookStatus
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.ids import new_webhook_id
from trackhelm_core.limits import (
    WEBHOOK_DESCRIPTION_LENGTH,
    WEBHOOK_NAME_LENGTH,
    WEBHOOK_SECRET_LENGTH,
    WEBHOOKS,
    WEBHOOKS_PAGE,
)
from trackhelm_core.search.keyset import PageRequest
from trackhelm_core.search.pages import query_digest
from trackhelm_core.secrets import NoKeyError, SecretBox
from trackhelm_core.validation import check_length, check_page_range
from trackhelm_core.webhooks.events import MLFLOW_EVENTS, RUN_EVENTS, Event
from trackhelm_core.wire.faults import cut, shown
from trackhelm_registry.calling.configuration import WebhookConfiguration
from trackhelm_registry.logic.webhook_events import parse_events, parse_run_events
from trackhelm_registry.logic.webhook_urls import check_url
from trackhelm_registry.schemas.webhooks import CreateWebhook, ListWebhooks, UpdateWebhook
from trackhelm_registry.store import webhooks as store
from trackhelm_registry.store.webhooks import WebhookRow

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_STATUSES: Final = {1: WebhookStatus.ACTIVE, 2: WebhookStatus.DISABLED}


class Webhooks:
    """The webhooks of one deployment, by its settings and its keys."""

    def __init__(self, configuration: WebhookConfiguration) -> None:
        self._settings = configuration.settings
        self._secrets = configuration.secrets

    def create(self, session: Session, asked: CreateWebhook, cause: Cause) -> WebhookRow:
        """Create a webhook."""
        if store.count_webhooks(session) >= WEBHOOKS:
            raise InvalidParameterError(f"There are {WEBHOOKS} webhooks, and there may be no more.")
        events = [*parse_events(asked.events), *parse_run_events(asked.run_events)]
        uuid = new_webhook_id()
        values = {
            "uuid": uuid,
            "name": _checked_name(asked.name),
            "url": check_url(asked.url, self._settings),
            "description": _checked_description(asked.description),
            "secret": self._sealed(asked.secret),
            "status": _status(asked.status) or WebhookStatus.ACTIVE,
            "creation_time": cause.time,
            "last_update_time": cause.time,
        }
        store.insert_webhook(session, values, _checked_events(events))
        created = found_webhook(session, uuid)
        record(session, Change(_entity(uuid), Action.CREATED, None, _state(created)), cause)
        return created

    def update(self, session: Session, uuid: str, asked: UpdateWebhook, cause: Cause) -> WebhookRow:
        """Change what a request gives of a webhook."""
        before = found_webhook(session, uuid, lock=True)
        values: dict[str, Any] = {"last_update_time": cause.time}
        if asked.name:
            values["name"] = _checked_name(asked.name)
        if asked.url:
            values["url"] = check_url(asked.url, self._settings)
        if asked.description is not None:
            values["description"] = _checked_description(asked.description)
        if asked.secret is not None:
            values["secret"] = self._sealed(asked.secret)
        if status := _status(asked.status):
            values["status"] = status
        events = None
        if asked.events is not None or asked.run_events is not None:
            events = _checked_events(
                [
                    *(_mlflow(before) if asked.events is None else parse_events(asked.events)),
                    *(_of_runs(before) if asked.run_events is None else parse_run_events(asked.run_events)),
                ]
            )
        store.update_webhook(session, before.id, values, events)
        after = found_webhook(session, uuid)
        state = dict(_state(after))
        if asked.secret:
            state["secret_replaced"] = True
        record(session, Change(_entity(uuid), Action.UPDATED, _state(before), state), cause)
        return after

    def _sealed(self, secret: str) -> str | None:
        """Return a secret as it is stored. An empty one is none."""
        if not secret:
            return None
        check_length(secret, "secret", WEBHOOK_SECRET_LENGTH)
        try:
            return self._secrets.seal(secret)
        except NoKeyError as error:
            raise InvalidParameterError(
                f"A webhook's secret cannot be stored: {error}. Secrets are stored encrypted, and who "
                "operates the server must give it a key; a webhook without a secret needs none."
            ) from error


def delete(session: Session, uuid: str, cause: Cause) -> None:
    """Delete a webhook; what is on its way to it is not delivered any more."""
    webhook = found_webhook(session, uuid, lock=True)
    store.delete_webhook(session, webhook.id)
    record(session, Change(_entity(uuid), Action.DELETED, _state(webhook), None), cause)


def found_webhook(session: Session, uuid: str, *, lock: bool = False) -> WebhookRow:
    """Return the webhook with a public id."""
    webhook = store.find_webhook(session, uuid, lock=lock) if is_id(uuid) else None
    if webhook is None:
        raise NotFoundError(f"Webhook with ID {cut(uuid)} not found.")
    return webhook


def is_id(text: str) -> bool:
    """Return whether a text has the form of a webhook's or delivery's id: any other is nobody's."""
    return _ID.fullmatch(text) is not None


def list_webhooks(
    session: Session, asked: ListWebhooks, *, mlflow_only: bool
) -> tuple[Sequence[WebhookRow], str]:
    """Return a page of webhooks, and the token of the next; see `store.webhook_page`."""
    limit = check_page_range(asked.max_results, WEBHOOKS_PAGE)
    request = PageRequest(query_digest("webhooks", mlflow_only), asked.page_token, limit)
    return store.webhook_page(session, request, mlflow_only=mlflow_only)


def reseal_secrets(session: Session, secrets: SecretBox) -> int:
    """Seal every stored secret with the first key, and return how many there are.

    Raises `CannotOpenError` or `NoKeyError`; then none is changed.
    """
    sealed = store.secrets_of(session)
    for webhook, secret in sealed.items():
        store.set_secret(session, webhook, secrets.reseal(secret))
    return len(sealed)


def _mlflow(webhook: WebhookRow) -> list[Event]:
    return [event for event in webhook.events if event in MLFLOW_EVENTS]


def _of_runs(webhook: WebhookRow) -> list[Event]:
    return [event for event in webhook.events if event in RUN_EVENTS]


def _checked_events(events: Sequence[Event]) -> list[Event]:
    if not events:
        raise InvalidParameterError(
            "Missing value for required parameter 'events'. "
            "A webhook needs one at least, there or in 'run_events'."
        )
    return list(dict.fromkeys(events))


def _checked_name(name: str) -> str:
    if len(name) > WEBHOOK_NAME_LENGTH or not _NAME.fullmatch(name):
        raise InvalidParameterError(
            f"Webhook name {cut(name)!r} is invalid. It must start and end with a letter or digit, and have "
            f"at most {WEBHOOK_NAME_LENGTH} letters, digits, '.', '_' and '-'."
        )
    return name


def _checked_description(description: str) -> str:
    return check_length(description, "description", WEBHOOK_DESCRIPTION_LENGTH)


def _status(asked: str | int | None) -> WebhookStatus | None:
    if asked is None:
        return None
    name = _STATUSES.get(asked) if isinstance(asked, int) else asked
    if name in list(WebhookStatus):
        return WebhookStatus(name)
    raise InvalidParameterError(
        f"Invalid value {shown(asked)} for parameter 'status' supplied: it must be one of "
        f"{', '.join(WebhookStatus)}."
    )


def _entity(uuid: str) -> Entity:
    return Entity(EntityType.WEBHOOK, uuid)


def _state(webhook: WebhookRow) -> State:
    """Return what the audit trail is told of a webhook: everything but the secret."""
    return {
        "name": webhook.name,
        "url": webhook.url,
        "description": webhook.description,
        "status": webhook.status,
        "events": [event.value for event in webhook.events],
        "signed": webhook.secret is not None,
    }
