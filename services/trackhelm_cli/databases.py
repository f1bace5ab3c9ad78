"""The database of a command that works on it directly, beside a running server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_cli.options import load
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.migrate import is_ready
from trackhelm_domain.opening import open_database


@contextmanager
def opened_database(data: Path | None, database_url: str | None) -> Iterator[Database]:
    """Open the database that settings and options name; exit 2 if it does not exist or does not answer."""
    url = load(StorageSettings, data=data, database_url=database_url).effective_database_url
    database = open_database(url)
    try:
        file = database.engine.url.database
        if database.is_sqlite and file and not Path(file).exists():
            raise typer.BadParameter(f"there is no database at {file}")
        if not is_ready(database.engine):
            raise typer.BadParameter("the database has not the schema this version needs: run `migrate`")
        yield database
    except SQLAlchemyError as error:
        raise typer.BadParameter(f"the database does not answer: {str(error).splitlines()[0]}") from error
    finally:
        database.close()
