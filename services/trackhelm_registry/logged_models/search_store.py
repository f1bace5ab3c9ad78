"""The statement that finds a page of logged models, its comparisons with metrics, and what it sorts by."""

import json
import math
import operator as operators
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Label,
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
from trackhelm_core.search.compile import check_comparison, compile_filter
from trackhelm_core.search.entity import (
    EntitySearch,
    MetricCollection,
    ResolvedAttribute,
    ResolvedKey,
    keys_of_fields,
    resolve_field,
)
from trackhelm_core.search.grammar import (
    Aggregate,
    Comparison,
    Expression,
    Field,
    Operator,
    Or,
    comparisons,
    rewrite,
)
from trackhelm_core.search.pages import PageRequest, SortColumn, cut_page, read_page
from trackhelm_core.search.text import SearchSyntaxError
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables import Key, LabelSet, LoggedModel, MetricChunk, Run, Series
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_registry.logged_models.search_fields import METRICS, searchable
from trackhelm_registry.logged_models.store import (
    ANY_DATASET,
    DatasetFilter,
    SeriesOfModels,
    is_labelled,
    models_that_fit,
    on_datasets,
    series_of_model,
    series_of_models,
)

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


# The rank of rows that have a value, NaN, or no value: the same order ascending and descending.
_VALUE, _NAN, _MISSING = range(3)
_WORDS: Final = "Invalid order by field name: {field}"
_MAY_BE_MISSING: Final = frozenset({"model_type", "source_run_id"})


@dataclass(frozen=True, slots=True)
class Order:
    """What the caller sorts models by; a metric's value may be limited to one dataset."""

    field: Field
    descending: bool = False
    dataset: DatasetFilter = ANY_DATASET


def sort_columns(session: Session, orders: Sequence[Order], experiments: Sequence[int]) -> list[SortColumn]:
    """Return the sort columns of orders, with the creation time (newest first) and the id added as the last.

    Those of metrics are valid for models of `experiments` only.
    """
    columns: list[SortColumn] = []
    attributes: set[str] = set()
    entity = replace(searchable(session), unknown_words=_WORDS)
    for order in orders:
        match _resolve(order, entity):
            case ResolvedAttribute() as by:
                attributes.add(by.field.key)
                columns.extend(_attribute_columns(by, descending=order.descending))
            case ResolvedKey():
                columns.extend(_metric_columns(session, order, experiments))
    if "creation_timestamp" not in attributes:
        columns.append(SortColumn(LoggedModel.creation_timestamp, descending=True))
    if "model_id" not in attributes:
        columns.append(SortColumn(LoggedModel.model_id))
    return columns


def _resolve(order: Order, entity: EntitySearch) -> ResolvedAttribute | ResolvedKey:
    by = resolve_field(order.field, entity)
    if isinstance(by, ResolvedKey) and by.field.prefix != METRICS:
        reason = f"logged models are sorted by attributes and metrics, not by {by.field.prefix}"
        lead = _WORDS.format(field=order.field)
        raise SearchSyntaxError(reason, order.field.position, lead=lead)
    return by


def _attribute_columns(by: ResolvedAttribute, *, descending: bool) -> list[SortColumn]:
    column: Any = by.part.column
    if by.field.key not in _MAY_BE_MISSING:
        return [SortColumn(column, descending)]
    place = case((column.is_(None), _MISSING), else_=_VALUE)
    return [_place(place), SortColumn(func.coalesce(column, "", type_=Text()), descending)]


def _metric_columns(session: Session, order: Order, experiments: Sequence[int]) -> list[SortColumn]:
    """Sort by the newest point of the metric, of any run and dataset."""
    point = newest_points(session, experiments, order.field.key)

    def newest(column: ColumnElement[Any]) -> ColumnElement[Any]:
        statement = series_of_model(column).join(Run, Run.id == Series.run_id)
        statement = statement.where(Key.name == order.field.key)
        if order.dataset != ANY_DATASET:
            statement = statement.where(on_datasets(session, [order.dataset]))
        newest_first = point.timestamp.desc(), point.step.desc(), Run.uuid, Series.id
        return statement.order_by(*newest_first).limit(1).scalar_subquery()

    place = newest(case((point.value.is_(None), _NAN), else_=_VALUE))
    return [
        _place(func.coalesce(place, _MISSING)),
        SortColumn(func.coalesce(newest(point.value), 0.0, type_=Double()), order.descending),
    ]


def _place(expression: ColumnElement[Any]) -> SortColumn:
    # It is 64 bits wide, because PostgreSQL refuses a forged page token's number that the column cannot hold.
    return SortColumn(type_coerce(expression, BigInteger()))


@dataclass(frozen=True, slots=True)
class Search:
    """The models to find: those of some experiments that match an expression, if there is one.

    `datasets` limit the metrics that the expression sees. If it names no metric, a model must have been
    measured on one of them.
    """

    experiments: Sequence[int]
    expression: Expression | None = None
    datasets: Sequence[DatasetFilter] = ()


class FoundModels(NamedTuple):
    """A page of models: their integer ids, their series, and the token of the next page, if there is one."""

    ids: list[int]
    series: SeriesOfModels
    next_token: str


def find_models(
    session: Session, search: Search, order: Sequence[SortColumn], page: PageRequest
) -> FoundModels:
    """Return a page of models; the page is shorter if it would have more points than an answer holds."""
    # A sort column may be a subquery. It is computed once for each model and then compared by its name.
    computed: list[Label[Any]] = [term.column.label(f"computed_{index}") for index, term in enumerate(order)]
    found = select(LoggedModel.id, *computed).where(*_conditions(session, search)).subquery()
    named = [
        SortColumn(found.c[label.name], term.descending) for label, term in zip(computed, order, strict=True)
    ]
    models = read_page(session, select(found.c.id), named, page)
    ids = [row[0] for row in models.rows]
    series = series_of_models(session, ids)
    fitting = models_that_fit(ids, series)
    if fitting < len(ids):
        models = cut_page(models.rows, named, page._replace(limit=fitting))
    return FoundModels(ids[:fitting], series, models.next_token)


def _conditions(session: Session, search: Search) -> list[ColumnElement[bool]]:
    conditions = active_models_of(session, search.experiments)
    compared = () if search.expression is None else comparisons(search.expression)
    names = keys_of_fields(comparison.field for comparison in compared)
    entity = searchable(session, search.datasets, keys_of(session).ids(session, names))
    if search.expression is not None:
        measured = [on_datasets(session, search.datasets)] if search.datasets else []
        matches = Matches(session, entity, [*conditions, *measured])
        conditions.append(compile_filter(rewrite(search.expression, matches.of), entity))
    if search.datasets and not _names_metrics(search.expression, entity):
        conditions.append(
            series_of_model(LoggedModel.id).where(on_datasets(session, search.datasets)).exists()
        )
    return conditions


def _names_metrics(expression: Expression | None, entity: EntitySearch) -> bool:
    compared = () if expression is None else comparisons(expression)
    return any(resolve_field(comparison.field, entity).field.prefix == METRICS for comparison in compared)
