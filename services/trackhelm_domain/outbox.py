"""The outbox: deliveries to webhooks, written in the transaction of the change that they report.

It owns events, what webhooks subscribe to, and the statements that fill `webhook_delivery`; the registry
service sends them. Nothing here sends anything.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from threading import Lock
from typing import Any, Final

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from trackhelm_core.ids import new_webhook_id
from trackhelm_core.queue.tasks import TaskQueue, TaskRef
from trackhelm_domain.tables.webhooks import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookStatus,
)

# The events that a webhook can be called for: MLflow's own, and those of runs.


class Event(StrEnum):
    """What happened to what: `entity.action`, as the body of a delivery has them."""

    REGISTERED_MODEL_CREATED = "registered_model.created"
    MODEL_VERSION_CREATED = "model_version.created"
    MODEL_VERSION_TAG_SET = "model_version_tag.set"
    MODEL_VERSION_TAG_DELETED = "model_version_tag.deleted"
    MODEL_VERSION_ALIAS_CREATED = "model_version_alias.created"
    MODEL_VERSION_ALIAS_DELETED = "model_version_alias.deleted"
    PROMPT_CREATED = "prompt.created"
    PROMPT_VERSION_CREATED = "prompt_version.created"
    PROMPT_TAG_SET = "prompt_tag.set"
    PROMPT_TAG_DELETED = "prompt_tag.deleted"
    PROMPT_VERSION_TAG_SET = "prompt_version_tag.set"
    PROMPT_VERSION_TAG_DELETED = "prompt_version_tag.deleted"
    PROMPT_ALIAS_CREATED = "prompt_alias.created"
    PROMPT_ALIAS_DELETED = "prompt_alias.deleted"
    RUN_STARTED = "run.started"
    RUN_FINISHED = "run.finished"
    RUN_FAILED = "run.failed"
    RUN_KILLED = "run.killed"

    @property
    def entity(self) -> str:
        """What it happened to."""
        return self.partition(".")[0]

    @property
    def action(self) -> str:
        """What happened."""
        return self.partition(".")[2]


_RUN: Final = "run"

RUN_EVENTS: Final = tuple(event for event in Event if event.entity == _RUN)
"""Events that MLflow does not have: its clients do not understand them."""

MLFLOW_EVENTS: Final = tuple(event for event in Event if event.entity != _RUN)
"""Events that MLflow has, too."""


# What webhooks are called for, remembered for a moment: a change that nobody asked for costs nothing.
#
# A process learns of a new webhook `REMEMBERED_SECONDS` after it was made at the latest, and at once if it
# made the webhook itself.

REMEMBERED_SECONDS: Final = 1.0


class Subscriptions:
    """The events that any active webhook is called for, as one process knows them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._events: frozenset[str] = frozenset()
        self._known_until = float("-inf")
        self._changes = 0

    def events(self, session: Session) -> frozenset[str]:
        """Return the events, read in the session's transaction when what is remembered is too old."""
        if self._clock() < self._known_until:
            return self._events
        changes = self._changes
        begun = self._clock()
        statement = select(WebhookEvent.event).distinct()
        active = statement.join(Webhook, Webhook.id == WebhookEvent.webhook_id)
        events = frozenset(session.scalars(active.where(Webhook.status == WebhookStatus.ACTIVE)))
        with self._lock:
            # What was read before a change must not be remembered after it.
            if changes == self._changes:
                self._events, self._known_until = events, begun + REMEMBERED_SECONDS
        return events

    def forget(self) -> None:
        """Read them again when they are next asked for: a webhook was changed, and that is committed."""
        with self._lock:
            self._changes += 1
            self._known_until = float("-inf")


# The task that delivers, as those see it that send it: the registry service says what it does.

DELIVER: Final = TaskRef("trackhelm.registry.deliver", TaskQueue.WEBHOOKS)
"""Works off what waits for a webhook, whose row id it takes. Sent when the outbox got something for it."""


# The outbox: what webhooks must be told is written in the transaction of the change that they are told of.
#
# It owns the statements that fill `webhook_delivery`; the registry service works the table off. Nothing
# here sends anything.

_SUBSCRIPTIONS: Final = "subscriptions"
"""Where a session finds those of its process."""

