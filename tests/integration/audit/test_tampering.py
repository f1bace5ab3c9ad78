"""What somebody with the database's keys does to the trail is refused, or at least found and named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.integration.audit.trail import Trail
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import (
    Action,
    AuditContext,
    Change,
    Entity,
    EntityType,
    Verification,
    append_recorded,
    content_of,
    event_hash,
    known_event_fault,
    record,
)
from trackhelm_domain.tables import AuditEvent

DOCUMENT = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
MODELS = 6


@pytest.fixture(scope="module")
def written(own_trail: Trail) -> Trail:
    """A trail of six events."""
    for number in range(MODELS):
        own_trail.api.post("registered-models/create", name=f"model {number}", description="ä")
    assert own_trail.faults() == []
    return own_trail


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'eve'",
        "UPDATE audit_event SET actor = 'eve' WHERE id = 3",
        "DELETE FROM audit_event WHERE id = 3",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head VALUES (2, 0, '')",
        "UPDATE audit_head SET event_id = 2",
    ],
)
def test_the_database_refuses_to_change_the_trail(written: Trail, statement: str) -> None:
    with pytest.raises(DBAPIError, match="audit_"), written.engine.begin() as connection:
        connection.execute(text(statement))
    assert written.faults() == []


def test_postgresql_refuses_to_truncate_and_sqlite_to_replace(written: Trail) -> None:
    on_postgresql = written.engine.dialect.name == "postgresql"
    statement = (
        "TRUNCATE audit_event" if on_postgresql else "REPLACE INTO audit_event SELECT * FROM audit_event"
    )
    with pytest.raises(DBAPIError, match="append-only"), written.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("time", "5"),
        ("actor", "'eve'"),
        ("actor_kind", "'user'"),
        ("entity_type", "'run'"),
        ("entity_id", "'other'"),
        ("entity_version", "7"),
        ("action", "'deleted'"),
        ("before", "'{}'"),
        ("after", "NULL"),
        ("after", "'no json'"),
        ("after", '\'{"description": "ä", "tags": {}}\''),
        ("comment", "'fine'"),
        ("request_id", "'x'"),
        ("source_address", "'10.0.0.1'"),
        ("previous_hash", "'x'"),
        ("hash", "'x'"),
    ],
)
@pytest.mark.parametrize("event", [1, 3, MODELS])
def test_a_changed_event_is_named(written: Trail, column: str, value: str, event: int) -> None:
    found = written.faults_after(f'UPDATE audit_event SET "{column}" = {value} WHERE id = {event}')
    assert found == [f"event {event} was changed: its hash does not fit its content"]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ("WHERE id = 3", "event 3 is missing before event 4"),
        ("WHERE id < 3", "events 1 to 2 are missing before event 3"),
        (f"WHERE id = {MODELS}", f"event {MODELS} is missing at the end of the trail"),
        ("WHERE id > 3", f"events 4 to {MODELS} are missing at the end of the trail"),
        ("", f"events 1 to {MODELS} are missing at the end of the trail"),
    ],
)
def test_removed_events_are_named(written: Trail, which: str, found: str) -> None:
    assert written.faults_after(f"DELETE FROM audit_event {which}") == [found]


def test_a_removed_head_is_told(written: Trail) -> None:
    (fault,) = written.faults_after("DELETE FROM audit_head")
    assert "audit_head has no row" in fault


@pytest.mark.parametrize("event", [-1, 0, MODELS + 1, MODELS + 9])
def test_an_inserted_event_is_named(written: Trail, event: int) -> None:
    found = written.faults_after(forged=_forgery(copy_of=MODELS, event=event))
    assert found == [f"event {event} was inserted: the server did not append it"]


def test_an_event_in_place_of_another_is_found_though_its_hash_fits(written: Trail) -> None:
    removed = "DELETE FROM audit_event WHERE id = 3"
    found = written.faults_after(removed, forged=_forgery(copy_of=2, event=3))
    assert found == ["event 3 is not the one that event 4 was appended to"]


def test_a_last_event_in_place_of_another_is_found_though_its_hash_fits(written: Trail) -> None:
    removed = f"DELETE FROM audit_event WHERE id = {MODELS}"
    found = written.faults_after(removed, forged=_forgery(copy_of=MODELS - 1, event=MODELS))
    assert found == [f"event {MODELS} is not the one that was appended: another took its place"]


def test_each_of_several_faults_is_named(written: Trail) -> None:
    assert written.faults_after(
        "UPDATE audit_event SET actor = 'eve' WHERE id = 1",
        "DELETE FROM audit_event WHERE id = 3",
        "UPDATE audit_event SET actor = 'eve' WHERE id = 4",
        f"DELETE FROM audit_event WHERE id = {MODELS}",
    ) == [
        "event 1 was changed: its hash does not fit its content",
        "event 3 is missing before event 4",
        "event 4 was changed: its hash does not fit its content",
        f"event {MODELS} is missing at the end of the trail",
    ]


def test_a_noted_hash_finds_a_chain_that_was_written_anew(written: Trail) -> None:
    noted = {event["id"]: event["hash"] for event in written.events()}
    with written.runtime.database.reading() as session:
        assert known_event_fault(session, 3, noted[3]) is None
        assert known_event_fault(session, 3, noted[4]) == "event 3 is not the one whose hash was noted"
        assert known_event_fault(session, 99, noted[3]) == "event 99 is missing"


def test_the_documented_grants_let_a_role_append_and_nothing_else(written: Trail) -> None:
    if written.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no roles")
    block = re.search(r"^```sql\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    assert block
    with Session(written.engine) as session:
        session.execute(text("CREATE ROLE trackhelm_service"))
        session.execute(text(block[1]))
        session.execute(text("SET LOCAL ROLE trackhelm_service"))
        entity = Entity(EntityType.RUN, "1")
        actor = Actor("ada", ActorKind.USER, "10.0.0.1", "r")
        record(session, Change(entity, Action.DELETED, {}, None), AuditContext(actor, 1))
        append_recorded(session)
        assert list(Verification().faults(session)) == []
        for statement in ("UPDATE audit_event SET actor = 'eve'", "DELETE FROM audit_head"):
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(statement))
        session.rollback()


def _forgery(*, copy_of: int, event: int) -> Callable[[Session], None]:
    """Return what inserts an event whose own hash fits, chained to the event before it where there is one."""

    def forge(session: Session) -> None:
        rows = {row["id"]: dict(row) for row in session.execute(select(AuditEvent.__table__)).mappings()}
        row = rows.get(copy_of, rows[1]) | {"id": event, "actor": "eve"}
        row["previous_hash"] = rows.get(event - 1, row)["hash"]
        row["hash"] = event_hash(content_of(row))
        session.execute(insert(AuditEvent), [row])

    return forge
