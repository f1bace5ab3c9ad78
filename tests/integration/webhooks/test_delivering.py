"""Turns over the outbox: order, retries, dead letters, claims; and what becomes of changes that fail."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from tests.fixtures.waiting import wait_until
from tests.integration.webhooks.conftest import SETTINGS, Outbox
from trackhelm_domain import outbox as domain_outbox
from trackhelm_domain.outbox import Announcement, Event, announce
from trackhelm_domain.tables import Webhook, WebhookDelivery
from trackhelm_registry.webhooks import store
from trackhelm_registry.webhooks.delivery.dispatcher import LANES, purge

HOUR = 3_600_000
CLAIM = round((SETTINGS.webhook_timeout_seconds + 15) * 1_000)


def numbers(outbox: Outbox) -> list[int]:
    return [call.data["number"] for call in outbox.receiver.calls]


def test_deliveries_of_a_subject_arrive_in_their_order(outbox: Outbox) -> None:
    webhook = outbox.create()
    for number in range(20):
        outbox.announce(f"run {number % 3}", number=number)
    with ThreadPoolExecutor(LANES) as turns:
        list(turns.map(outbox.turn, [webhook] * LANES))
    arrived = numbers(outbox)
    assert sorted(arrived) == list(range(20))
    for run in range(3):
        assert [number for number in arrived if number % 3 == run] == list(range(run, 20, 3))
    assert set(outbox.states(webhook)) == {"DELIVERED"}
    assert outbox.due() == []


def test_one_of_a_subject_is_attempted_at_a_time_and_a_few_of_a_webhook(outbox: Outbox) -> None:
    webhook = outbox.create()
    for run in range(LANES + 2):
        for number in range(2):
            outbox.announce(f"run {run}", number=number)
    running: list[str] = []
    most: list[int] = []
    answered = threading.Semaphore(0)

    def hold(call: object) -> int:
        run = call.data["run_id"]  # type: ignore[attr-defined]
        assert run not in running
        running.append(run)
        most.append(len(running))
        answered.acquire(timeout=5)
        running.remove(run)
        return 200

    outbox.receiver.respond = hold
    with ThreadPoolExecutor(LANES * 2) as turns:
        done = [turns.submit(outbox.turn, webhook) for _ in range(LANES * 2)]
        wait_until(lambda: len(running) == LANES)
        answered.release(100)
        for turn in done:
            turn.result()
    assert max(most) == LANES
    outbox.turn(webhook)
    assert set(outbox.states(webhook)) == {"DELIVERED"}


def test_a_failure_is_attempted_again_later_and_holds_up_its_subject_alone(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.receiver.respond = lambda call: 500 if call.data["run_id"] == "bad" else 200
    outbox.announce("bad", number=1)
    outbox.announce("bad", number=2)
    outbox.announce("good", number=3)
    outbox.turn(webhook)
    assert numbers(outbox) == [1, 3]
    first, second, third = outbox.rows(webhook)
    assert (first["state"], first["attempts"], first["response_status"]) == ("WAITING", 1, 500)
    assert first["error"] == "answered 500: thanks"
    assert 3_750 <= first["due_time"] - outbox.now <= 6_250
    assert (second["state"], second["attempts"]) == ("WAITING", 0)
    assert third["state"] == "DELIVERED"
    assert outbox.due() == []
    outbox.receiver.respond = lambda _call: 204
    outbox.now += 7_000
    assert outbox.due() == [webhook.id]
    outbox.turn(webhook)
    assert numbers(outbox) == [1, 3, 1, 2]
    first_call, _, again, _ = outbox.receiver.calls
    assert first_call.delivery_id == again.delivery_id
    assert first_call.body == again.body


def test_after_its_attempts_a_delivery_is_a_dead_letter_and_others_go_on(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.receiver.respond = lambda call: 400 if call.data["number"] == 1 else 200
    outbox.announce("run", number=1)
    outbox.announce("run", number=2)
    for _ in range(3):
        outbox.turn(webhook)
        outbox.now += HOUR
    assert numbers(outbox) == [1, 1, 1, 2]
    assert outbox.states(webhook) == ["DEAD", "DELIVERED"]
    dead = outbox.rows(webhook)[0]
    assert dead["attempts"] == 3
    assert dead["settled_time"] is not None
    with outbox.runtime.database.writing() as session:
        store.resend(session, [dead["id"]], outbox.now)
    outbox.receiver.respond = lambda _call: 200
    outbox.turn(webhook)
    assert outbox.states(webhook) == ["DELIVERED", "DELIVERED"]
    assert outbox.rows(webhook)[0]["attempts"] == 1


def test_what_a_killed_worker_had_claimed_is_delivered_when_the_claim_runs_out(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.announce("run", number=1)
    with outbox.runtime.database.writing() as session:
        claimed = store.claim(session, webhook.id, store.Claim(outbox.now, outbox.now + CLAIM, LANES))
    assert claimed is not None
    outbox.turn(webhook)
    assert numbers(outbox) == []
    assert outbox.due() == []
    outbox.now += CLAIM
    assert outbox.due() == [webhook.id]
    outbox.turn(webhook)
    assert numbers(outbox) == [1]
    failed = store.Result(outbox.now, 500, "late news", outbox.now)
    with outbox.runtime.database.writing() as session:
        store.settle(session, claimed, failed)
    assert outbox.states(webhook) == ["DELIVERED"]


def test_a_change_that_is_not_committed_is_not_told(outbox: Outbox) -> None:
    webhook = outbox.create()
    with suppress(RuntimeError), outbox.runtime.database.writing() as session:
        announce(session, Announcement(Event.RUN_STARTED, "run/r", {}, outbox.now))
        raise RuntimeError
    assert outbox.rows(webhook) == []


def test_a_disabled_webhook_keeps_what_waits_for_it(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.announce("run", number=1)
    set_status(outbox, webhook.id, "DISABLED")
    outbox.announce("run", number=2)
    outbox.turn(webhook)
    assert outbox.due() == []
    set_status(outbox, webhook.id, "ACTIVE")
    assert outbox.due() == [webhook.id]
    outbox.turn(webhook)
    assert numbers(outbox) == [1]


def set_status(outbox: Outbox, webhook: int, status: str) -> None:
    with outbox.runtime.database.writing() as session:
        session.execute(update(Webhook).where(Webhook.id == webhook).values(status=status))


def test_several_webhooks_are_told_of_one_event_by_one_id(outbox: Outbox) -> None:
    first, second = outbox.create(), outbox.create()
    told: list[int] = []
    outbox.runtime.part(domain_outbox.Outbox).notify_by(told.append)
    outbox.announce("run", number=1)
    assert told == [first.id, second.id]
    for webhook in (first, second):
        outbox.turn(webhook)
    assert len({call.delivery_id for call in outbox.receiver.calls}) == 1
    assert len(outbox.receiver.calls) == 2


def test_a_webhook_that_is_deleted_meanwhile_fails_no_change(outbox: Outbox) -> None:
    if outbox.runtime.database.is_sqlite:
        pytest.skip("SQLite's writers take turns")
    webhook = outbox.create()
    outbox.announce("run", number=0)  # what this process knows of webhooks is fresh
    deleting, delete_it = threading.Event(), threading.Event()

    def delete() -> None:
        with outbox.runtime.database.writing() as session:
            session.delete(session.get_one(Webhook, webhook.id))
            session.flush()
            deleting.set()
            assert delete_it.wait(60)

    with ThreadPoolExecutor(2) as pool:
        deleted = pool.submit(delete)
        assert deleting.wait(60)
        announced = pool.submit(outbox.announce, "run", number=1)
        delete_it.set()
        deleted.result()
        announced.result()
    assert outbox.rows(webhook) == []


def test_a_webhook_that_is_deleted_amid_a_turn_and_the_turn_do_not_wait_for_one_another(
    outbox: Outbox,
) -> None:
    database = outbox.runtime.database
    if database.is_sqlite:
        pytest.skip("SQLite's writers take turns")
    webhook = outbox.create()
    for number in range(2):
        outbox.announce(f"run-{number}")
    wish = store.Claim(outbox.now, outbox.now + CLAIM, LANES)
    with database.writing() as session:
        claimed = store.claim(session, webhook.id, wish)
    assert claimed

    def is_waiting() -> bool:
        with database.reading() as session:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(session.execute(waiting).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            store.settle(session, claimed, store.Result(outbox.now, 200, None, None))
            deleted = pool.submit(outbox.delete, webhook)
            wait_until(is_waiting)
            assert store.claim(session, webhook.id, wish)
        deleted.result(60)
    assert outbox.rows(webhook) == []


def test_claims_do_not_hold_up_changes(outbox: Outbox) -> None:
    if outbox.runtime.database.is_sqlite:
        pytest.skip("SQLite's writers take turns")
    webhook = outbox.create()
    outbox.announce("run", number=1)
    with outbox.runtime.database.writing() as session, ThreadPoolExecutor(1) as pool:
        assert store.claim(session, webhook.id, store.Claim(outbox.now, outbox.now + CLAIM, LANES))
        pool.submit(outbox.announce, "run", number=2).result(60)


def test_a_turn_ends_for_others_to_have_theirs(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = outbox.create()
    for number in range(3):
        outbox.announce("run", number=number)
    monkeypatch.setattr("trackhelm_registry.webhooks.delivery.dispatcher.SLICE_SECONDS", 0)
    assert outbox.turn(webhook), "more may be due"
    assert len(numbers(outbox)) <= 1
    monkeypatch.undo()
    assert not outbox.turn(webhook)
    assert numbers(outbox) == [0, 1, 2]


def test_old_deliveries_are_purged_and_dead_letters_are_not(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.receiver.respond = lambda call: 400 if call.data["run_id"] == "bad" else 200
    outbox.announce("bad")
    outbox.announce("good")
    for _ in range(3):
        outbox.turn(webhook)
        outbox.now += HOUR
    outbox.now += 7 * 24 * HOUR - 4 * HOUR
    purge(outbox.runtime)
    assert sorted(outbox.states(webhook)) == ["DEAD", "DELIVERED"]
    outbox.now += 4 * HOUR
    purge(outbox.runtime)
    assert outbox.states(webhook) == ["DEAD"]


def test_a_delivery_that_kills_its_workers_has_an_end(outbox: Outbox) -> None:
    webhook = outbox.create()
    outbox.announce("run")
    for _ in range(3):
        with outbox.runtime.database.writing() as session:
            assert store.claim(session, webhook.id, store.Claim(outbox.now, outbox.now + CLAIM, LANES))
        outbox.now += CLAIM
    outbox.turn(webhook)
    (row,) = outbox.rows(webhook)
    assert (row["state"], row["error"]) == ("DEAD", "every attempt ended with the worker that made it")
    assert outbox.receiver.calls == []


def test_a_failure_of_our_own_is_one_of_the_delivery(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("trackhelm_registry.webhooks.delivery.sending.post", fail)
    webhook = outbox.create()
    outbox.announce("run")
    outbox.turn(webhook)
    (row,) = outbox.rows(webhook)
    assert (row["state"], row["error"]) == ("WAITING", "the call failed: ZeroDivisionError()")


def test_a_secret_that_cannot_be_read_is_not_left_out(outbox: Outbox, tmp_path: Path) -> None:
    webhook = outbox.create(secret="s")
    outbox.announce("run")
    (tmp_path / "secret.key").unlink()
    outbox.turn(webhook)
    (row,) = outbox.rows(webhook)
    assert row["error"].startswith("the webhook's secret cannot be read")
    assert outbox.receiver.calls == []


def test_what_waits_is_found_by_indexes(outbox: Outbox) -> None:
    """Among many that were delivered, and many that wait for their time."""
    webhook = outbox.create()
    values = {"webhook_id": webhook.id, "event": "run.started", "body": "{}", "attempts": 0}
    times = {"created_time": 0, "claimed_until": 0}
    rows = [
        {
            **values,
            **times,
            "uuid": str(number),
            "subject": f"run/{number % 50}",
            "state": state,
            "due_time": due,
        }
        for number, (state, due) in enumerate(
            [("DELIVERED", 0)] * 5_000 + [("WAITING", 2 * outbox.now)] * 2_000 + [("WAITING", 0)]
        )
    ]
    with outbox.runtime.database.writing() as session:
        session.execute(insert(WebhookDelivery), rows)
    with outbox.runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE webhook_delivery")
        query = store._next(webhook.id, outbox.now)
        statement = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if outbox.runtime.database.is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement))
    assert "ix_webhook_delivery_due" in plan
    assert "ix_webhook_delivery_order" in plan
    assert "Sort" not in plan
