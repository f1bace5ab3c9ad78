"""Statements about the inputs and outputs of runs: datasets and logged models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import dialect_of, insert_for, upsert
from trackhelm_domain.tables import Dataset, RunDataset, RunDatasetTag, RunModelInput, RunModelOutput
from trackhelm_ingest.runs.store import RunRef


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A dataset as a client describes it, and the tags of its use by the run."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    profile: str | None
    tags: Mapping[str, str]


def add_dataset_uses(session: Session, run: RunRef, uses: Sequence[DatasetUse]) -> None:
    """Add the datasets that are new to the experiment, and the uses that are new to the run, in order.

    The run's own row must be locked: two transactions that add its uses in different orders would deadlock.
    """
    by_name: dict[tuple[str, str], DatasetUse] = {}
    for use in uses:
        by_name.setdefault((use.name, use.digest), use)
    if not by_name:
        return
    ids = _dataset_ids(session, run.experiment_id, by_name)
    new = dict(_add_uses(session, run.id, [ids[name] for name in by_name]))
    tags = [
        {"run_dataset_id": new[ids[name]], "key": key, "value": value}
        for name, use in by_name.items()
        if ids[name] in new
        for key, value in use.tags.items()
    ]
    upsert(session, RunDatasetTag, tags)


def add_model_inputs(session: Session, run_id: int, models: Sequence[str]) -> None:
    """Add links to models that a locked run used, in order; an existing link is kept."""
    links = [{"run_id": run_id, "model_id": model_id} for model_id in dict.fromkeys(models)]
    _add_links(session, RunModelInput, run_id, links)


def add_model_outputs(session: Session, run_id: int, models: Sequence[tuple[str, int]]) -> None:
    """Add links to models that a locked run made, in order; an existing link is kept."""
    links = [
        {"run_id": run_id, "model_id": model_id, "step": step} for model_id, step in dict.fromkeys(models)
    ]
    _add_links(session, RunModelOutput, run_id, links)


def _add_links(
    session: Session,
    table: type[RunModelInput | RunModelOutput],
    run_id: int,
    links: Sequence[Mapping[str, object]],
) -> None:
    if links:
        behind = session.scalar(select(func.max(table.position)).where(table.run_id == run_id)) or 0
        rows = [{**link, "position": position} for position, link in enumerate(links, behind + 1)]
        upsert(session, table, rows)


def _dataset_ids(
    session: Session, experiment_id: int, uses: Mapping[tuple[str, str], DatasetUse]
) -> dict[tuple[str, str], int]:
    """Return the id of each dataset; new ones are inserted."""
    found = _find_datasets(session, experiment_id, sorted(uses))
    if new := [name for name in sorted(uses) if name not in found]:
        rows = [
            {
                "experiment_id": experiment_id,
                "name": uses[name].name,
                "digest": uses[name].digest,
                "source_type": uses[name].source_type,
                "source": uses[name].source,
                "schema": uses[name].schema,
                "profile": uses[name].profile,
            }
            for name in new
        ]
        upsert(session, Dataset, rows)
        found |= _find_datasets(session, experiment_id, new)
    return found


def _find_datasets(
    session: Session, experiment_id: int, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    statement = select(Dataset.name, Dataset.digest, Dataset.id).where(
        Dataset.experiment_id == experiment_id, tuple_(Dataset.name, Dataset.digest).in_(names)
    )
    return {(name, digest): dataset_id for name, digest, dataset_id in session.execute(statement)}


def _add_uses(session: Session, run_id: int, dataset_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Insert the uses that are new, in order, and return (dataset id, use id) of each of them."""
    statement = (
        insert_for(dialect_of(session), RunDataset)
        .on_conflict_do_nothing()
        .returning(RunDataset.dataset_id, RunDataset.id)
    )
    rows = [{"run_id": run_id, "dataset_id": dataset_id} for dataset_id in dataset_ids]
    return [(dataset_id, use_id) for dataset_id, use_id in session.execute(statement, rows)]
