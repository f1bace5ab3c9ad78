"""Rules about what a run read and made."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from trackhelm_ingest.datasets import store
from trackhelm_ingest.datasets.store import DatasetUse
from trackhelm_ingest.runs.logic import active_run
from trackhelm_ingest.runs.store import Lock


def log_inputs(session: Session, uuid: str, datasets: Sequence[DatasetUse], models: Sequence[str]) -> None:
    """Note datasets and models that a run read.

    A dataset is one by its name and digest within an experiment: the first description stays. A second
    use of one by the same run changes nothing, its tags neither. All are shown in the order of logging.
    """
    run = active_run(session, uuid, lock=Lock.OWN)
    store.add_dataset_uses(session, run, datasets)
    store.add_model_inputs(session, run.id, models)


def log_outputs(session: Session, uuid: str, models: Sequence[tuple[str, int]]) -> None:
    """Note models that a run made: id and step of each."""
    run = active_run(session, uuid, lock=Lock.OWN)
    store.add_model_outputs(session, run.id, models)
