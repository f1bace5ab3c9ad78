"""EXISTS from a SELECT: how nearly every collection is searched. The tables are in the caller's SELECT."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column

from trackhelm_core.search.entity import MetricExists, Predicate, StringExists
from trackhelm_core.search.expression import Aggregate


def string_rows(values: Callable[[str], Select[Any]]) -> StringExists:
    """Search the values that `values(key)` selects: one column, the rows tied to the searched entity's.

    The SELECT names the entity's table in its WHERE and in `.correlate(...)`, for instance
    `select(Tag.value).where(Tag.run_id == Run.id, Tag.key == key).correlate(Run)`.
    """

    def exists(key: str, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key), predicate)

    return exists


def metric_rows(values: Callable[[str, Aggregate], Select[Any]]) -> MetricExists:
    """Search the values that `values(key, aggregate)` selects, likewise."""

    def exists(key: str, aggregate: Aggregate, predicate: Predicate) -> ColumnElement[bool]:
        return _exists(values(key, aggregate), predicate)

    return exists


_FENCE: ColumnElement[int] = literal_column("0")


def _exists(values: Select[Any], predicate: Predicate) -> ColumnElement[bool]:
    (column,) = values.selected_columns
    # OFFSET 0 leaves out no row, but PostgreSQL then looks each entity up by the index. Else it turns EXISTS
    # into a join or a hash table, for which it reads the rows of all experiments; and of many EXISTS one join
    # that explodes: 80 tags of logged models took 1.6 s.
    return values.where(predicate(column)).offset(_FENCE).exists()
