"""A trial that is undone leaves nothing of it: no row, and nothing noted for the commit."""

from pathlib import Path

from sqlalchemy import insert, select

from tests.fixtures.databases import lay_migrated_sqlite_database
from trackhelm_core.db.unit_of_work import SavepointScope
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record, recorded_changes
from trackhelm_domain.opening import open_database
from trackhelm_domain.tables import AuditEvent, Key

CAUSE = AuditContext(Actor("ada", ActorKind.USER, "10.0.0.1", "r"), 1)


def change(run: str) -> Change:
    return Change(Entity(EntityType.RUN, run), Action.DELETED, {}, None)


def test_what_is_undone_is_not_committed_and_what_was_before_and_comes_after_is(
    own_database_url: str,
) -> None:
    database = open_database(own_database_url)
    with database.writing() as session:
        session.execute(insert(Key).values(name="before"))
        record(session, change("before"), CAUSE)
        trial = SavepointScope(session)
        session.execute(insert(Key).values(name="tried"))
        record(session, change("tried"), CAUSE)
        assert [each.entity.id for each in recorded_changes(session)] == ["before", "tried"]
        trial.undo()
        assert [each.entity.id for each in recorded_changes(session)] == ["before"]
        record(session, change("after"), CAUSE)
    with database.reading() as session:
        assert list(session.scalars(select(Key.name))) == ["before"]
        assert list(session.scalars(select(AuditEvent.entity_id).order_by(AuditEvent.id))) == [
            "before",
            "after",
        ]
    database.close()


def test_a_trial_that_stands_is_committed(tmp_path: Path) -> None:
    file = tmp_path / "trial.db"
    lay_migrated_sqlite_database(file)
    database = open_database(f"sqlite:///{file}")
    with database.writing() as session:
        SavepointScope(session)
        session.execute(insert(Key).values(name="tried"))
        record(session, change("tried"), CAUSE)
    with database.reading() as session:
        assert list(session.scalars(select(Key.name))) == ["tried"]
        assert list(session.scalars(select(AuditEvent.entity_id))) == ["tried"]
    database.close()
