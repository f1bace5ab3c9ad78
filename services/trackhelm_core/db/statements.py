"""The declarative base of every table, and what statements need that run on both databases.

That is columns, lists as one parameter, upserts, and rows without objects. Must know no table.
"""

import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    CursorResult,
    Double,
    Executable,
    Integer,
    MetaData,
    SQLColumnExpression,
    String,
    Table,
    any_,
    bindparam,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator

# Column types.

# SQLite generates ids only for a column whose type is exactly INTEGER (which holds 64 bits).
BigId = BigInteger().with_variant(Integer(), "sqlite")

# Compared by bytes on both databases, so that everything below a location is one range of keys. A key has at
# most 128 parts of 16 characters.
LOCATION_KEY = String(2048).with_variant(String(2048, collation="C"), "postgresql")


class MetricValue(TypeDecorator[float]):
    """A double whose NaN is stored as NULL.

    SQLite always turns a bound NaN into NULL. PostgreSQL stores NaN, but sorts it above infinity and treats
    it as equal to itself. With NULL on both, a search has one meaning: neither less, equal nor greater. Only
    for columns that always have a value.
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Store NaN as NULL."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """Read NULL as NaN."""
        return math.nan if value is None else value


# The declarative base. It names every constraint, so that a later migration can refer to it.


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that are built again for each of many requests.

    From the attributes of a model the ORM builds a statement of its own kind, which takes twice as long.
    """
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return table


def dialect_of(session: Session) -> str:
    """Return SQLAlchemy's name of the session's database: `postgresql` or `sqlite`."""
    return session.get_bind().dialect.name


# Membership in a list of any length, as one parameter of a statement.
#
# `IN` with a parameter for each value is limited to 32,766 values on SQLite and 65,535 on PostgreSQL, and
# each length of the list is another statement to compile and to plan.

Values = Sequence[int] | Sequence[str]


def is_any_of(session: Session, column: SQLColumnExpression[Any], values: Values) -> ColumnElement[bool]:
    """Return the condition that a column of integers or text has one of the values."""
    dialect = dialect_of(session)
    return _is_member(dialect, column, literal(list_parameter(dialect, values), _list_type(dialect, column)))


def is_in_parameter(dialect: str, column: SQLColumnExpression[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of a named parameter's values, for a prepared statement.

    `list_parameter` makes the value of the parameter.
    """
    return _is_member(dialect, column, bindparam(name, type_=_list_type(dialect, column)))


def list_parameter(dialect: str, values: Values) -> list[int] | list[str] | str:
    """Return the values as the database takes them in one parameter."""
    listed: list[Any] = list(values)
    return listed if dialect == "postgresql" else json.dumps(listed)


def _list_type(dialect: str, column: SQLColumnExpression[Any]) -> ARRAY[Any] | None:
    return ARRAY(column.label(None).type) if dialect == "postgresql" else None


def _is_member(
    dialect: str, column: SQLColumnExpression[Any], values: ColumnElement[Any]
) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == any_(values)
    listed = func.json_each(values).table_valued("value")
    return column.in_(select(listed.c.value))


# INSERT … ON CONFLICT for both databases: SQLAlchemy has one for each dialect, with the same methods.


def insert_for(dialect: str, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that has `on_conflict_do_…`, for a database named as SQLAlchemy names it."""
    table = table_of(model)
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def upsert(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], *, update: Sequence[str] = ()
) -> int:
    """Insert rows; a row whose primary key exists gets the new values of `update`, or is left as it is.

    Return how many rows were inserted or updated.

    Pass the rows in the same order everywhere (sorted by key): two transactions that lock the same rows in
    opposite orders deadlock.
    """
    if not rows:
        return 0
    statement = insert_for(dialect_of(session), model)
    if update:
        statement = statement.on_conflict_do_update(
            index_elements=inspect(model).primary_key,
            set_={name: statement.excluded[name] for name in update},
        )
    else:
        statement = statement.on_conflict_do_nothing()
    result = session.execute(statement, list(rows))
    assert isinstance(result, CursorResult)
    return result.rowcount


# Rows as the driver returns them, for reads of tens of thousands of rows: no object for each row and no
# conversion of each value.
#
# SQLAlchemy makes a `Row` of each of the driver's tuples, and its types convert each value. For a page of
# 1,000 runs (45,000 rows) that took, by estimate, as long as the database itself. PostgreSQL sends such rows
# in binary form: in one measurement, doubles took 13 ms in binary form and 24 ms as decimal digits.

PlainRows = Sequence[tuple[Any, ...]]

BINARY: Final = "trackhelm_binary"
"""Execution option of a statement whose rows PostgreSQL sends in binary form; the engine reads it."""

_OPTIONS: Final = {BINARY: True}


def plain_rows(
    session: Session, statement: Executable, parameters: Mapping[str, object] | None = None
) -> PlainRows:
    """Return all rows of a SELECT as tuples of the stored values: a metric that is NaN is None."""
    return _fetched(session.connection().execute(statement, parameters, execution_options=_OPTIONS))


# Statements that are run again and again, whose text is made once.
#
# To find a statement's text in its cache, SQLAlchemy walks the whole statement: for a search sorted by three
# metrics 1 ms, of which SQLite needs 2.


class Prepared:
    """A statement as text for one dialect, with the values that are known when it is prepared.

    The others are named parameters, and are passed as the driver takes them.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        named = {name for name, bind in compiled.binds.items() if bind.required}
        # Lists of values are written out. Those of named parameters do not matter: they are no such lists.
        state = compiled.construct_expanded_state(dict.fromkeys(named))
        self._text = state.statement
        self._positions = state.positiontup
        self._options = statement.get_execution_options()
        self._values: dict[str, Any] = {}
        for name, value in state.parameters.items():
            process = None if name in named else state.processors.get(name)
            self._values[name] = process(value) if callable(process) else value

    def run(self, session: Session, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Run the statement once."""
        values = {**self._values, **parameters}
        bound = values if self._positions is None else tuple([values[name] for name in self._positions])
        return session.connection().exec_driver_sql(self._text, bound, execution_options=self._options)

    def rows(self, session: Session, parameters: Mapping[str, Any]) -> PlainRows:
        """Run the statement and return all its rows, as `plain_rows` does."""
        return _fetched(self.run(session, parameters))


def _fetched(result: CursorResult[Any]) -> PlainRows:
    assert result.cursor is not None, "a SELECT has rows"
    rows: PlainRows = result.cursor.fetchall()
    result.close()
    return rows


_prepared: WeakKeyDictionary[Dialect, dict[Hashable, Prepared]] = WeakKeyDictionary()


def prepared(session: Session, build: Callable[..., Executable], *arguments: Hashable) -> Prepared:
    """Return what `build` makes of the name of the session's dialect and the arguments, prepared once."""
    dialect = session.get_bind().dialect
    known = _prepared.setdefault(dialect, {})
    key = (build, *arguments)
    found = known.get(key)
    if found is None:
        found = known[key] = Prepared(build(dialect.name, *arguments), dialect)
    return found
