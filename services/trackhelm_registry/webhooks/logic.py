"""Rules about webhooks: their names, addresses, events and secrets, their deliveries, and test calls."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.ids import new_webhook_id
from trackhelm_core.limits import (
    WEBHOOK_DESCRIPTION_LENGTH,
    WEBHOOK_NAME_LENGTH,
    WEBHOOK_SECRET_LENGTH,
    WEBHOOK_URL_LENGTH,
    WEBHOOKS,
    WEBHOOKS_PAGE,
)
from trackhelm_core.search.pages import PageRequest, query_digest
from trackhelm_core.security.sealing import NoKeyError, SecretBox
from trackhelm_core.settings import WebhookSettings
from trackhelm_core.validation import check_length, check_page_range, check_page_size
from trackhelm_core.wire.arguments import cut, invalid_value, quoted, shown
from trackhelm_domain.access.checks import here
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.gone_workspaces import hold_workspace
from trackhelm_domain.outbox import MLFLOW_EVENTS, RUN_EVENTS, WORKSPACE_EVENTS, Event, body_of
from trackhelm_domain.quotas.usage import Stock, note_use
from trackhelm_domain.tables.webhooks import DeliveryState, WebhookStatus
from trackhelm_registry.webhooks import store
from trackhelm_registry.webhooks.delivery import sending
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.delivery.sending import Message
from trackhelm_registry.webhooks.schemas import (
    AskedEvent,
    CreateWebhook,
    Delivery,
    EventMessage,
    FoundDeliveries,
    ListDeliveries,
    ListWebhooks,
    TestWebhook,
    UpdateWebhook,
    WebhookMessage,
)
from trackhelm_registry.webhooks.store import StoredDelivery, WebhookRow

# Names of events in requests and answers: MLflow's as in its protobuf, those of runs as one word.

_ENTITIES: Final = (
    *("REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT"),
    *("PROMPT_VERSION", "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS"),
)
_ACTIONS: Final = ("CREATED", "UPDATED", "DELETED", "SET")
_ENTITY_NUMBERS: Final = dict(enumerate(_ENTITIES, 1))
_ACTION_NUMBERS: Final = dict(enumerate(_ACTIONS, 1))

_BY_NAMES: Final = {(event.entity.upper(), event.action.upper()): event for event in MLFLOW_EVENTS}
_BY_RUN_NAME: Final = {event.action.upper(): event for event in RUN_EVENTS}
_BY_WORKSPACE_NAME: Final = {event.action.upper(): event for event in WORKSPACE_EVENTS}


def parse_events(asked: Iterable[AskedEvent]) -> list[Event]:
    """Return the events of MLflow that a request names."""
    return [_parse(event) for event in asked]


def parse_run_events(asked: Iterable[str]) -> list[Event]:
    """Return the events of runs that a request names."""
    return [_parse_own(name, "run_events", _BY_RUN_NAME) for name in asked]


def parse_workspace_events(asked: Iterable[str]) -> list[Event]:
    """Return the events of workspaces that a request names."""
    return [_parse_own(name, "workspace_events", _BY_WORKSPACE_NAME) for name in asked]


def _parse(asked: AskedEvent) -> Event:
    names = (_name(asked.entity, _ENTITY_NUMBERS), _name(asked.action, _ACTION_NUMBERS))
    if event := _BY_NAMES.get(names):
        return event
    allowed = ", ".join(f"{entity} {action}" for entity, action in _BY_NAMES)
    reason = (
        f"it must be one of {allowed}; events of runs are named in 'run_events', those of workspaces in "
        "'workspace_events'"
    )
    entity, action = names
    if entity in _ENTITIES and action in _ACTIONS:
        raise InvalidParameterError(
            f"Invalid action '{action.lower()}' for entity '{entity.lower()}' in 'events': {reason}."
        )
    raise invalid_value(list(names), "events", reason)


def _parse_own(name: str, field: str, names: Mapping[str, Event]) -> Event:
    if event := names.get(name):
        return event
    raise invalid_value(name, field, f"it must be one of {', '.join(names)}")


def _name(asked: str | int, numbers: Mapping[int, str]) -> str:
    return numbers.get(asked, str(asked)) if isinstance(asked, int) else asked


# The URLs that a webhook may have. The addresses of a host name are checked whenever it is called.

# Printable ASCII without space, so that nothing can end a line of the request.
_CHARACTERS: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\]")


def check_url(url: str, settings: WebhookSettings) -> str:
    """Refuse a URL that a webhook may not have."""
    check_length(url, "url", WEBHOOK_URL_LENGTH)
    if not url.strip():
        raise InvalidParameterError(f"Webhook URL cannot be empty or just whitespace: {quoted(url)}.")
    if not _CHARACTERS.fullmatch(url):
        raise invalid_value(
            url, "url", "it must be printable ASCII without spaces; other characters are percent-encoded"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidParameterError(f"Invalid webhook URL {quoted(url)}: {error}.") from error
    schemes = ("https", "http") if settings.webhook_allow_http else ("https",)
    if parts.scheme not in schemes:
        also = "" if settings.webhook_allow_http else " (http if TRACKHELM_WEBHOOK_ALLOW_HTTP is set)"
        raise InvalidParameterError(
            f"Invalid webhook URL scheme: {quoted(parts.scheme)}. It must be {' or '.join(schemes)}{also}."
        )
    if parts.username is not None or parts.password is not None:
        raise invalid_value(
            url, "url", "it must not hold a user or password, which everybody could read: use 'secret'"
        )
    netloc = parts.netloc.removesuffix(f":{port}")
    if not host:
        raise InvalidParameterError(f"Webhook URL must include a hostname: {quoted(url)}.")
    if not _HOST.fullmatch(netloc) or port == 0:
        raise invalid_value(url, "url", "it must have a host, and a port from 1 to 65535 if any")
    _check_literal(url, host, settings)
    return url


def _check_literal(url: str, host: str, settings: WebhookSettings) -> None:
    """Refuse an address that will never be called, so that the error reaches the client that sent it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    try:
        sending.check(address, settings.private_networks, host)
    except sending.AddressError as error:
        message = f"Webhook URL must not resolve to a non-public IP address: {error}."
        raise InvalidParameterError(message) from error


