"""Statements that write and read logged models, with the points of their metrics."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points, merge
from trackhelm_core.db.statements import is_any_of, upsert
from trackhelm_core.limits import LOGGED_MODEL_POINTS
from trackhelm_core.wire.replies import KeyValue, wire_number
from trackhelm_domain.access.checks import readable_models
from trackhelm_domain.runs.schemas import Metric
from trackhelm_domain.tables import (
    Key,
    LabelSet,
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    MetricChunk,
    ModelVersion,
    RegisteredModel,
    Run,
    Series,
)
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_registry.logged_models import messages
from trackhelm_registry.logged_models.messages import LoggedModelInfo


@dataclass(frozen=True, slots=True)
class DatasetFilter:
    """A dataset by its name, its digest, or both; an empty part matches any."""

    name: str = ""
    digest: str = ""


ANY_DATASET: Final = DatasetFilter()


def is_labelled() -> ColumnElement[bool]:
    """Return a condition that is true of all series of models, so that their partial index can be used."""
    return Series.label_set_id != literal_column(str(NO_LABELS_ID))


def on_datasets(session: Session, datasets: Sequence[DatasetFilter]) -> ColumnElement[bool]:
    """Return the condition that a label set names one of `datasets`, which must not be empty."""
    name, digest = _label(session, "dataset_name"), _label(session, "dataset_digest")
    return or_(
        *(
            and_(
                *([name == dataset.name] if dataset.name else ()),
                *([digest == dataset.digest] if dataset.digest else ()),
            )
            for dataset in datasets
        )
    )


def series_of_model(*columns: SQLColumnExpression[Any]) -> Select[Any]:
    """Select from the series of the model in the enclosing statement."""
    return (
        select(*columns)
        .select_from(LabelSet)
        .join(Series, Series.label_set_id == LabelSet.id)
        .join(Key, Key.id == Series.key_id)
        .where(LabelSet.model_id == LoggedModel.model_id, is_labelled())
        .correlate(LoggedModel)
    )


def _label(session: Session, name: str) -> ColumnElement[str]:
    # The names are constants and written out, because parameters would count against the limit.
    if session.get_bind().dialect.name == "postgresql":
        return cast(LabelSet.labels, JSON).op("->>", return_type=Text())(literal_column(f"'{name}'"))
    return func.json_extract(LabelSet.labels, literal_column(f"'$.{name}'"), type_=Text())


# The points of logged models' metrics, read from the chunks of their series, up to a limit.
#
# A series of one point needs no chunk, because its summary is the point. Of a longer series that does not
# fit, only the chunks with its newest points are read.

# A chunk may have megabytes, so only a few are in memory at a time beside the points that were read.
_ROWS_AT_A_TIME = 64


class ModelSeries(NamedTuple):
    """A series of a model, by the model's integer id. `points` may count a repeated point twice."""

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
    """Points of a model's metrics by time, and whether older points of their series were left out."""

    metrics: Sequence[Metric] = ()
    is_partial: bool = False


def series_of_models(session: Session, ids: Sequence[int]) -> SeriesOfModels:
    """Return the series of models by the models' integer ids, in the order of key, run and labels."""
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
    """Return how many models, from the first, fit into one answer with their points; at least one."""
    points = (sum(each.points for each in series.get(model, ())) for model in ids)
    totals = accumulate(min(number, LOGGED_MODEL_POINTS) for number in points)
    return max(1, sum(total <= LOGGED_MODEL_POINTS for total in totals))


def points_of_models(session: Session, series: SeriesOfModels) -> Mapping[int, ModelPoints]:
    """Return the points of models. Of a model with too many, the longest series have only their newest."""
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
    """Return how many points each series of a model may have, so that an answer can hold them all."""
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
    # Chunks that reach as far as these may contain points that are newer than some of theirs.
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
    """Return points of series as they are answered, in the order in which they were logged, by time."""
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
    """Yield what all points of a series share: key, model, the dataset's name and digest, run."""
    for each in series:
        labels = json.loads(each.labels)
        dataset = labels.get("dataset_name"), labels.get("dataset_digest")
        yield each.key, labels.get("model_id"), *dataset, each.run_id


# Ids for each statement: each is a parameter, of which SQLite allows 32,766.
_BATCH: Final = 10_000

Parts = Mapping[int, Sequence[Any]]
"""The parts of a model (such as its tags), by the model's integer id."""


def find_model(
    session: Session, model_id: str, *, allow_deleted: bool = False
) -> messages.LoggedModel | None:
    """Return a model, None if there is none; a deleted one only if `allow_deleted`."""
    statement = select(LoggedModel.id).where(LoggedModel.model_id == model_id)
    if not allow_deleted:
        statement = statement.where(LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE)
    found = session.scalar(statement)
    return None if found is None else read_models(session, [found], series_of_models(session, [found]))[0]


