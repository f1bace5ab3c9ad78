"""`trackhelm-server migrate`: migrate the database's schema, or wait until another process has.

A pod that is to serve waits here for the Job that migrates. Both may start before the database does.
"""

import time
from typing import Annotated, Final

import structlog
import typer
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from trackhelm_cli.options import DatabaseOption, DataOption, load
from trackhelm_core.db.engine import make_engine
from trackhelm_core.settings import LogSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_domain import migrate as schema

log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 1


def migrate(
    data: DataOption = None,
    database_url: DatabaseOption = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Migrate nothing: wait until another process has done so.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds to wait for the database to answer, or with --wait for the schema."
        ),
    ] = 0,
) -> None:
    """Migrate the database's schema to this version; several processes may run it at once."""
    configure_logging(load(LogSettings))
    storage = load(StorageSettings, data=data, database_url=database_url)
    if storage.given_database_url is None and not wait:
        storage.data.mkdir(parents=True, exist_ok=True)
    engine = make_engine(storage.effective_database_url)
    end = time.monotonic() + patience
    try:
        while True:
            said = _attempt(engine, wait=wait, may_raise=time.monotonic() >= end)
            if said or time.monotonic() >= end:
                break
            time.sleep(_PAUSE_SECONDS)
    finally:
        engine.dispose()
    if not said:
        typer.echo(
            "the database has not the schema that this version needs: nothing has migrated it", err=True
        )
        raise typer.Exit(1)
    typer.echo(said)


def _attempt(engine: Engine, *, wait: bool, may_raise: bool) -> str:
    """Return what is said of the schema; empty while it, or the database, is not there."""
    try:
        before = schema.current_revision(engine)
        if wait:
            return f"schema {before}" if schema.is_ready(engine) else ""
        after = schema.migrate(engine)
    except OperationalError as error:
        if may_raise:
            raise
        log.warning("database does not answer", reason=str(error).splitlines()[0])
        return ""
    return f"schema {after}" if before == after else f"schema {before or 'empty'} -> {after}"
