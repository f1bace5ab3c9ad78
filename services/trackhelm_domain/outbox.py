"""The outbox: deliveries to webhooks, written in the transaction of the change that they report.

Owns the events, the cache of the events that webhooks subscribe to, and the statements that fill
`webhook_delivery`. Must not send anything: the registry service delivers.
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

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, current_access
from trackhelm_core.ids import new_webhook_id
from trackhelm_core.queue.tasks import TaskQueue, TaskRef
from trackhelm_domain.tables.runs import Experiment
from trackhelm_domain.tables.webhooks import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookStatus,
)

# The events to which a webhook can subscribe: MLflow's own, and those of runs.


class Event(StrEnum):
    """An event, `entity.action`: the two parts are in the body of a delivery."""

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
    RUN_POD_ENDED = "run.pod_ended"
    WORKSPACE_QUOTA_NEARLY_USED = "workspace.quota_nearly_used"

    @property
    def entity(self) -> str:
        """The kind of entity to which it happened."""
        return self.partition(".")[0]

    @property
    def action(self) -> str:
        """What happened."""
        return self.partition(".")[2]


# MLflow does not have these events, and its clients do not understand them.
RUN_EVENTS: Final = tuple(event for event in Event if event.entity == "run")
WORKSPACE_EVENTS: Final = tuple(event for event in Event if event.entity == "workspace")

MLFLOW_EVENTS: Final = tuple(event for event in Event if event not in {*RUN_EVENTS, *WORKSPACE_EVENTS})
"""Events that MLflow has, too."""


# A short-lived cache of the events that webhooks subscribe to, so that a change without a webhook costs
# nothing.
#
# A process notices a new webhook at most `REMEMBERED_SECONDS` after it was made, and at once if the process
# made it itself.

REMEMBERED_SECONDS: Final = 1.0


class Subscriptions:
    """The events to which any active webhook subscribes, as cached in one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._events: frozenset[str] = frozenset()
        self._known_until = float("-inf")
        self._changes = 0

    def events(self, session: Session) -> frozenset[str]:
        """Return the events; they are read in the session's transaction if the cache is too old."""
        if self._clock() < self._known_until:
            return self._events
        changes = self._changes
        begun = self._clock()
        statement = select(WebhookEvent.event).distinct()
        active = statement.join(Webhook, Webhook.id == WebhookEvent.webhook_id)
        events = frozenset(session.scalars(active.where(Webhook.status == WebhookStatus.ACTIVE)))
        with self._lock:
            # Events that were read before a change must not be cached after it.
            if changes == self._changes:
                self._events, self._known_until = events, begun + REMEMBERED_SECONDS
        return events

    def forget(self) -> None:
        """Clear the cache, after a change of a webhook has been committed."""
        with self._lock:
            self._changes += 1
            self._known_until = float("-inf")


# The task that delivers, for its senders; the registry service implements it.

DELIVER: Final = TaskRef("trackhelm.registry.deliver", TaskQueue.WEBHOOKS)
"""Delivers what waits for a webhook, whose row id is the argument. It is sent after a commit that added
a delivery for the webhook."""


_SUBSCRIPTIONS: Final = "subscriptions"
"""The key in `Session.info` under which the process's subscriptions are kept."""

_ANNOUNCED: Final = "announced"
"""The key in `Session.info` under which the session's announcements are kept."""

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
    """An event that happened at `time`. Deliveries of one subject to one webhook keep their order.

    A subject is `run/` and a run's id, `model/` and a model's name, or `workspace/` and a workspace's name.
    """

    event: Event
    subject: str
    data: Mapping[str, Any]
    time: int
    workspace_id: int | None = None
    """The workspace in which it happened, where that is not the request's."""


class Outbox:
    """The outbox of one process: the hook that fills the table in each transaction that writes."""

    def __init__(self) -> None:
        self._subscriptions = Subscriptions()
        self._notify: Callable[[int], None] | None = None

    def notify_by(self, notify: Callable[[int], None]) -> None:
        """Set the function that is called with each webhook for which a delivery was committed."""
        self._notify = notify

    def begin(self, session: Session) -> None:
        """Give a session the subscriptions with which its announcements are compared."""
        session.info[_SUBSCRIPTIONS] = self._subscriptions

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Write the announcements to the outbox; after the commit their webhooks are notified."""
        webhooks = append_announced(session)
        return partial(self.notify, webhooks) if webhooks else None

    def notify(self, webhooks: Iterable[int]) -> None:
        """Notify these webhooks' senders that committed deliveries wait in the outbox."""
        if self._notify is not None:
            for webhook in webhooks:
                self._notify(webhook)

    def webhooks_changed(self) -> None:
        """Clear the cache of subscriptions, after a change of a webhook has been committed."""
        self._subscriptions.forget()


def is_wanted(session: Session, *events: Event) -> bool:
    """Return whether any webhook subscribes to one of the events, as far as this process knows.

    A caller that must look something up before it can announce an event checks this first.
    """
    subscriptions: Subscriptions = session.info[_SUBSCRIPTIONS]
    return not subscriptions.events(session).isdisjoint(events)


def announce(session: Session, announcement: Announcement) -> None:
    """Note an event; `Database.writing` writes it to the outbox before it commits."""
    if is_wanted(session, announcement.event):
        session.info.setdefault(_ANNOUNCED, []).append(announcement)


def append_announced(session: Session) -> Sequence[int]:
    """Write a session's announcements to the outbox, and return the webhooks with new deliveries.

    The webhooks are read from their rows here, not from the cache.
    """
    announced: list[Announcement] = session.info.pop(_ANNOUNCED, [])
    webhooks = {webhook for announcement in announced for webhook in _append(session, announcement)}
    return sorted(webhooks)


def body_of(event: Event, data: Mapping[str, Any], time: int) -> str:
    """Return the body of a delivery: JSON in MLflow's form. `time` is in milliseconds since the epoch."""
    moment = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"entity": event.entity, "action": event.action, "timestamp": moment, "data": data})


def _workspace(session: Session, announcement: Announcement) -> int:
    """Return the workspace of an event: that of the request, or of the run that a program ends."""
    found = announcement.workspace_id or current_access().workspace_id
    if found is None and (experiment := announcement.data.get("experiment_id")):
        found = session.scalar(select(Experiment.workspace_id).where(Experiment.id == int(experiment)))
    return DEFAULT_WORKSPACE_ID if found is None else found


def _append(session: Session, announcement: Announcement) -> Sequence[int]:
    body = body_of(announcement.event, announcement.data, announcement.time)
    # One id for all webhooks, so that a receiver of two of them can tell that it is the same event.
    uuid = new_webhook_id()
    values = (uuid, announcement.event.value, announcement.subject, body, DeliveryState.WAITING.value)
    times = (announcement.time, announcement.time, 0)
    rows = (
        select(Webhook.id, *map(literal, values), literal(0), *map(literal, times))
        .join(WebhookEvent, WebhookEvent.webhook_id == Webhook.id)
        .where(
            Webhook.workspace_id == _workspace(session, announcement),
            WebhookEvent.event == announcement.event.value,
            Webhook.status == WebhookStatus.ACTIVE,
        )
        .order_by(Webhook.id)
        # The lock waits for a webhook that is just being deleted, and then leaves it out. Without the lock,
        # the foreign key of the delivery would be violated, and the change itself would fail.
        .with_for_update(read=True, key_share=True, of=Webhook)
    )
    statement = insert(WebhookDelivery).from_select(_COLUMNS, rows).returning(WebhookDelivery.webhook_id)
    return session.scalars(statement).all()
