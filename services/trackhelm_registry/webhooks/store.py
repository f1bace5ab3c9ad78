"""Statements about webhooks and their deliveries: claiming the next one, settling it, and listing them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from trackhelm_core.access import current_access
from trackhelm_core.search.pages import Page, PageRequest, SortColumn, read_page
from trackhelm_domain.access.checks import here
from trackhelm_domain.outbox import MLFLOW_EVENTS, Event
from trackhelm_domain.tables.webhooks import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookStatus,
)
from trackhelm_registry.webhooks.delivery.sending import Message

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
    """Return the number of webhooks in the workspace."""
    statement = select(func.count()).select_from(Webhook)
    return session.execute(statement.where(*_of_workspace())).scalar_one()


def _of_workspace() -> list[ColumnElement[bool]]:
    """Return the conditions that the request may see a webhook; a program of the server sees all."""
    return [] if current_access().workspace_id is None else [Webhook.workspace_id == here()]


def insert_webhook(session: Session, values: dict[str, Any], events: Collection[Event]) -> None:
    """Insert a webhook and its events."""
    webhook = session.execute(
        insert(Webhook).values(**values, workspace_id=here()).returning(Webhook.id)
    ).scalar_one()
    _insert_events(session, webhook, events)


def update_webhook(
    session: Session, webhook: int, values: dict[str, Any], events: Collection[Event] | None
) -> None:
    """Set columns of a webhook, and its events if they are given."""
    session.execute(update(Webhook).where(Webhook.id == webhook).values(**values))
    if events is not None:
        session.execute(delete(WebhookEvent).where(WebhookEvent.webhook_id == webhook))
        _insert_events(session, webhook, events)


def delete_webhook(session: Session, webhook: int) -> None:
    """Delete a webhook with all of its deliveries."""
    session.execute(delete(Webhook).where(Webhook.id == webhook))


def find_webhook(session: Session, uuid: str, *, lock: bool = False) -> WebhookRow | None:
    """Return a webhook, locked against other changes if `lock`; None if there is none."""
    statement = select(Webhook.__table__).where(Webhook.uuid == uuid, *_of_workspace())
    if lock:
        statement = statement.with_for_update()
    return next(iter(_with_events(session, session.execute(statement).all())), None)


def all_uuids(session: Session) -> Sequence[str]:
    """Return the public ids of all webhooks of the workspace."""
    return session.scalars(select(Webhook.uuid).where(*_of_workspace()).order_by(Webhook.id)).all()


def webhook_page(
    session: Session, page: PageRequest, *, mlflow_only: bool
) -> tuple[Sequence[WebhookRow], str]:
    """Return a page of webhooks, the newest first, and the token of the next page.

    `mlflow_only` leaves out those that are called only for events that MLflow does not have.
    """
    statement = select(Webhook.__table__).where(*_of_workspace())
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
            # They are in the order of `Event`, not in that in which they were given.
            events=tuple(event for event in Event if event.value in events.get(row.id, ())),
        )
        for row in rows
    ]


_NEWEST_DELIVERY_FIRST: Final = (SortColumn(WebhookDelivery.id, descending=True),)
_AT_ONCE: Final = 5_000
# The value is written out, because a database uses the partial indexes of waiting deliveries only if it knows
# it.
_WAITING: Final = WebhookDelivery.state == literal_column("'WAITING'")
_CLAIMED: Final = WebhookDelivery.claimed_until > literal_column("0")
_DELIVERED: Final = WebhookDelivery.state == literal_column("'DELIVERED'")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim needs: the time now, when the claim expires, and how many a webhook may have at once."""

    now: int
    until: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that was claimed for an attempt until `until`."""

    id: int
    webhook: int
    subject: str
    attempts: int
    until: int
    message: Message


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an attempt. Without a `retry_time` the delivery is settled: dead if it has an error."""

    time: int
    status: int | None
    error: str | None
    retry_time: int | None


def claim(session: Session, webhook: int, wish: Claim) -> Claimed | None:
    """Claim the delivery of a webhook that has been due for the longest time.

    Returns None if none is due, or enough are claimed. Of each subject, only the oldest waiting delivery can
    be claimed, and none while another of the subject is claimed: the deliveries of a subject are attempted
    one at a time and in their order.
    """
    owner = _owner(webhook).where(Webhook.status == WebhookStatus.ACTIVE)
    found = session.execute(owner).one_or_none()
    if found is None or _claimed(session, webhook, wish.now) >= wish.lanes:
        return None
    row = session.execute(_next(webhook, wish.now)).one_or_none()
    if row is None:
        return None
    attempts = row.attempts + 1
    values = {"attempts": attempts, "claimed_until": wish.until}
    session.execute(update(WebhookDelivery).where(WebhookDelivery.id == row.id).values(values))
    message = Message(row.uuid, row.body, found.url, found.secret)
    return Claimed(row.id, webhook, row.subject, attempts, wish.until, message)


def settle(session: Session, claimed: Claimed, result: Result) -> None:
    """Store the result of a claimed delivery, except a failure of one that another has claimed meanwhile."""
    session.execute(_owner(claimed.webhook))
    own = [WebhookDelivery.id == claimed.id, _WAITING]
    values: dict[str, Any] = {"response_status": result.status, "error": result.error}
    if result.error is None:
        values |= {"state": DeliveryState.DELIVERED, "settled_time": result.time}
    else:
        own.append(WebhookDelivery.claimed_until == claimed.until)
        if result.retry_time is None:
            values |= {"state": DeliveryState.DEAD, "settled_time": result.time}
    changed = session.execute(update(WebhookDelivery).where(*own).values(claimed_until=0, **values))
    assert isinstance(changed, CursorResult)
    if changed.rowcount and result.retry_time is not None:
        # The deliveries after it wait as long: if they were found due, each claim would have to skip all of
        # them.
        same = (WebhookDelivery.webhook_id == claimed.webhook, WebhookDelivery.subject == claimed.subject)
        session.execute(update(WebhookDelivery).where(*same, _WAITING).values(due_time=result.retry_time))


