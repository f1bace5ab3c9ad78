"""The newest point of a logged model's metric: MLflow sorts models by it, by time first and then by step.

A series' summary has its last point, by step first: the same one, unless a script went back to earlier steps,
as one does that goes on from a checkpoint. Of such series the newest points are read.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from trackhelm_core.chunks import Points, decode
from trackhelm_core.db.models import Key, LabelSet, LoggedModel, MetricChunk, Series
from trackhelm_core.db.upsert import dialect_of
from trackhelm_registry.store.logged_model_matches import active_models_of
from trackhelm_registry.store.logged_model_metrics import is_labelled

# Chunks hold up to megabytes: a few at a time are in memory.
_ROWS_AT_A_TIME = 64

_Found: TypeAlias = tuple[int, int, float]
"""Timestamp, step and value of a point."""


class Newest(NamedTuple):
    """Timestamp, step and value of the newest point of a series; the value is NULL where it is NaN."""

    timestamp: ColumnElement[int]
    step: ColumnElement[int]
    value: ColumnElement[float | None]


def newest_points(session: Session, experiments: Sequence[int], key: str) -> Newest:
    """Return what the newest points are of series, of a key, that belong to models of experiments."""
    last = Newest(
        type_coerce(Series.last_timestamp, BigInteger()),
        type_coerce(Series.last_step, BigInteger()),
        type_coerce(Series.last_value, Double()),
    )
    found = _newer_than_the_last(session, experiments, key)
    if not found:
        return last
    # One parameter, however many there are.
    if dialect_of(session) == "postgresql":
        texts = {number: [str(part) for part in point] for number, point in found.items()}
        of_series = cast(literal(json.dumps(texts)), JSONB)[cast(Series.id, Text)]
        known = of_series.is_not(None)
        read = [of_series[place].astext for place in range(3)]
        value = func.nullif(cast(read[2], Double()), literal_column("'NaN'::float8"))
    else:
        # JSON knows no infinity, but this is how SQLite writes it; the null is NaN.
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
    """Return the newest points of those series that have one which is newer than the last by step."""
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
