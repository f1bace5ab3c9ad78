"""Statements that read the datasets of experiments."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import Dataset, RunDataset, RunDatasetTag
from trackhelm_query.runs.fields import DATASET_CONTEXT


class UsedDataset(NamedTuple):
    """A dataset that runs of an experiment used, in one context."""

    experiment_id: int
    name: str
    digest: str
    context: str | None


def summaries(session: Session, experiment_ids: Sequence[int], limit: int) -> list[UsedDataset]:
    """Return the datasets that runs used, each once in each context."""
    context = RunDatasetTag.value
    found = session.execute(
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
    )
    return [UsedDataset(*row) for row in found]
