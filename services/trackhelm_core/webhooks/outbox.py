"""The outbox: what webhooks must be told is written in the transaction of the change that they are told of.

It owns the statements that fill `webhook_delivery`; the registry service works the table off. Nothing here
sends anything.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models.webhooks import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookStatus,
)
from trackhelm_core.ids import new_webhook_id
from trackhelm_core.webhooks.events import Event
from trackhelm_core.webhooks.subscriptions import Subscriptions

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