# Webhooks and the audit events of their changes.

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_STATUSES: Final = {1: WebhookStatus.ACTIVE, 2: WebhookStatus.DISABLED}


class Webhooks:
    """The webhooks of one deployment, with its settings and keys."""

    def __init__(self, configuration: WebhookConfiguration) -> None:
        self._settings = configuration.settings
        self._secrets = configuration.secrets

    def create(self, session: Session, asked: CreateWebhook, context: AuditContext) -> WebhookRow:
        """Create a webhook."""
        hold_workspace(session)
        if store.count_webhooks(session) >= WEBHOOKS:
            raise InvalidParameterError(f"There are {WEBHOOKS} webhooks, and there may be no more.")
        events = [
            *parse_events(asked.events),
            *parse_run_events(asked.run_events),
            *parse_workspace_events(asked.workspace_events),
        ]
        uuid = new_webhook_id()
        values = {
            "uuid": uuid,
            "name": _checked_name(asked.name),
            "url": check_url(asked.url, self._settings),
            "description": _checked_description(asked.description),
            "secret": self._sealed(asked.secret),
            "status": _status(asked.status) or WebhookStatus.ACTIVE,
            "creation_time": context.time,
            "last_update_time": context.time,
        }
        store.insert_webhook(session, values, _checked_events(events))
        note_use(session, here(), Stock.WEBHOOKS)
        created = found_webhook(session, uuid)
        record(session, Change(_entity(uuid), Action.CREATED, None, _state(created)), context)
        return created

    def update(self, session: Session, uuid: str, asked: UpdateWebhook, context: AuditContext) -> WebhookRow:
        """Change those attributes of a webhook that a request contains."""
        before = found_webhook(session, uuid, lock=True)
        values: dict[str, Any] = {"last_update_time": context.time}
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
        parts: tuple[tuple[Any, Callable[[Any], list[Event]], Sequence[Event]], ...] = (
            (asked.events, parse_events, MLFLOW_EVENTS),
            (asked.run_events, parse_run_events, RUN_EVENTS),
            (asked.workspace_events, parse_workspace_events, WORKSPACE_EVENTS),
        )
        if any(given is not None for given, _, _ in parts):
            chosen = [_of(before, kind) if given is None else parse(given) for given, parse, kind in parts]
            events = _checked_events([event for part in chosen for event in part])
        store.update_webhook(session, before.id, values, events)
        after = found_webhook(session, uuid)
        state = dict(_state(after))
        if asked.secret:
            state["secret_replaced"] = True
        record(session, Change(_entity(uuid), Action.UPDATED, _state(before), state), context)
        return after

    def _sealed(self, secret: str) -> str | None:
        """Return a secret in the form in which it is stored; None for an empty one."""
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


def delete(session: Session, uuid: str, context: AuditContext) -> None:
    """Delete a webhook; its pending deliveries are dropped."""
    webhook = found_webhook(session, uuid, lock=True)
    store.delete_webhook(session, webhook.id)
    record(session, Change(_entity(uuid), Action.DELETED, _state(webhook), None), context)


