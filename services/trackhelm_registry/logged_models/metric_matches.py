"""Comparisons with a logged model's metric in a filter, and the newest point of a metric for sorting."""

import json
import math
import operator as operators
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.statements import dialect_of, is_any_of
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.search.compile import check_comparison
from trackhelm_core.search.entity import EntitySearch, MetricCollection, ResolvedKey, resolve_field
from trackhelm_core.search.expression import Aggregate, Comparison, Expression, Field, Operator, Or
from trackhelm_domain.tables import Key, LabelSet, LoggedModel, MetricChunk, Series
from trackhelm_domain.tables.lifecycle import LifecycleStage
from trackhelm_registry.logged_models.search_fields import METRICS
from trackhelm_registry.logged_models.store import is_labelled

# A comparison with a logged model's metric is true if any point of the metric fulfils it, as in MLflow.
#
# The summaries of the metric's series nearly always decide this. Where they do not (whether there is a point
# between the least and the greatest, or which points are not finite), the points are read.

# Each model becomes a parameter beside those of the filter, and SQLite allows 32,766 parameters in all.
_MOST_MODELS: Final = 5_000

# A chunk may have megabytes, so only a few are in memory at a time.
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
"""The aggregates that decide a comparison for the finite points of a metric, beside the last point."""

_ORDERING: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.GT: operators.gt,
    Operator.GE: operators.ge,
    Operator.LT: operators.lt,
    Operator.LE: operators.le,
}


class Matches:
    """Turns comparisons with metrics into conditions on points, for models that fulfil some conditions."""

    def __init__(
        self, session: Session, entity: EntitySearch, conditions: Sequence[ColumnElement[bool]]
    ) -> None:
        self._session = session
        self._entity = entity
        self._conditions = conditions

    def of(self, comparison: Comparison) -> Expression:
        """Return what a comparison means; one without a metric, or with an aggregate, stays unchanged."""
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
        """Return models that have a point which fulfils a comparison though no summary shows it."""
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
    """Return the conditions for the models of experiments that are not deleted."""
    return [
        is_any_of(session, LoggedModel.experiment_id, experiments),
        LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE,
    ]


def _numbers(comparison: Comparison) -> list[float]:
    value = comparison.value
    members = value if isinstance(value, tuple) else (value,)
    return [float(member) for member in members if isinstance(member, int | float)]


def _is_open(operator: Operator, numbers: Sequence[float]) -> ColumnElement[bool]:
    """Return the condition that a series' summary does not decide whether a point fulfils a comparison."""
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


# The newest point of a logged model's metric, by which MLflow sorts models: by time first, then by step.
#
# A series' summary has its last point, by step first. This is the same point, unless a script returned to
# earlier steps, as it does when it resumes from a checkpoint. Of such series the newest points are read.

_Found: TypeAlias = tuple[int, int, float]
"""Timestamp, step and value of a point."""


class Newest(NamedTuple):
    """Timestamp, step and value of the newest point of a series; the value is NULL where it is NaN."""

    timestamp: ColumnElement[int]
    step: ColumnElement[int]
    value: ColumnElement[float | None]


def newest_points(session: Session, experiments: Sequence[int], key: str) -> Newest:
    """Return the newest points of the series with a key that belong to models of experiments."""
    last = Newest(
        type_coerce(Series.last_timestamp, BigInteger()),
        type_coerce(Series.last_step, BigInteger()),
        type_coerce(Series.last_value, Double()),
    )
    found = _newer_than_the_last(session, experiments, key)
    if not found:
        return last
    # All of them are one parameter, however many there are.
    if dialect_of(session) == "postgresql":
        texts = {number: [str(part) for part in point] for number, point in found.items()}
        of_series = cast(literal(json.dumps(texts)), JSONB)[cast(Series.id, Text)]
        known = of_series.is_not(None)
        read = [of_series[place].astext for place in range(3)]
        value = func.nullif(cast(read[2], Double()), literal_column("'NaN'::float8"))
    else:
        # JSON has no infinity, but SQLite writes it in this way; null stands for NaN.
        text = json.dumps(found).replace("Infinity", "9e999").replace("NaN", "null")
        path = literal_column("'$.\"'").op("||")(Series.id).op("||")(literal_column("'\"'"))
        known = func.json_type(text, path).is_not(None)
        read = [func.json_extract(text, path.op("||")(literal_column(f"'[{place}]'"))) for place in range(3)]
        value = read[2]
    return Newest(
        case((known, cast(read[0], BigInteger())), else_=last.timestamp),
        case((known, cast(read[1], BigInteger())), else_=last.step),
        case((known, type_coerce(value, Double())), else_=last.value),
    )


def _newer_than_the_last(session: Session, experiments: Sequence[int], key: str) -> dict[int, _Found]:
    """Return the newest points of those series in which they are newer than the last point by step."""
    chunks = (
        select(MetricChunk.series_id, MetricChunk.data)
        .select_from(LoggedModel)
        .join(LabelSet, LabelSet.model_id == LoggedModel.model_id)
        .join(Series, Series.label_set_id == LabelSet.id)
        .join(Key, Key.id == Series.key_id)
        .join(MetricChunk, MetricChunk.series_id == Series.id)
        .where(
            *active_models_of(session, experiments),
            is_labelled(),
            Key.name == key,
            Series.count > 1,
            MetricChunk.max_timestamp > Series.last_timestamp,
        )
        .execution_options(yield_per=_ROWS_AT_A_TIME)
    )
    found: dict[int, _Found] = {}
    with session.execute(chunks) as rows:
        for series_id, data in rows:
            newest = _newest(decode(data))
            found[series_id] = max(found.get(series_id, newest), newest, key=_rank)
    return found


def _newest(points: Points) -> _Found:
    index = int(np.lexsort((points.values, points.steps, points.timestamps))[-1])
    return int(points.timestamps[index]), int(points.steps[index]), float(points.values[index])


def _rank(point: _Found) -> tuple[Any, ...]:
    timestamp, step, value = point
    return timestamp, step, math.isnan(value), value
