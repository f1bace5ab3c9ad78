"""The points of logged models' metrics, read from the chunks of their series: all of them, up to a number.

A series of one point needs no chunk: its summary is the point. Of a longer one that does not fit, only the
chunks with its newest points are read, whatever its length.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_core.chunks import Points, decode, merge
from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Key, LabelSet, LoggedModel, MetricChunk, Run, Series
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.limits import LOGGED_MODEL_POINTS
from trackhelm_core.wire.replies import wire_number
from trackhelm_core.wire.runs import Metric
from trackhelm_registry.store.logged_model_metrics import is_labelled

# Chunks hold up to megabytes: a few at a time are in memory beside what was made of them.
_ROWS_AT_A_TIME = 64


class ModelSeries(NamedTuple):
    """A series of a model, by the model's integer id. `points` may count twice what was sent twice."""

    model: int
    id: int
    key: str
    run_id: str
    labels: str
    points: int
    last_step: int
    last_timestamp: int
    last_value: float


SeriesOfModels: TypeAlias = Mapping[int, Sequence[ModelSeries]]


class ModelPoints(NamedTuple):
    """Points of a model's metrics by time, and whether there are others, older than those of their series."""

    metrics: Sequence[Metric] = ()
    is_partial: bool = False


def series_of_models(session: Session, ids: Sequence[int]) -> SeriesOfModels:
    """Return the series of models by the models' integer ids, in order of key, run and labels."""
    statement = (
        select(
            LoggedModel.id,
            Series.id,
            Key.name,
            Run.uuid,
            LabelSet.labels,
            Series.count,
            Series.last_step,
            Series.last_timestamp,
            Series.last_value,
        )
        .join(LabelSet, LabelSet.model_id == LoggedModel.model_id)
        .join(Series, Series.label_set_id == LabelSet.id)
        .join(Key, Key.id == Series.key_id)
        .join(Run, Run.id == Series.run_id)
        .where(
            is_any_of(session, LoggedModel.id, ids),
            is_labelled(),
            Run.lifecycle_stage != LifecycleStage.PURGED,
        )
        .order_by(LoggedModel.id, Key.name, Run.uuid, LabelSet.id)
    )
    rows = map(ModelSeries._make, session.execute(statement))
    return {model: list(series) for model, series in groupby(rows, key=attrgetter("model"))}


def models_that_fit(ids: Sequence[int], series: SeriesOfModels) -> int:
    """Return how many models, from the first, have as many points as an answer holds; at least one."""
    points = (sum(each.points for each in series.get(model, ())) for model in ids)
    totals = accumulate(min(number, LOGGED_MODEL_POINTS) for number in points)
    return max(1, sum(total <= LOGGED_MODEL_POINTS for total in totals))


def points_of_models(session: Session, series: SeriesOfModels) -> Mapping[int, ModelPoints]:
    """Return the points of models. Of one that has too many, the longest series have their newest."""
    shares = {model: _share([each.points for each in found]) for model, found in series.items()}
    long = [each for found in series.values() for each in found if each.points > 1]
    cut = {each.id for each in long if each.points > shares[each.model]}
    read = _read(session, [each.id for each in long if each.id not in cut])
    for each in long:
        if each.id in cut:
            read[each.id] = _newest(session, each.id, shares[each.model])
    return {
        model: ModelPoints(
            _by_time([(each, read.get(each.id) or _only_point(each)) for each in found]),
            any(each.id in cut for each in found),
        )
        for model, found in series.items()
    }


def _share(counts: Iterable[int]) -> int:
    """Return how many points each series of a model may have, so that an answer holds them all."""
    left, share = LOGGED_MODEL_POINTS, LOGGED_MODEL_POINTS
    ordered = sorted(counts)
    for index, count in enumerate(ordered):
        share = left // (len(ordered) - index)
        if count > share:
            return max(1, share)
        left -= count
    return LOGGED_MODEL_POINTS


def _read(session: Session, series_ids: Sequence[int]) -> dict[int, Points]:
    """Return the points of whole series."""
    if not series_ids:
        return {}
    statement = select(MetricChunk.series_id, MetricChunk.data)
    return _merged(session, statement.where(is_any_of(session, MetricChunk.series_id, series_ids)))


def _newest(session: Session, series_id: int, share: int) -> Points:
    """Return the newest points of a series, by (timestamp, step, value)."""
    chunk = MetricChunk
    bounds = session.execute(
        select(chunk.id, chunk.count.label("points"), chunk.min_timestamp, chunk.max_timestamp)
        .where(chunk.series_id == series_id)
        .order_by(chunk.max_timestamp.desc(), chunk.id)
    ).all()
    enough = sum(total < share for total in accumulate(row.points for row in bounds)) + 1
    # What reaches as far as these do may be newer than some point of them.
    oldest = min(row.min_timestamp for row in bounds[:enough])
    needed = [row.id for row in bounds if row.max_timestamp >= oldest]
    statement = select(chunk.series_id, chunk.data).where(is_any_of(session, chunk.id, needed))
    points = _merged(session, statement)[series_id]
    order = np.lexsort((points.values, points.steps, points.timestamps))[-share:]
    return Points(points.steps[order], points.timestamps[order], points.values[order])


def _merged(session: Session, chunks: Select[*tuple[Any, ...]]) -> dict[int, Points]:
    parts: defaultdict[int, list[Points]] = defaultdict(list)
    with session.execute(chunks.execution_options(yield_per=_ROWS_AT_A_TIME)) as rows:
        for series_id, data in rows:
            parts[series_id].append(decode(data))
    return {series_id: merge(found) for series_id, found in parts.items()}


def _only_point(series: ModelSeries) -> Points:
    return Points.of([series.last_step], [series.last_timestamp], [series.last_value])


def _by_time(found: Sequence[tuple[ModelSeries, Points]]) -> list[Metric]:
    """Return points of series in the wire's form, in the order in which they were logged, by their times."""
    steps = np.concatenate([points.steps for _, points in found])
    timestamps = np.concatenate([points.timestamps for _, points in found])
    values = np.concatenate([points.values for _, points in found])
    place = np.repeat(np.arange(len(found)), [len(points) for _, points in found])
    order = np.lexsort((values, place, steps, timestamps))
    common = list(_named(series for series, _ in found))
    columns = (column[order].tolist() for column in (place, values, timestamps, steps))
    return [
        Metric(common[index][0], wire_number(value), timestamp, step, *common[index][1:])
        for index, value, timestamp, step in zip(*columns, strict=True)
    ]


def _named(series: Iterable[ModelSeries]) -> Iterator[tuple[str, str | None, str | None, str | None, str]]:
    """Yield what the points of a series share: key, model, dataset's name and digest, run."""
    for each in series:
        labels = json.loads(each.labels)
        dataset = labels.get("dataset_name"), labels.get("dataset_digest")
        yield each.key, labels.get("model_id"), *dataset, each.run_id