_ANNOUNCED: Final = "announced"
"""Where a session keeps what was announced in it."""

_COLUMNS: Final = (
    WebhookDelivery.webhook_id,
    WebhookDelivery.uuid,
    WebhookDelivery.event,
    WebhookDelivery.subject,
    WebhookDelivery.body,
    WebhookDelivery.state,
    WebhookDelivery.attempts,
    WebhookDelivery.created_time,
    WebhookDelivery.due_time,
    WebhookDelivery.claimed_until,
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that happened, at `time`. Deliveries of one subject to a webhook keep their order.

    A subject is `run/` and a run's id, or `model/` and a model's name.
    """

    event: Event
    subject: str
    data: Mapping[str, Any]
    time: int


class Outbox:
    """The outbox as one process knows it, and the hook that fills it in each transaction that writes."""

    def __init__(self) -> None:
        self._subscriptions = Subscriptions()
        self._notify: Callable[[int], None] | None = None

    def notify_by(self, notify: Callable[[int], None]) -> None:
        """Have a function called with each webhook that something was put into the outbox for."""
        self._notify = notify

    def begin(self, session: Session) -> None:
        """Let what is announced in a session be compared with what webhooks are called for."""
        session.info[_SUBSCRIPTIONS] = self._subscriptions

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Put what was announced into the outbox; the caller is told of its webhooks after the commit."""
        webhooks = append_announced(session)
        return partial(self.notify, webhooks) if webhooks else None

    def notify(self, webhooks: Iterable[int]) -> None:
        """Say that something waits in the outbox for these webhooks, which is committed."""
        if self._notify is not None:
            for webhook in webhooks:
                self._notify(webhook)

    def webhooks_changed(self) -> None:
        """Read anew what webhooks are called for: one was changed, and that is committed."""
        self._subscriptions.forget()


def is_wanted(session: Session, *events: Event) -> bool:
    """Return whether any webhook is called for one of the events, as far as this process knows.

    Whoever must look something up before it can announce asks this first.
    """
    subscriptions: Subscriptions = session.info[_SUBSCRIPTIONS]
    return not subscriptions.events(session).isdisjoint(events)


def announce(session: Session, announcement: Announcement) -> None:
    """Note what happened; `Database.writing` puts it into the outbox before it commits."""
    if is_wanted(session, announcement.event):
        session.info.setdefault(_ANNOUNCED, []).append(announcement)


def append_announced(session: Session) -> Sequence[int]:
    """Put what was announced in a session into the outbox, and return the webhooks it waits for.

    Which webhooks those are is decided here, by the rows, whatever this process remembers of them.
    """
    announced: list[Announcement] = session.info.pop(_ANNOUNCED, [])
    webhooks = {webhook for announcement in announced for webhook in _append(session, announcement)}
    return sorted(webhooks)


def body_of(event: Event, data: Mapping[str, Any], time: int) -> str:
    """Return the body that a webhook gets: JSON in MLflow's form. `time` is milliseconds since the epoch."""
    moment = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"entity": event.entity, "action": event.action, "timestamp": moment, "data": data})


def _append(session: Session, announcement: Announcement) -> Sequence[int]:
    body = body_of(announcement.event, announcement.data, announcement.time)
    # One id for all webhooks: whoever is called through two of them can tell that it is one event.
    uuid = new_webhook_id()
    values = (uuid, announcement.event.value, announcement.subject, body, DeliveryState.WAITING.value)
    times = (announcement.time, announcement.time, 0)
    rows = (
        select(Webhook.id, *map(literal, values), literal(0), *map(literal, times))
        .join(WebhookEvent, WebhookEvent.webhook_id == Webhook.id)
        .where(WebhookEvent.event == announcement.event.value, Webhook.status == WebhookStatus.ACTIVE)
        .order_by(Webhook.id)
        # A webhook that is deleted just now is waited for and then left out; without, its row would be missed
        # when the database checks what the delivery refers to, and the change itself would fail.
        .with_for_update(read=True, key_share=True, of=Webhook)
    )
    statement = insert(WebhookDelivery).from_select(_COLUMNS, rows).returning(WebhookDelivery.webhook_id)
    return session.scalars(statement).all()
