"""The cache of the events that webhooks subscribe to."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from trackhelm_domain.outbox import REMEMBERED_SECONDS, Subscriptions
from trackhelm_domain.tables import Base, Webhook, WebhookEvent


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(
        engine, tables=[Base.metadata.tables[name] for name in ("webhook", "webhook_event")]
    )
    with Session(engine) as session:
        yield session
    engine.dispose()


def add(session: Session, webhook: int, event: str, status: str = "ACTIVE") -> None:
    values = {"uuid": str(webhook), "name": "a", "url": "u", "description": "", "status": status}
    session.execute(insert(Webhook).values(id=webhook, creation_time=0, last_update_time=0, **values))
    session.execute(insert(WebhookEvent).values(webhook_id=webhook, event=event))


def test_a_new_webhook_is_noticed_within_a_second(session: Session) -> None:
    clock = Clock()
    subscriptions = Subscriptions(clock)
    assert subscriptions.events(session) == set()
    add(session, 1, "run.started")
    add(session, 2, "run.failed", status="DISABLED")
    assert subscriptions.events(session) == set(), "remembered"
    clock.now += REMEMBERED_SECONDS
    assert subscriptions.events(session) == {"run.started"}


def test_a_webhook_of_this_process_is_noticed_at_once(session: Session) -> None:
    subscriptions = Subscriptions(Clock())
    assert subscriptions.events(session) == set()
    add(session, 1, "run.started")
    subscriptions.forget()
    assert subscriptions.events(session) == {"run.started"}


def test_what_was_read_before_a_change_is_not_remembered_after_it(session: Session) -> None:
    clock = Clock()

    subscriptions = Subscriptions(clock)
    reading = session.scalars

    def meanwhile(*arguments: object) -> object:
        found = list(reading(*arguments))  # type: ignore[call-overload]
        add(session, 1, "run.started")
        subscriptions.forget()
        return found

    session.scalars = meanwhile  # type: ignore[method-assign, assignment]
    assert subscriptions.events(session) == set()
    session.scalars = reading  # type: ignore[method-assign]
    assert subscriptions.events(session) == {"run.started"}
