"""Rows as the driver gives them, for reads of tens of thousands: no object a row, no conversion a value.

Between the driver's tuples and the caller SQLAlchemy makes a `Row` of each, and types convert each value: on
a page of 1,000 runs, 45,000 rows, that took, by estimate, as long as the database. PostgreSQL sends such rows
in binary form: in one run, doubles took 13 ms so and 24 ms as decimal digits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable
from sqlalchemy.orm import Session

PlainRows = Sequence[tuple[Any, ...]]

BINARY: Final = "trackhelm_binary"
"""Execution option of a statement whose answer PostgreSQL sends in binary form; the engine heeds it."""

_OPTIONS: Final = {BINARY: True}


def plain_rows(
    session: Session, statement: Executable, parameters: Mapping[str, object] | None = None
) -> PlainRows:
    """Return all rows of a SELECT as tuples of what the database holds: a metric that is NaN is None."""
    result = session.connection().execute(statement, parameters, execution_options=_OPTIONS)
    assert result.cursor is not None, "a SELECT has rows"
    rows: PlainRows = result.cursor.fetchall()
    result.close()
    return rows
