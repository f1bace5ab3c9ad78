"""EXISTS from a SELECT: how nearly every collection is searched. The tables are in the caller's SELECT."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select

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


def _exists(values: Select[Any], predicate: Predicate) -> ColumnElement[bool]:
    (column,) = values.selected_columns
    return values.where(predicate(column)).exists()
