"""Column types whose value in Python differs from what the databases store."""

import math

from sqlalchemy import BigInteger, Double, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# SQLite gives out ids by itself only for a column whose type is exactly INTEGER (which holds 64 bits).
BigId = BigInteger().with_variant(Integer(), "sqlite")


class MetricValue(TypeDecorator[float]):
    """A double whose NaN is stored as NULL.

    SQLite turns a bound NaN into NULL whatever we wish; PostgreSQL keeps it but sorts it above infinity
    and calls it equal to itself. NULL on both gives search one meaning: not known to be less, equal or
    greater. Only for columns that always have a value.
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Store NaN as NULL."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """Read NULL as NaN."""
        return math.nan if value is None else value
