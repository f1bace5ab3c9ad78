"""Migrating the schema of a database: only forward, and in one process at a time.

A schema that is newer than the code is left as it is and served: during a rolling upgrade the old version
runs on the new schema, which the version before can still use (expand, then contract).
"""

from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from trackhelm_core.db.engine import WRITES

log = structlog.get_logger(__name__)

# Any number, if no other application uses it for a lock in this database.
_ADVISORY_LOCK: Final = 0x7261636B68656C6D

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Return the schema revision for which this code was written."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package carries at least one migration"
    return head


def current_revision(engine: Engine) -> str | None:
    """Return the database's schema revision, None for an empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_ready(engine: Engine) -> bool:
    """Return whether the database has the schema this code needs, or a later one."""
    current = current_revision(engine)
    return current is not None and (current == newest_revision() or not _is_known(current))


def _is_known(revision: str) -> bool:
    return any(
        script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def migrate(engine: Engine) -> str:
    """Bring the schema to the newest revision and return the revision the database has then.

    It may run in several processes at once: with PostgreSQL's advisory lock, or SQLite's write lock, one of
    them migrates and the others wait and find it done.
    """
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and not _is_known(current):
            log.warning("schema is ahead of this version", schema=current, newest_known=newest_revision())
            return current
        command.upgrade(_config(connection), "head")
    return newest_revision()
