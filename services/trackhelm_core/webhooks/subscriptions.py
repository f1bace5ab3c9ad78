"""What webhooks are called for, remembered for a moment: a change that nobody asked for costs nothing.

A process learns of a new webhook `REMEMBERED_SECONDS` after it was made at the latest, and at once if it made
the webhook itself.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models.webhooks import Webhook, WebhookEvent, WebhookStatus

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
