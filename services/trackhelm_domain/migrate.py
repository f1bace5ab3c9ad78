"""Migrating the schema of a database: only forward, and in one process at a time.

A schema that is newer than the code is left as it is and served: during a rolling upgrade the old version
runs on the new schema, which the version before can still use (expand, then contract).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, Engine, inspect, text

from trackhelm_core.db.engine import WRITES

log = structlog.get_logger(__name__)

# Any number, if no other application uses it for a lock in this database.
_ADVISORY_LOCK: Final = 0x7261636B68656C6D

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def _revisions() -> list[str]:
    """Return the revisions that this code knows, the oldest first: the names of its files begin with them."""
    return sorted(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("*.py"))


def newest_revision() -> str:
    """Return the schema revision for which this code was written."""
    return _revisions()[-1]


def current_revision(engine: Engine) -> str | None:
    """Return the database's schema revision, None for an empty database."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_ready(engine: Engine) -> bool:
    """Return whether the database has the schema this code needs, or a later one."""
    current = current_revision(engine)
    return current is not None and (current == newest_revision() or current not in _revisions())


def migrate(engine: Engine) -> str:
    """Bring the schema to the newest revision and return the revision the database has then.

    It may run in several processes at once: with PostgreSQL's advisory lock, or SQLite's write lock, one of
    them migrates and the others wait and find it done.
    """
    newest = newest_revision()
    if current_revision(engine) == newest:
        return newest
    with (
        engine.connect().execution_options(**{WRITES: True}) as connection,
        _tables_can_be_copied(connection),
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        current = _revision(connection)
        if current is not None and current not in _revisions():
            log.warning("schema is ahead of this version", schema=current, newest_known=newest)
            return current
        _upgrade(connection)
        if engine.dialect.name == "sqlite":
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            assert not broken, f"rows that refer to nothing: {broken[:5]}"
    return newest


@contextmanager
def _tables_can_be_copied(connection: Connection) -> Iterator[None]:
    """Let SQLite drop a table that was copied without deleting what refers to its rows."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    # Outside of a transaction, because SQLite ignores this pragma inside one.
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def _upgrade(connection: Connection) -> None:
    # Alembic takes 60 ms to import, and most starts find nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
