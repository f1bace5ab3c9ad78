"""Statements that read the datasets of experiments."""

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.runs.schemas import Rows
from trackhelm_domain.tables import Dataset, RunDataset, RunDatasetTag
from trackhelm_query.runs.fields import DATASET_CONTEXT


def summaries(session: Session, experiment_ids: Sequence[int], limit: int) -> Rows:
    """Return experiment id, name, digest and context of datasets that runs used, each combination once."""
    context = RunDatasetTag.value
    return session.execute(
        select(Dataset.experiment_id, Dataset.name, Dataset.digest, context)
        .join(RunDataset, RunDataset.dataset_id == Dataset.id)
        .outerjoin(
            RunDatasetTag,
            and_(RunDatasetTag.run_dataset_id == RunDataset.id, RunDatasetTag.key == DATASET_CONTEXT),
        )
        .where(is_any_of(session, Dataset.experiment_id, experiment_ids))
        .distinct()
        .order_by(Dataset.experiment_id, Dataset.name, Dataset.digest, context)
        .limit(limit)
    ).all()
