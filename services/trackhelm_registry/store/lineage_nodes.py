"""Statements that say what the nodes of a graph of lineage are: one a kind, however many there are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import LoggedModel, ModelVersion, RegisteredModel, Run

Attributes = Mapping[str, str]


def runs(session: Session, run_ids: Sequence[str]) -> Mapping[str, Attributes]:
    """Return what is said of each run that is here, those in the bin among them."""
    statement = select(Run.uuid, Run.name, Run.experiment_id, Run.status, Run.lifecycle_stage)
    return {
        row.uuid: {
            "run_id": row.uuid,
            "name": row.name,
            "experiment_id": str(row.experiment_id),
            "status": row.status,
            "lifecycle_stage": row.lifecycle_stage,
        }
        for row in session.execute(statement.where(is_any_of(session, Run.uuid, run_ids)))
    }


def logged_models(session: Session, model_ids: Sequence[str]) -> Mapping[str, Attributes]:
    """Return what is said of each logged model that is here, those in the bin among them."""
    model = LoggedModel
    statement = select(
        model.model_id, model.name, model.experiment_id, model.status, model.lifecycle_stage
    ).where(is_any_of(session, model.model_id, model_ids))
    return {
        row.model_id: {
            "model_id": row.model_id,
            "name": row.name,
            "experiment_id": str(row.experiment_id),
            "status": row.status,
            "lifecycle_stage": row.lifecycle_stage,
        }
        for row in session.execute(statement)
    }


def versions(session: Session, ids: Sequence[int]) -> Mapping[int, Attributes]:
    """Return what is said of each version."""
    statement = (
        select(ModelVersion.id, RegisteredModel.name, ModelVersion.version, ModelVersion.current_stage)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .where(is_any_of(session, ModelVersion.id, ids))
    )
    return {
        row.id: {"name": row.name, "version": str(row.version), "stage": row.current_stage}
        for row in session.execute(statement)
    }
