"""Opens a source by what the user calls it: the URL of a database or a server, or a folder.

A database of MLflow is opened so that nothing can be written to it.
"""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from trackhelm_importer.records import Source, SourceError

DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
}
"""The driver of each kind of database, whichever one the URL names: MLflow's may not be installed here."""


def open_source(address: str) -> Source:
    """Open a source. Raises `SourceError`.

    A kind is imported only when it is asked for: each needs a library of its own.
    """
    parts = urlsplit(address)
    match parts.scheme.partition("+")[0]:
        case "postgresql" | "postgres" | "mysql" | "mariadb" | "sqlite":
            from trackhelm_importer.sql_source import SqlSource  # noqa: PLC0415

            return SqlSource(source_url(address))
        case "http" | "https":
            from trackhelm_importer.rest_source import RestSource  # noqa: PLC0415

            return RestSource(address)
        case "" | "file":
            from trackhelm_importer.folder_source import FolderSource  # noqa: PLC0415

            return FolderSource(Path(unquote(parts.path) if parts.scheme else address))
        case scheme:
            raise SourceError(
                f"{address!r} has the scheme {scheme!r}: a source is a database (postgresql, mysql, mariadb, "
                "sqlite), a server (http, https) or a mlruns folder"
            )


def source_url(address: str) -> URL:
    """Return the URL of a database of MLflow, with the driver that reads it."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SourceError(f"{address!r} is no URL of a database") from error
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise SourceError(f"{address!r} is no database of {', '.join(DRIVERS)}")
    if driver == "sqlite" and not Path(url.database or "").is_file():
        raise SourceError(f"there is no database at {url.database}")
    return url.set(drivername=driver)


def source_engine(url: URL) -> Engine:
    """Return what connects to a database of MLflow. SQLite lets it read alone."""
    if url.drivername != "sqlite":
        return create_engine(url)
    # Read-only by SQLite itself, whatever is asked of it.
    file = Path(url.database or "").absolute().as_uri()
    return create_engine(
        "sqlite://", creator=partial(sqlite3.connect, f"{file}?mode=ro", uri=True, timeout=60)
    )


def snapshot(connection: Connection) -> Connection:
    """Begin a transaction that only reads, and sees what was committed until its first statement."""
    match connection.dialect.name:
        case "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        case "sqlite":
            # The driver would begin a transaction before a write only, and each statement see another state.
            connection.exec_driver_sql("BEGIN")
        case _:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    return connection
