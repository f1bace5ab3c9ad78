"""What a comparison with a logged model's metric means: that some point of it fulfils it, as in MLflow.

The summaries of its series say so nearly always. Where they leave it open, whether there is a point between
the least and the greatest, or which points are not finite, the points are read.
"""

import math
import operator as operators
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from trackhelm_core.chunks import decode
from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Key, LabelSet, LoggedModel, MetricChunk, Series
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.search.checks import check_comparison
from trackhelm_core.search.entity import EntitySearch, MetricCollection
from trackhelm_core.search.expression import Aggregate, Comparison, Expression, Field, Operator, Or
from trackhelm_core.search.resolve import ResolvedKey, resolve_field
from trackhelm_registry.store.logged_model_fields import METRICS
from trackhelm_registry.store.logged_model_metrics import is_labelled

# Each becomes a parameter of the statement, beside those of the filter, and SQLite takes 32,766 in all.
_MOST_MODELS: Final = 5_000

# Chunks hold up to megabytes: a few at a time are in memory.
_ROWS_AT_A_TIME: Final = 64

_SUMMARIES: Final[Mapping[Operator, Sequence[Aggregate]]] = {
    Operator.GT: (Aggregate.MAX,),
    Operator.GE: (Aggregate.MAX,),
    Operator.LT: (Aggregate.MIN,),
    Operator.LE: (Aggregate.MIN,),
    Operator.EQ: (Aggregate.MIN, Aggregate.MAX),
    Operator.NE: (Aggregate.MIN, Aggregate.MAX),
    Operator.IN: (Aggregate.MIN, Aggregate.MAX),
    Operator.NOT_IN: (Aggregate.MIN, Aggregate.MAX),
}
"""What decides about the finite points of a metric, beside the last point."""

_ORDERING: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
}


class Matches:
    """Says of comparisons with metrics which points count: those of models that fulfil some conditions."""

    def __init__(
        self, session: Session, entity: EntitySearch, conditions: Sequence[ColumnElement[bool]]
    ) -> None:
        self._session = session
        self._entity = entity
        self._conditions = conditions

    def of(self, comparison: Comparison) -> Expression:
        """Return what a comparison means; one that is no metric's, or names an aggregate, stays as it is."""
        resolved = resolve_field(comparison.field, self._entity)
        if not (isinstance(resolved, ResolvedKey) and isinstance(resolved.part, MetricCollection)):
            return comparison
        key, field = resolved.field.key, comparison.field
        names_aggregate = resolved.field.aggregate is not Aggregate.LAST or (
            field.is_bare and key != field.whole_key
        )
        if comparison.operator not in _SUMMARIES or names_aggregate:
            return comparison
        check_comparison(comparison, resolved, self._entity)
        if not resolved.part.has_key(key):
            return comparison
        numbers = _numbers(comparison)
        parts: list[Expression] = [comparison]
        if all(map(math.isfinite, numbers)):
            parts += [
                Comparison(Field(METRICS, key, field.position, each), comparison.operator, comparison.value)
                for each in _SUMMARIES[comparison.operator]
            ]
        if models := self._models_with_a_point(key, comparison.operator, numbers):
            parts.append(Comparison(Field(None, "model_id", field.position), Operator.IN, tuple(models)))
        return Or(tuple(parts)) if len(parts) > 1 else comparison

    def _models_with_a_point(self, key: str, operator: Operator, numbers: Sequence[float]) -> list[str]:
        """Return models of which no summary says that they have a point that fulfils a comparison."""
        is_open = _is_open(operator, numbers)
        statement = (
            select(Series.id, LoggedModel.model_id)
            .select_from(LoggedModel)
            .join(LabelSet, LabelSet.model_id == LoggedModel.model_id)
            .join(Series, Series.label_set_id == LabelSet.id)
            .join(Key, Key.id == Series.key_id)
            .where(*self._conditions, is_labelled(), Key.name == key, Series.count > 1, is_open)
        )
        series = dict(self._session.execute(statement).all())
        if not series:
            return []
        found: set[str] = set()
        chunks = (
            select(MetricChunk.series_id, MetricChunk.data)
            .where(is_any_of(self._session, MetricChunk.series_id, list(series)))
            .execution_options(yield_per=_ROWS_AT_A_TIME)
        )
        with self._session.execute(chunks) as rows:
            for series_id, data in rows:
                model_id = series[series_id]
                if model_id not in found and _has(decode(data).values, operator, numbers):
                    found.add(model_id)
        if len(found) > _MOST_MODELS:
            raise InvalidParameterError(
                f"More than {_MOST_MODELS} logged models are found by points of '{METRICS}.{key}' that are "
                "neither the last nor the least nor the greatest: search fewer experiments."
            )
        return sorted(found)


def active_models_of(session: Session, experiments: Sequence[int]) -> list[ColumnElement[bool]]:
    """Return what is true of the models of experiments that are not deleted."""
    return [
        is_any_of(session, LoggedModel.experiment_id, experiments),
        LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE,
    ]


def _numbers(comparison: Comparison) -> list[float]:
    value = comparison.value
    members = value if isinstance(value, tuple) else (value,)
    return [float(member) for member in members if isinstance(member, int | float)]


def _is_open(operator: Operator, numbers: Sequence[float]) -> ColumnElement[bool]:
    """Return whether the summary of a series leaves open whether it has a point that fulfils a comparison."""
    finite = [number for number in numbers if math.isfinite(number)]
    not_finite = Series.nonfinite_count > 0
    if operator not in {Operator.EQ, Operator.IN}:
        return not_finite
    between = and_(Series.min_value < max(finite), Series.max_value > min(finite)) if finite else None
    parts = [
        part for part in (between, not_finite if len(finite) < len(numbers) else None) if part is not None
    ]
    return or_(*parts)


def _has(values: NDArray[np.float64], operator: Operator, numbers: Sequence[float]) -> bool:
    if compare := _ORDERING.get(operator):
        return bool(compare(values, numbers[0]).any())
    members = np.isin(values, numbers)
    if any(map(math.isnan, numbers)):
        members |= np.isnan(values)
    return bool(members.any() if operator in {Operator.EQ, Operator.IN} else not members.all())
