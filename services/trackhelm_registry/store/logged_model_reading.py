"""Reading whole logged models: a fixed number of statements a batch, however many models are in it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import (
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    ModelVersion,
    RegisteredModel,
)
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.wire.replies import KeyValue
from trackhelm_registry.schemas import logged_model_replies as replies
from trackhelm_registry.store.logged_model_points import (
    ModelPoints,
    SeriesOfModels,
    points_of_models,
    series_of_models,
)

# Ids a statement: each is a parameter, of which SQLite takes 32,766.
_BATCH: Final = 10_000

Parts = Mapping[int, Sequence[Any]]
"""What belongs to a model, by the model's integer id."""


def find_model(session: Session, model_id: str, *, allow_deleted: bool = False) -> replies.LoggedModel | None:
    """Return a model, None if there is none; a deleted one only if asked for."""
    statement = select(LoggedModel.id).where(LoggedModel.model_id == model_id)
    if not allow_deleted:
        statement = statement.where(LoggedModel.lifecycle_stage == LifecycleStage.ACTIVE)
    found = session.scalar(statement)
    return None if found is None else read_models(session, [found], series_of_models(session, [found]))[0]


def read_models(session: Session, ids: Sequence[int], series: SeriesOfModels) -> list[replies.LoggedModel]:
    """Return the models of the integer ids `ids`, in that order, with the points of their series."""
    points = points_of_models(session, {model: series[model] for model in ids if model in series})
    batches = (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
    return [model for batch in batches for model in _read_batch(session, batch, points)]


def _read_batch(
    session: Session, ids: Sequence[int], points: Mapping[int, ModelPoints]
) -> Iterator[replies.LoggedModel]:
    models = {
        model.id: model for model in session.scalars(select(LoggedModel).where(LoggedModel.id.in_(ids)))
    }
    params, tags = _pairs(session, LoggedModelParam, ids), _pairs(session, LoggedModelTag, ids)
    registrations = _registrations(session, ids)
    for model_id in ids:
        info = _info(
            models[model_id], tags=tags.get(model_id, ()), registrations=registrations.get(model_id, ())
        )
        measured = points.get(model_id, ModelPoints())
        data = replies.LoggedModelData(
            params=params.get(model_id, ()),
            metrics=measured.metrics,
            metrics_are_partial=measured.is_partial,
        )
        yield replies.LoggedModel(info=info, data=data)


def _info(
    model: LoggedModel, *, tags: Sequence[KeyValue], registrations: Sequence[replies.Registration]
) -> replies.LoggedModelInfo:
    return replies.LoggedModelInfo(
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


def _pairs(session: Session, table: type[LoggedModelParam | LoggedModelTag], ids: Sequence[int]) -> Parts:
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
    parts = defaultdict[int, list[Any]](list)
    for model, name, version in session.execute(statement):
        parts[model].append(replies.Registration(name=name, version=str(version)))
    return parts
