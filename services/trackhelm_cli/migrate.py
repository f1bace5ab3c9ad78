"""`trackhelm-server migrate`: migrate the database's schema."""

import typer

from trackhelm_cli.options import DatabaseOption, DataOption, load
from trackhelm_core.db.engine import make_engine
from trackhelm_core.settings import LogSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_domain import migrate as schema


def migrate(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Migrate the database's schema to this version; several processes may run it at once."""
    configure_logging(load(LogSettings))
    storage = load(StorageSettings, data=data, database_url=database_url)
    if storage.given_database_url is None:
        storage.data.mkdir(parents=True, exist_ok=True)
    engine = make_engine(storage.effective_database_url)
    try:
        before = schema.current_revision(engine)
        after = schema.migrate(engine)
    finally:
        engine.dispose()
    typer.echo(f"schema {after}" if before == after else f"schema {before or 'empty'} -> {after}")
