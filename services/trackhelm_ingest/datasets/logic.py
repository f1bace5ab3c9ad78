"""Rules for the inputs and outputs of runs."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from trackhelm_core.validation import check_run_id
from trackhelm_ingest.datasets import store
from trackhelm_ingest.datasets.store import DatasetUse
from trackhelm_ingest.runs.logic import active_run
from trackhelm_ingest.runs.store import Lock


def log_inputs(session: Session, uuid: str, datasets: Sequence[DatasetUse], models: Sequence[str]) -> None:
    """Add datasets and models as inputs of a run.

    A dataset is identified by its name and digest within an experiment; the first description is kept. A
    second use by the same run changes nothing, not even its tags. Inputs are answered in the order of
    logging.
    """
    run = active_run(session, check_run_id(uuid), lock=Lock.OWN)
    store.add_dataset_uses(session, run, datasets)
    store.add_model_inputs(session, run.id, models)


def log_outputs(session: Session, uuid: str, models: Sequence[tuple[str, int]]) -> None:
    """Add models as outputs of a run, given as (id, step)."""
    run = active_run(session, uuid, lock=Lock.OWN)
    store.add_model_outputs(session, run.id, models)
