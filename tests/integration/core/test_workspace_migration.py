"""The migration to workspaces: what there was is in `default`, and nothing that refers to it is lost."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from trackhelm_core.db.engine import WRITES, make_engine
from trackhelm_domain import migrate as migrations
from trackhelm_domain.audit import NO_EVENT, Verification, content_of, event_hash
from trackhelm_domain.migrate import current_revision, migrate, newest_revision
from trackhelm_domain.opening import open_database

BEFORE = "0006"


@pytest.fixture
def engine(empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Yield a database with the schema before, and with a row in each of some tables."""
    engine = make_engine(empty_database_url)
    with monkeypatch.context() as before:
        folder = tmp_path / "migrations"
        shutil.copytree(migrations._MIGRATIONS, folder)
        for file in (folder / "versions").glob("*.py"):
            if file.name[:4] > BEFORE:
                file.unlink()
        before.setattr(migrations, "_MIGRATIONS", folder)
        migrate(engine)
    assert current_revision(engine) == BEFORE
    yield engine
    engine.dispose()


def execute(engine: Engine, *statements: str, **values: object) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        for statement in statements:
            connection.execute(text(statement), values)


def test_rows_that_refer_to_copied_tables_stay(engine: Engine) -> None:
    execute(
        engine,
        "INSERT INTO experiment"
        " (id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
        " VALUES (7, 'seven', 'mlflow-artifacts:/7', 'active', 1, 2)",
        "INSERT INTO experiment_tag (experiment_id, key, value) VALUES (7, 'k', 'v')",
        "INSERT INTO run"
        " (id, uuid, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri)"
        " VALUES (1, 'r', 7, 'run', '', 'RUNNING', 1, 'active', 'mlflow-artifacts:/7/r/artifacts')",
        "INSERT INTO registered_model"
        " (id, name, description, creation_timestamp, last_updated_timestamp, next_version)"
        " VALUES (3, 'iris', '', 1, 2, 5)",
        "INSERT INTO registered_model_tag (registered_model_id, key, value) VALUES (3, 'k', 'v')",
    )
    assert migrate(engine) == newest_revision()
    with engine.connect() as connection:
        for statement, expected in (
            ("SELECT workspace_id, name FROM experiment ORDER BY id", [(1, "Default"), (1, "seven")]),
            ("SELECT experiment_id, value FROM experiment_tag", [(7, "v")]),
            ("SELECT uuid, experiment_id FROM run", [("r", 7)]),
            ("SELECT workspace_id, name, next_version FROM registered_model", [(1, "iris", 5)]),
            ("SELECT registered_model_id, value FROM registered_model_tag", [(3, "v")]),
            ("SELECT id, name FROM workspace", [(1, "default")]),
        ):
            assert [tuple(row) for row in connection.execute(text(statement))] == expected
    # Foreign keys work on: a tag goes with its model.
    execute(engine, "DELETE FROM registered_model WHERE id = 3")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM registered_model_tag")).all() == []
    with pytest.raises(Exception, match=r"(?i)unique"):
        execute(
            engine,
            "INSERT INTO experiment"
            " (id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
            " VALUES (8, 'seven', 'mlflow-artifacts:/8', 'active', 1, 2)",
        )


def test_events_of_before_are_still_whole(engine: Engine, empty_database_url: str) -> None:
    previous = NO_EVENT
    for number in (1, 2):
        row = {
            "id": number,
            "time": 5,
            "actor": "ada",
            "actor_kind": "user",
            "entity_type": "registered_model",
            "entity_id": "iris",
            "entity_version": None,
            "action": "created",
            "before": None,
            "after": '{"description":""}',
            "comment": "",
            "request_id": "r",
            "source_address": "",
            "previous_hash": previous,
        }
        row["hash"] = previous = event_hash(content_of({**row, "workspace_id": None}))
        columns = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(f":{name}" for name in row)
        execute(engine, f"INSERT INTO audit_event ({columns}) VALUES ({places})", **row)
    execute(engine, "UPDATE audit_head SET event_id = 2, hash = :hash", hash=previous)
    migrate(engine)
    database = open_database(empty_database_url)
    with database.reading() as session:
        trail = Verification()
        assert list(trail.faults(session)) == []
    database.close()
    assert trail.events == 2
