"""Rules for reading the datasets of experiments."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import SEARCH_DATASETS_EXPERIMENTS, SEARCH_DATASETS_ROWS
from trackhelm_core.validation import parse_experiment_id
from trackhelm_domain.access.checks import permitted_experiments
from trackhelm_query.datasets import store
from trackhelm_query.datasets.store import UsedDataset


def search_datasets(session: Session, experiment_ids: Sequence[str]) -> list[UsedDataset]:
    """Return the datasets that runs of experiments used; if there are very many, only the first."""
    if not experiment_ids:
        raise InvalidParameterError("SearchDatasets request must specify at least one experiment_id.")
    if len(experiment_ids) > SEARCH_DATASETS_EXPERIMENTS:
        raise InvalidParameterError(
            f"SearchDatasets request cannot specify more than {SEARCH_DATASETS_EXPERIMENTS} experiment_ids. "
            f"Received {len(experiment_ids)} experiment_ids."
        )
    searched = sorted({parse_experiment_id(experiment_id) for experiment_id in experiment_ids})
    return store.summaries(session, sorted(permitted_experiments(session, searched)), SEARCH_DATASETS_ROWS)