def _owner(webhook: int) -> Select[str, str | None]:
    """Return the SELECT of a webhook that locks it, so that claims run one after the other.

    The outbox may still refer to the webhook meanwhile. Every change of a webhook's deliveries takes this
    lock first, as the deletion of the webhook does.
    """
    return select(Webhook.url, Webhook.secret).where(Webhook.id == webhook).with_for_update(key_share=True)


def due_webhooks(session: Session, now: int) -> list[int]:
    """Return the active webhooks that have due deliveries which are not claimed."""
    delivery = WebhookDelivery
    due = exists().where(
        delivery.webhook_id == Webhook.id, _WAITING, delivery.due_time <= now, delivery.claimed_until <= now
    )
    return list(session.scalars(select(Webhook.id).where(Webhook.status == WebhookStatus.ACTIVE, due)))


def purge_delivered(session: Session, before: int) -> None:
    """Delete a batch of the deliveries that succeeded before a time, the oldest first."""
    old = (
        select(WebhookDelivery.id)
        .where(_DELIVERED, WebhookDelivery.settled_time < before)
        .order_by(WebhookDelivery.settled_time)
        .limit(_AT_ONCE)
    )
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(old)))


class StoredDelivery(NamedTuple):
    """A delivery as it is stored. The body is JSON."""

    uuid: str
    webhook_uuid: str
    event: str
    subject: str
    body: str
    state: str
    attempts: int
    created_time: int
    due_time: int
    settled_time: int | None
    response_status: int | None
    error: str | None


def delivery_page(
    session: Session, webhook: int | None, state: DeliveryState | None, page: PageRequest
) -> Page[StoredDelivery]:
    """Return a page of the deliveries of a webhook, or of all, the newest first."""
    statement = select(WebhookDelivery.__table__, Webhook.uuid.label("webhook_uuid")).join(
        Webhook, Webhook.id == WebhookDelivery.webhook_id
    )
    statement = statement.where(*_of_workspace())
    if webhook is not None:
        statement = statement.where(WebhookDelivery.webhook_id == webhook)
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    found = read_page(session, statement, _NEWEST_DELIVERY_FIRST, page)
    names = StoredDelivery._fields
    return found.of(lambda row: StoredDelivery(**{name: getattr(row, name) for name in names}))


def find_deliveries(session: Session, uuid: str, webhook: int | None = None) -> list[int]:
    """Return the row ids of the deliveries with an id, and lock them: an event may go to several webhooks."""
    return _locked(session, WebhookDelivery.uuid == uuid, webhook)


def dead_deliveries(session: Session, webhook: int | None = None) -> list[int]:
    """Return the row ids of dead letters, and lock them."""
    return _locked(session, WebhookDelivery.state == DeliveryState.DEAD, webhook)


def resend(session: Session, deliveries: Sequence[int], now: int) -> None:
    """Make deliveries due now. Those that were settled get all their attempts again."""
    again = {"state": DeliveryState.WAITING, "attempts": 0, "settled_time": None}
    for ids in _parts(deliveries):
        chosen = WebhookDelivery.id.in_(ids)
        session.execute(update(WebhookDelivery).where(chosen, ~_WAITING).values(again))
        session.execute(update(WebhookDelivery).where(chosen, _WAITING).values(due_time=now))


def drop(session: Session, deliveries: Sequence[int]) -> None:
    """Delete deliveries."""
    for ids in _parts(deliveries):
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)))


def _locked(session: Session, condition: ColumnElement[bool], webhook: int | None) -> list[int]:
    chosen = [condition] if webhook is None else [condition, WebhookDelivery.webhook_id == webhook]
    # Their webhooks are locked first, as `_owner` says.
    owners = select(WebhookDelivery.webhook_id).where(*chosen)
    locking = select(Webhook.id).where(Webhook.id.in_(owners)).order_by(Webhook.id)
    session.execute(locking.with_for_update(key_share=True))
    statement = select(WebhookDelivery.id).where(*chosen).order_by(WebhookDelivery.id)
    return list(session.scalars(statement.with_for_update()))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    # The number of parameters in a statement is limited.
    return (ids[begin : begin + _AT_ONCE] for begin in range(0, len(ids), _AT_ONCE))


def _claimed(session: Session, webhook: int, now: int) -> int:
    delivery = WebhookDelivery
    statement = select(func.count()).where(
        delivery.webhook_id == webhook, _WAITING, _CLAIMED, delivery.claimed_until > now
    )
    return session.execute(statement).scalar_one()


def _next(webhook: int, now: int) -> Any:
    delivery, earlier = WebhookDelivery, aliased(WebhookDelivery)
    is_behind = exists().where(
        earlier.webhook_id == delivery.webhook_id,
        earlier.subject == delivery.subject,
        earlier.state == literal_column("'WAITING'"),
        earlier.id < delivery.id,
    )
    return (
        select(delivery.id, delivery.uuid, delivery.subject, delivery.body, delivery.attempts)
        .where(
            delivery.webhook_id == webhook,
            _WAITING,
            delivery.due_time <= now,
            delivery.claimed_until <= now,
            ~is_behind,
        )
        .order_by(delivery.due_time, delivery.id)
        .limit(1)
    )
