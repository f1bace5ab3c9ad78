"""Statements about webhooks themselves."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.models.webhooks import Webhook, WebhookEvent
from trackhelm_core.search.keyset import PageRequest, SortColumn, read_page
from trackhelm_core.webhooks.events import MLFLOW_EVENTS, Event

_NEWEST_FIRST: Final = (SortColumn(Webhook.id, descending=True),)


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook with its events; `secret` is sealed."""

    id: int
    uuid: str
    name: str
    url: str
    description: str
    secret: str | None
    status: str
    creation_time: int
    last_update_time: int
    events: tuple[Event, ...]


def count_webhooks(session: Session) -> int:
    """Return how many there are."""
    return session.execute(select(func.count()).select_from(Webhook)).scalar_one()


def insert_webhook(session: Session, values: dict[str, Any], events: Collection[Event]) -> None:
    """Insert a webhook and its events."""
    webhook = session.execute(insert(Webhook).values(**values).returning(Webhook.id)).scalar_one()
    _insert_events(session, webhook, events)


def update_webhook(
    session: Session, webhook: int, values: dict[str, Any], events: Collection[Event] | None
) -> None:
    """Set columns of a webhook, and its events where they are given."""
    session.execute(update(Webhook).where(Webhook.id == webhook).values(**values))
    if events is not None:
        session.execute(delete(WebhookEvent).where(WebhookEvent.webhook_id == webhook))
        _insert_events(session, webhook, events)


def delete_webhook(session: Session, webhook: int) -> None:
    """Delete a webhook with everything that is or was on its way to it."""
    session.execute(delete(Webhook).where(Webhook.id == webhook))


def find_webhook(session: Session, uuid: str, *, lock: bool = False) -> WebhookRow | None:
    """Return a webhook, locked against other changes if asked for; None if there is none."""
    statement = select(Webhook.__table__).where(Webhook.uuid == uuid)
    if lock:
        statement = statement.with_for_update()
    return next(iter(_with_events(session, session.execute(statement).all())), None)


def webhook_page(
    session: Session, page: PageRequest, *, mlflow_only: bool
) -> tuple[Sequence[WebhookRow], str]:
    """Return a page of webhooks, the newest first, and the token of the next.

    `mlflow_only` leaves out those that are called for nothing but events that MLflow does not have.
    """
    statement = select(Webhook.__table__)
    if mlflow_only:
        statement = statement.where(
            exists().where(WebhookEvent.webhook_id == Webhook.id, WebhookEvent.event.in_(MLFLOW_EVENTS))
        )
    found = read_page(session, statement, _NEWEST_FIRST, page)
    return _with_events(session, found.rows), found.next_token


def secrets_of(session: Session) -> dict[int, str]:
    """Return the sealed secret of each webhook that has one, by row id, locked against other changes."""
    statement = select(Webhook.id, Webhook.secret).where(Webhook.secret.is_not(None)).order_by(Webhook.id)
    return {webhook: secret for webhook, secret in session.execute(statement.with_for_update()) if secret}


def set_secret(session: Session, webhook: int, sealed: str) -> None:
    """Replace a sealed secret."""
    session.execute(update(Webhook).where(Webhook.id == webhook).values(secret=sealed))


def _insert_events(session: Session, webhook: int, events: Iterable[Event]) -> None:
    rows = [{"webhook_id": webhook, "event": event.value} for event in events]
    session.execute(insert(WebhookEvent), rows)


def _with_events(session: Session, rows: Sequence[Any]) -> list[WebhookRow]:
    if not rows:
        return []
    statement = select(WebhookEvent.webhook_id, WebhookEvent.event).where(
        WebhookEvent.webhook_id.in_([row.id for row in rows])
    )
    events: dict[int, set[str]] = {}
    for webhook, event in session.execute(statement):
        events.setdefault(webhook, set()).add(event)
    return [
        WebhookRow(
            id=row.id,
            uuid=row.uuid,
            name=row.name,
            url=row.url,
            description=row.description,
            secret=row.secret,
            status=row.status,
            creation_time=row.creation_time,
            last_update_time=row.last_update_time,
            # In the order of the list of events, whatever order they were given in.
            events=tuple(event for event in Event if event.value in events.get(row.id, ())),
        )
        for row in rows
    ]
