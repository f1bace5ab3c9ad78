"""What a failed statement means for the caller: retry, change the request, or it is a defect of ours.

The stock client retries a request that is answered 5xx for minutes, so only failures that may pass by
themselves are answered so.
"""

from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from trackhelm_core.errors import ApiError, InvalidParameterError, UnavailableError

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
        return UnavailableError("The database is not available. Send the request again.")
    return None


def _is_away(error: DBAPIError, state: str) -> bool:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & _PRIMARY_CODE in _PASSING_CODES
    if error.connection_invalidated or state.startswith(_PASSING_STATES):
        return True
    # If no server was reached, there is no state.
    return not state and isinstance(error, OperationalError)
