"""`migrate` brings a schema forward, once, and what it makes is what the models say."""

import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, make_url, text
from typer.testing import CliRunner

from tests.fixtures.databases import new_postgres_database
from tests.fixtures.waiting import wait_until
from trackhelm_cli.main import app
from trackhelm_core.db.engine import WRITES, make_engine
from trackhelm_domain import migrate as migrations
from trackhelm_domain.locations import location_key
from trackhelm_domain.migrate import current_revision, is_ready, migrate, newest_revision
from trackhelm_domain.tables import Base

NEXT = "9999"

MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{newest_revision()}"


def upgrade() -> None:
    op.add_column("key", sa.Column("note", sa.Text(), server_default="none", nullable=False))
"""

FAILS = MIGRATION + '    op.execute("SELECT no_such_function()")\n'

INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of this version and a folder in which a test writes the next, until it is undone."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations._MIGRATIONS, folder)
    monkeypatch.setattr(migrations, "_MIGRATIONS", folder)
    return folder / "versions" / f"{NEXT}_next.py"


def execute(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text(statement))


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def indexes(engine: Engine) -> dict[str, str]:
    return {str(name): str(definition) for name, definition in rows(engine, INDEXES[engine.dialect.name])}


ONLY_SQLITE = {"ix_run_param_value", "ix_run_tag_value"}


# Of an index of SQLite over an expression, which the next test compares.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_models_and_the_migrated_schema_agree(engine: Engine) -> None:
    migrate(engine)

    def is_compared(_object: object, name: str | None, kind: str, *_: object) -> bool:
        # Alembic can't read those of SQLite, and does not heed which are for SQLite only. The next test
        # compares all indexes of both.
        return kind != "index" or (engine.dialect.name == "postgresql" and name not in ONLY_SQLITE)

    options = {"compare_type": True, "compare_server_default": True, "include_object": is_compared}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_indexes_have_the_predicates_expressions_and_methods_of_the_models(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    migrate(engine)
    by_models = make_engine(
        f"sqlite:///{tmp_path / 'models.db'}"
        if engine.dialect.name == "sqlite"
        else new_postgres_database(request.getfixturevalue("postgres_server"))
    )
    with by_models.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        Base.metadata.create_all(connection)
    expected = indexes(by_models)
    by_models.dispose()
    migrated = indexes(engine)
    # Alembic's own table of one row.
    migrated.pop("alembic_version_pkc", None)
    assert migrated == expected


def test_migrations_are_one_line_in_the_order_of_their_numbers() -> None:
    files = sorted((migrations._MIGRATIONS / "versions").glob("*.py"))
    before = None
    for number, file in enumerate(files, start=1):
        source = file.read_text(encoding="utf-8")
        assert file.name.startswith(f"{number:04}_"), "numbers have no gap"
        assert f'\nrevision = "{number:04}"\n' in source
        assert f"\ndown_revision = {before}\n" in source
        assert not re.search(r"^def downgrade", source, re.MULTILINE), "only ever forward"
        before = f'"{number:04}"'
    assert before == f'"{newest_revision()}"'


def test_an_empty_database_is_ready_once_it_is_migrated(engine: Engine) -> None:
    assert current_revision(engine) is None
    assert not is_ready(engine)
    assert migrate(engine) == newest_revision() == current_revision(engine)
    assert is_ready(engine)
    location = "mlflow-artifacts:/0"
    first_rows = [
        rows(engine, "SELECT id, name, artifact_location, location_key FROM experiment"),
        rows(engine, "SELECT id, labels, model_id FROM label_set"),
        rows(engine, "SELECT id, event_id, hash FROM audit_head"),
    ]
    assert first_rows == [
        [(0, "Default", location, location_key(location))],
        [(0, "{}", None)],
        [(1, 0, "0" * 64)],
    ]


def test_a_second_time_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    execute(engine, "INSERT INTO key (name) VALUES ('kept')")
    before = rows(engine, "SELECT * FROM experiment"), indexes(engine)
    assert migrate(engine) == newest_revision()
    assert (rows(engine, "SELECT * FROM experiment"), indexes(engine)) == before
    assert rows(engine, "SELECT name FROM key") == [("kept",)]


def test_the_next_version_brings_the_schema_forward_and_this_one_serves_it(
    engine: Engine, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(engine)
    execute(engine, "INSERT INTO key (name) VALUES ('kept')")
    next_version.write_text(MIGRATION, encoding="utf-8")
    assert not is_ready(engine)
    assert migrate(engine) == NEXT
    assert is_ready(engine)
    monkeypatch.undo()
    # The version before, beside it in a rolling upgrade: it neither goes back nor refuses.
    assert migrate(engine) == NEXT == current_revision(engine)
    assert is_ready(engine)
    execute(engine, "INSERT INTO key (name) VALUES ('new')")
    assert rows(engine, "SELECT name, note FROM key ORDER BY id") == [("kept", "none"), ("new", "none")]


def test_a_migration_that_fails_leaves_the_schema_as_it_was(engine: Engine, next_version: Path) -> None:
    before = migrate(engine)
    schema = indexes(engine)
    next_version.write_text(FAILS, encoding="utf-8")
    with pytest.raises(Exception, match="no_such_function"):
        migrate(engine)
    assert current_revision(engine) == before
    assert indexes(engine) == schema
    with pytest.raises(Exception, match="note"):
        rows(engine, "SELECT note FROM key")


def test_processes_that_migrate_at_once_take_turns(engine: Engine, empty_database_url: str) -> None:
    engines = [make_engine(empty_database_url) for _ in range(3)]
    start = threading.Barrier(len(engines))

    def one(own: Engine) -> str:
        start.wait()
        return migrate(own)

    with ThreadPoolExecutor(len(engines)) as pool:
        assert list(pool.map(one, engines)) == [newest_revision()] * len(engines)
    for own in engines:
        own.dispose()
    assert rows(engine, "SELECT count(*) FROM experiment") == [(1,)]


def test_postgresql_lets_nobody_migrate_who_has_not_the_advisory_lock(postgres_server: str) -> None:
    engine = make_engine(new_postgres_database(postgres_server))
    waiting = (
        "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    with ThreadPoolExecutor(1) as pool:
        with engine.connect() as holder, holder.begin():
            lock = {"lock": migrations._ADVISORY_LOCK}
            holder.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
            migrating = pool.submit(migrate, engine)
            wait_until(lambda: rows(engine, waiting))
            assert current_revision(engine) is None
        assert migrating.result() == newest_revision()
    engine.dispose()


def test_the_command_says_what_it_did(empty_database_url: str) -> None:
    def run() -> str:
        result = CliRunner().invoke(app, ["migrate", "--database-url", empty_database_url])
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()[-1]

    assert run() == f"schema empty -> {newest_revision()}"
    assert run() == f"schema {newest_revision()}"


def test_waiting_migrates_nothing_and_ends_when_another_process_has(empty_database_url: str) -> None:
    waiting = ["migrate", "--wait", "--database-url", empty_database_url]
    refused = CliRunner().invoke(app, waiting)
    assert refused.exit_code == 1
    assert "nothing has migrated it" in refused.output
    engine = make_engine(empty_database_url)
    assert current_revision(engine) is None

    with ThreadPoolExecutor(1) as pool:
        waited = pool.submit(CliRunner().invoke, app, [*waiting, "--patience", "60"])
        migrate(engine)
        result = waited.result()
    engine.dispose()

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"schema {newest_revision()}"


def test_waiting_ends_at_once_where_the_schema_is_ahead(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    migrate(engine)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{NEXT}'"))
    engine.dispose()

    result = CliRunner().invoke(app, ["migrate", "--wait", "--database-url", empty_database_url])

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"schema {NEXT}"


def test_a_database_that_does_not_answer_yet_is_waited_for(postgres_server: str) -> None:
    later = new_postgres_database(postgres_server)
    missing = f"{later}_later"
    name = make_url(missing).database
    with ThreadPoolExecutor(1) as pool:
        migrating = pool.submit(
            CliRunner().invoke, app, ["migrate", "--patience", "60", "--database-url", missing]
        )
        engine = make_engine(later)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        result = migrating.result()
    assert result.exit_code == 0, result.output
    assert f"schema empty -> {newest_revision()}" in result.stdout


def test_a_url_that_names_no_driver_is_postgresql_as_well(postgres_server: str) -> None:
    url = new_postgres_database(postgres_server).replace("postgresql+psycopg://", "postgresql://")
    assert url.startswith("postgresql://")
    engine = make_engine(url)
    assert migrate(engine) == newest_revision()
    engine.dispose()


def test_sqlite_keeps_what_is_derived_from_series_though_an_earlier_version_writes_them(
    tmp_path: Path,
) -> None:
    """A version before this one knows neither indexed values of running runs nor their joined points."""
    engine = make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    migrate(engine)
    for statement in (
        """
        INSERT INTO run (id, uuid, experiment_id, name, user_id, status, start_time, lifecycle_stage,
            artifact_uri)
        VALUES (1, 'r', 0, 'r', 'ada', 'RUNNING', 1, 'active', '')
        """,
        "INSERT INTO key (id, name) VALUES (1, 'loss')",
        "INSERT INTO run_snapshot (run_id, version, document, metrics) VALUES (1, 103, '', 'old')",
        """
        INSERT INTO series (id, run_id, key_id, label_set_id, last_step, last_timestamp, last_value, count,
            nonfinite_count)
        VALUES (1, 1, 1, 0, 0, 0, 0.5, 1, 0)
        """,
    ):
        execute(engine, statement)
    derived = "SELECT indexed_in, indexed_value, metrics FROM series JOIN run_snapshot USING (run_id)"
    assert rows(engine, derived) == [(0, 0.5, None)]
    execute(engine, "UPDATE run_snapshot SET metrics = 'old'")
    execute(engine, "UPDATE series SET last_value = 0.25, last_json = '{}'")
    assert rows(engine, derived) == [(0, 0.25, None)]
    execute(engine, "UPDATE series SET last_value = NULL")
    assert rows(engine, derived) == [(0, None, None)]
    engine.dispose()
