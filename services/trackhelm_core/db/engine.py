"""Engines of SQLite and PostgreSQL, with the reason of each setting, and what a failed statement means.

PostgreSQL's own settings are in `postgresql`. The stock client retries a request that is answered 5xx for
minutes, so only failures that may pass by themselves are answered so.
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from trackhelm_core.errors import OUTAGE_RETRY_SECONDS, ApiError, InvalidParameterError, UnavailableError

WRITES: Final = "trackhelm_writes"
"""Execution option that says that the connection's next transaction will write."""

CONNECT_SECONDS: Final = 5
"""How long a connection may take to be made."""

_SQLITE_PRAGMAS: Final = (
    # Readers are not blocked while a writer commits.
    "journal_mode=WAL",
    # A commit is on the disk before the request is answered, even if the power fails. With NORMAL the last
    # commits before a power cut would be lost although they were acknowledged.
    "synchronous=FULL",
    "foreign_keys=ON",
    # This wait is only for other processes (`migrate`, a backup): our own writers take turns by a lock.
    "busy_timeout=15000",
    # LIKE is case-sensitive in the search grammar, as it is on PostgreSQL.
    "case_sensitive_like=ON",
    # 64 MiB of pages, so that the indexes of a database on a laptop stay in memory.
    "cache_size=-65536",
    "temp_store=MEMORY",
)

# There are 40 endpoint threads and the metric writer; the pool may grow beyond its size for all of them.
_POOL_SIZE: Final = 20
_POOL_OVERFLOW: Final = 44
_POOL_TIMEOUT_SECONDS: Final = 10


def lower(text: str | None) -> str | None:
    """Return a text in lower case, letter by letter in every script, as PostgreSQL does.

    Python's `lower` turns some letters into several, or into another letter at the end of a word; this
    function turns each letter into exactly one.
    """
    return None if text is None else text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction control begins transactions late and never for SELECT; we begin
        # them explicitly, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # SQLite's own `lower` knows ASCII letters only. For 300,000 values it takes 83 ms, and ours 130 ms.
        connection.create_function("lower", 1, lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once if another one has written
        # meanwhile, despite the busy timeout. IMMEDIATE takes the write lock at the start.
        if connection.get_execution_options().get(WRITES, False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # With the driver, in a tenth of the time. It takes no lock, so it cannot fail.
            driver: Any = connection.connection.driver_connection
            driver.execute("BEGIN")


def make_engine(url: str) -> Engine:
    """Return an engine for `sqlite:///…`, `postgresql://…` or `postgresql+psycopg://…`."""
    address = make_url(url)
    if address.drivername == "postgresql":
        # Operators and managed databases name no driver, and SQLAlchemy would take psycopg2.
        address = address.set(drivername="postgresql+psycopg")
    is_sqlite = address.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"check_same_thread": False} if is_sqlite else {}
    if not is_sqlite and "connect_timeout" not in address.query:
        options["connect_timeout"] = CONNECT_SECONDS
    engine = create_engine(
        address,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        # The connection that was used last: its statements are prepared, and what it has read or written of a
        # SQLite file is in its memory. One that has not seen the last commit forgets all that it has read.
        pool_use_lifo=True,
        # The text of a failed statement is logged, and what users store must not be in logs.
        hide_parameters=True,
        connect_args=options,
    )
    if is_sqlite:
        _prepare_sqlite(engine)
    else:
        # The driver takes 50 ms to import.
        from trackhelm_core.db.postgresql import prepare_postgresql  # noqa: PLC0415

        prepare_postgresql(engine)
    return engine


# Failures that pass, as classes of PostgreSQL's SQLSTATE (its appendix A): connection lost, deadlock or
# failed serialization, no resources, object in use, operator's intervention, system error; and read-only
# transaction, which a standby reports.
_PASSING_STATES: Final = ("08", "40", "53", "55", "57", "58", "25006")
# A value that its column cannot hold, or a statement that exceeds one of the server's own limits.
_REFUSED_STATES: Final = ("22", "54")
# A violated foreign key or unique key. Both were checked before, so another transaction has come between.
_OVERTAKEN_STATES: Final = ("23503", "23505")

# Primary result codes of SQLite: BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
_PASSING_CODES: Final = frozenset({5, 6, 7, 8, 9, 10, 13, 14, 15})
_PRIMARY_CODE: Final = 0xFF


def database_failure(error: SQLAlchemyError) -> ApiError | None:
    """Return the error to answer with, None if the failure is a defect of ours."""
    if isinstance(error, PoolTimeoutError):
        return UnavailableError("The server is busy: all database connections are in use.")
    if not isinstance(error, DBAPIError):
        return None
    state: str = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(_REFUSED_STATES):
        return InvalidParameterError("The database cannot hold a value of the request, or it is too complex.")
    if state in _OVERTAKEN_STATES:
        return UnavailableError("Another request changed the same thing meanwhile. Send the request again.")
    if _is_away(error, state):
        return UnavailableError(
            "The database is not available. Send the request again.", retry_after_seconds=OUTAGE_RETRY_SECONDS
        )
    return None


def may_pass(error: Exception) -> bool:
    """Return whether what failed may succeed when it is tried again, because the database is away or busy."""
    return isinstance(error, SQLAlchemyError) and isinstance(database_failure(error), UnavailableError)


def _is_away(error: DBAPIError, state: str) -> bool:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & _PRIMARY_CODE in _PASSING_CODES
    if error.connection_invalidated or state.startswith(_PASSING_STATES):
        return True
    # If no server was reached, there is no state.
    return not state and isinstance(error, OperationalError)
