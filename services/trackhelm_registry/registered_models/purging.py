"""Deletes logged models for good: their few rows at once, and their files by a tombstone."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record
from trackhelm_domain.deletion import FilesInUse, schedule_file_deletion
from trackhelm_domain.experiments import is_in_bin
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_registry.registered_models import store

_NOT_IN_BIN: Final = "it is not in the bin any more"


def kept_models(session: Session, in_use: FilesInUse, model_ids: Sequence[str]) -> dict[str, str]:
    """Return, by id, why models would be kept: because something else needs their files."""
    return _kept(session, in_use, store.find_models(session, model_ids, lock=False))


def purge_models(
    session: Session,
    in_use: FilesInUse,
    model_ids: Sequence[str],
    context: AuditContext,
    *,
    experiment_id: int | None = None,
) -> dict[str, str]:
    """Delete logged models in the bin for good, and return why some are kept.

    If `experiment_id` names an experiment in the bin, its models go with it, in the bin or not. If the
    experiment or a model was restored since the caller looked, the models are kept.
    """
    kept = dict.fromkeys(model_ids, _NOT_IN_BIN)
    # The experiment is locked before the models, in the order of writes that add to an experiment.
    if experiment_id is not None and not is_in_bin(session, experiment_id):
        return kept
    models = [
        model
        for model in store.find_models(session, model_ids, lock=True)
        if experiment_id == model.experiment_id or (experiment_id is None and _is_binned(model))
    ]
    for model in models:
        del kept[model.model_id]
    kept |= _kept(session, in_use, models)
    gone = [model for model in models if model.model_id not in kept]
    store.delete_models(session, [model.id for model in gone])
    for model in gone:
        entity = Entity(EntityType.LOGGED_MODEL, model.model_id)
        schedule_file_deletion(session, entity, model.artifact_uri, now=context.time)
        record(session, Change(entity, Action.PURGED, {"lifecycle_stage": model.stage}, None), context)
    return kept


def _is_binned(model: store.ModelFiles) -> bool:
    return model.stage == LifecycleStage.DELETED


def _kept(session: Session, in_use: FilesInUse, models: Sequence[store.ModelFiles]) -> dict[str, str]:
    roots = {model.model_id: model.artifact_uri for model in models}
    used = in_use.below(session, roots)
    return {model_id: f"its files are those of {user}" for model_id, user in used.items()}