def read_models(session: Session, ids: Sequence[int], series: SeriesOfModels) -> list[messages.LoggedModel]:
    """Return the models of the integer ids `ids`, in that order, with the points of their series."""
    points = points_of_models(session, {model: series[model] for model in ids if model in series})
    batches = (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
    return [model for batch in batches for model in _read_batch(session, batch, points)]


def _read_batch(
    session: Session, ids: Sequence[int], points: Mapping[int, ModelPoints]
) -> Iterator[messages.LoggedModel]:
    models = {
        model.id: model for model in session.scalars(select(LoggedModel).where(LoggedModel.id.in_(ids)))
    }
    params, tags = (
        _params_or_tags(session, LoggedModelParam, ids),
        _params_or_tags(session, LoggedModelTag, ids),
    )
    registrations = _registrations(session, ids)
    for model_id in ids:
        info = _info(
            models[model_id], tags=tags.get(model_id, ()), registrations=registrations.get(model_id, ())
        )
        measured = points.get(model_id, ModelPoints())
        data = messages.LoggedModelData(
            params=params.get(model_id, ()),
            metrics=measured.metrics,
            metrics_are_partial=measured.is_partial,
        )
        yield messages.LoggedModel(info=info, data=data)


def _info(
    model: LoggedModel, *, tags: Sequence[KeyValue], registrations: Sequence[messages.Registration]
) -> messages.LoggedModelInfo:
    return messages.LoggedModelInfo(
        model_id=model.model_id,
        experiment_id=str(model.experiment_id),
        name=model.name,
        creation_timestamp_ms=model.creation_timestamp,
        last_updated_timestamp_ms=model.last_updated_timestamp,
        artifact_uri=model.artifact_uri,
        status=model.status,
        model_type=model.model_type,
        source_run_id=model.source_run_id,
        status_message=model.status_message,
        tags=tags,
        registrations=registrations,
    )


def _params_or_tags(
    session: Session, table: type[LoggedModelParam | LoggedModelTag], ids: Sequence[int]
) -> Parts:
    statement = select(table.logged_model_id, table.key, table.value)
    parts = defaultdict[int, list[Any]](list)
    for model, key, value in session.execute(
        statement.where(table.logged_model_id.in_(ids)).order_by(table.key)
    ):
        parts[model].append(KeyValue(key, value))
    return parts


def _registrations(session: Session, ids: Sequence[int]) -> Parts:
    statement = (
        select(LoggedModel.id, RegisteredModel.name, ModelVersion.version)
        .join(ModelVersion, ModelVersion.model_id == LoggedModel.model_id)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .where(LoggedModel.id.in_(ids))
        .order_by(RegisteredModel.name, ModelVersion.version)
    )
    if (readable := readable_models(session)) is not None:
        statement = statement.where(readable)
    parts = defaultdict[int, list[Any]](list)
    for model, name, version in session.execute(statement):
        parts[model].append(messages.Registration(name=name, version=str(version)))
    return parts


@dataclass(frozen=True, slots=True)
class ModelRef:
    """What a write needs to know about its model."""

    id: int
    stage: LifecycleStage
    status: str
    experiment_id: int


def insert_model(session: Session, info: LoggedModelInfo) -> int:
    """Insert an active model and return its integer id."""
    statement = insert(LoggedModel).values(
        model_id=info.model_id,
        experiment_id=int(info.experiment_id),
        name=info.name,
        model_type=info.model_type,
        source_run_id=info.source_run_id,
        status=info.status,
        status_message=info.status_message,
        artifact_uri=info.artifact_uri,
        creation_timestamp=info.creation_timestamp_ms,
        last_updated_timestamp=info.last_updated_timestamp_ms,
        lifecycle_stage=LifecycleStage.ACTIVE,
    )
    return session.execute(statement.returning(LoggedModel.id)).scalar_one()


def lock_model(session: Session, model_id: str) -> ModelRef | None:
    """Return a model, None if there is none. On PostgreSQL its row is locked until the commit."""
    statement = select(
        LoggedModel.id, LoggedModel.lifecycle_stage, LoggedModel.status, LoggedModel.experiment_id
    )
    statement = statement.where(LoggedModel.model_id == model_id).with_for_update()
    row = session.execute(statement).one_or_none()
    return None if row is None else ModelRef(row[0], LifecycleStage(row[1]), row[2], row[3])


def set_status(session: Session, model: int, status: str, *, now: int) -> None:
    """Set a model's status."""
    values = {"status": status, "last_updated_timestamp": now}
    session.execute(update(LoggedModel).where(LoggedModel.id == model).values(values))


def delete_model(session: Session, model: int, *, now: int) -> None:
    """Move a model to the bin."""
    values = {"lifecycle_stage": LifecycleStage.DELETED, "last_updated_timestamp": now}
    session.execute(update(LoggedModel).where(LoggedModel.id == model).values(values))


def find_params(session: Session, model: int, keys: Collection[str]) -> dict[str, str]:
    """Return those params of a model that have one of `keys`."""
    statement = select(LoggedModelParam.key, LoggedModelParam.value)
    statement = statement.where(LoggedModelParam.logged_model_id == model, LoggedModelParam.key.in_(keys))
    return {row.key: row.value for row in session.execute(statement)}


def add_params(session: Session, model: int, params: Mapping[str, str]) -> None:
    """Add those params that the model does not have."""
    upsert(session, LoggedModelParam, _rows(model, params))


def find_tags(session: Session, model: int, keys: Collection[str]) -> dict[str, str]:
    """Return those tags of a model that have one of `keys`."""
    statement = select(LoggedModelTag.key, LoggedModelTag.value).where(
        LoggedModelTag.logged_model_id == model, is_any_of(session, LoggedModelTag.key, sorted(keys))
    )
    return dict(session.execute(statement).all())


def set_tags(session: Session, model: int, tags: Mapping[str, str]) -> None:
    """Set tags; existing ones get the new value."""
    upsert(session, LoggedModelTag, _rows(model, tags), update=["value"])


def delete_tag(session: Session, model: int, key: str) -> str | None:
    """Delete a tag and return its value, None if there was none."""
    statement = delete(LoggedModelTag).where(
        LoggedModelTag.logged_model_id == model, LoggedModelTag.key == key
    )
    return session.scalar(statement.returning(LoggedModelTag.value))


def _rows(model: int, pairs: Mapping[str, str]) -> list[dict[str, int | str]]:
    return [{"logged_model_id": model, "key": key, "value": pairs[key]} for key in sorted(pairs)]