def found_webhook(session: Session, uuid: str, *, lock: bool = False) -> WebhookRow:
    """Return the webhook with a public id."""
    webhook = store.find_webhook(session, uuid, lock=lock) if is_id(uuid) else None
    if webhook is None:
        raise NotFoundError(f"Webhook with ID {cut(uuid)} not found.")
    return webhook


def is_id(text: str) -> bool:
    """Return whether a text has the form of a webhook's or delivery's id."""
    return _ID.fullmatch(text) is not None


def list_webhooks(
    session: Session, asked: ListWebhooks, *, mlflow_only: bool
) -> tuple[Sequence[WebhookRow], str]:
    """Return a page of webhooks, and the token of the next page; see `store.webhook_page`."""
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
            EventMessage(event.entity.upper(), event.action.upper()) for event in _of(webhook, MLFLOW_EVENTS)
        ),
        run_events=tuple(event.action.upper() for event in _of(webhook, RUN_EVENTS)),
        workspace_events=tuple(event.action.upper() for event in _of(webhook, WORKSPACE_EVENTS)),
        description=webhook.description,
    )


def _of(webhook: WebhookRow, kind: Sequence[Event]) -> list[Event]:
    return [event for event in webhook.events if event in kind]


def _checked_events(events: Sequence[Event]) -> list[Event]:
    if not events:
        raise InvalidParameterError(
            "Missing value for required parameter 'events'. "
            "A webhook needs one at least, there or in 'run_events' or 'workspace_events'."
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
    """Return the state of a webhook for the audit trail: everything but the secret."""
    return {
        "name": webhook.name,
        "url": webhook.url,
        "description": webhook.description,
        "status": webhook.status,
        "events": [event.value for event in webhook.events],
        "signed": webhook.secret is not None,
    }


# Deliveries: listing them, and sending them again.


def list_deliveries(session: Session, webhook: str, asked: ListDeliveries) -> FoundDeliveries:
    """Return a page of a webhook's deliveries, the newest first."""
    row = found_webhook(session, webhook)
    limit = check_page_size(asked.max_results, WEBHOOKS_PAGE)
    request = PageRequest(query_digest("deliveries", webhook, asked.state), asked.page_token, limit)
    page = store.delivery_page(session, row.id, asked.state, request)
    return FoundDeliveries(tuple(map(delivery_message, page.rows)), page.next_token)


def resend(session: Session, webhook: str, delivery: str, now: int) -> int:
    """Make a delivery due now, in whatever state it is, and return the webhook's row id."""
    row = found_webhook(session, webhook)
    found = store.find_deliveries(session, delivery, row.id) if is_id(delivery) else []
    if not found:
        raise NotFoundError(f"Delivery with ID {shown(delivery)} of webhook {shown(webhook)} not found.")
    store.resend(session, found, now)
    return row.id


def delivery_message(row: StoredDelivery) -> Delivery:
    """Return the message of a delivery."""
    return Delivery(
        delivery_id=row.uuid,
        webhook_id=row.webhook_uuid,
        event=row.event,
        subject=row.subject,
        state=row.state,
        attempts=row.attempts,
        created_time=row.created_time,
        # The text is JSON already and is answered as it is sent to the webhook.
        body=msgspec.Raw(row.body.encode()),
        due_time=row.due_time if row.state == DeliveryState.WAITING else None,
        settled_time=row.settled_time,
        response_status=row.response_status,
        error=row.error,
    )


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

_POD: Final = {
    "reason": "OOMKilled",
    "message": "Container train used more memory than its limit of 4Gi.",
    "exit_code": 137,
    "deleted_by": None,
    "namespace": "training",
    "pod": "train-5d2xk",
    "container": "train",
    "node": "gpu-7",
    "job": "train",
}
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
    Event.RUN_POD_ENDED: {**_RUN, **_ENDED, **_POD, "status": "FAILED"},
    Event.WORKSPACE_QUOTA_NEARLY_USED: {"workspace": "team-a", "quota": "runs", "used": 80, "limit": 100},
}


def test_message(webhook: WebhookRow, asked: TestWebhook, now: int) -> Message:
    """Return the message that tests a webhook: of the requested event, or of the webhook's first."""
    event = _event(webhook, asked)
    return Message(new_webhook_id(), body_of(event, EXAMPLES[event], now), webhook.url, webhook.secret)


def _event(webhook: WebhookRow, asked: TestWebhook) -> Event:
    named = [name for name in ("event", "run_event", "workspace_event") if getattr(asked, name)]
    if len(named) > 1:
        raise InvalidParameterError(
            f"'{named[0]}' and '{named[1]}' are both given, and only one of them may be."
        )
    if asked.event is not None:
        return parse_events([asked.event])[0]
    if asked.run_event:
        return parse_run_events([asked.run_event])[0]
    if asked.workspace_event:
        return parse_workspace_events([asked.workspace_event])[0]
    return webhook.events[0]
