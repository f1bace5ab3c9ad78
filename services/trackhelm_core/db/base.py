"""The declarative base of every table, and the column types that the tables share."""

import math

from sqlalchemy import BigInteger, Double, Integer, MetaData, String, Table, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
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
