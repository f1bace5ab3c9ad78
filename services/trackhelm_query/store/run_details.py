"""Statements that read all that is shown of runs: one statement a kind, whatever the number of runs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import (
    Dataset,
    RunDataset,
    RunDatasetTag,
    RunModelInput,
    RunModelOutput,
    RunParam,
    RunTag,
    Series,
)
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_query.records import Rows, RunRecords

_NONE: Rows = ()


def run_records(session: Session, runs: Rows) -> RunRecords:
    """Return runs, whose first column is their internal id, with their details."""
    ids = [row[0] for row in runs]
    params = _key_values(session, RunParam, ids)
    tags = _key_values(session, RunTag, ids)
    metrics = _latest_metrics(session, ids)
    key_ids = {row[1] for rows in (params, tags, metrics) for row in rows}
    uses = _dataset_uses(session, ids)
    return RunRecords(
        runs=runs,
        key_names=keys_of(session).names(session, key_ids),
        params=params,
        tags=tags,
        metrics=metrics,
        dataset_uses=uses,
        datasets=_datasets(session, sorted({row[2] for row in uses})) if uses else _NONE,
        dataset_tags=_dataset_tags(session, [row[0] for row in uses]) if uses else _NONE,
        model_inputs=_model_inputs(session, ids),
        model_outputs=_model_outputs(session, ids),
    )


def _rows(session: Session, statement: Select[*tuple[Any, ...]]) -> Rows:
    # By the connection: the session would copy every row on its way to objects that are not asked for.
    return session.connection().execute(statement).all()


def _key_values(session: Session, table: type[RunParam] | type[RunTag], run_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(table.run_id, table.key_id, table.value)
        .where(is_any_of(session, table.run_id, run_ids))
        .order_by(table.run_id, table.key_id),
    )


def _latest_metrics(session: Session, run_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(Series.run_id, Series.key_id, Series.last_value, Series.last_timestamp, Series.last_step)
        .where(is_any_of(session, Series.run_id, run_ids), Series.label_set_id == NO_LABELS_ID)
        .order_by(Series.run_id, Series.key_id),
    )


def _dataset_uses(session: Session, run_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(RunDataset.id, RunDataset.run_id, RunDataset.dataset_id)
        .where(is_any_of(session, RunDataset.run_id, run_ids))
        .order_by(RunDataset.id),
    )


def _datasets(session: Session, dataset_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(
            Dataset.id,
            Dataset.name,
            Dataset.digest,
            Dataset.source_type,
            Dataset.source,
            Dataset.schema,
            Dataset.profile,
        ).where(is_any_of(session, Dataset.id, dataset_ids)),
    )


def _dataset_tags(session: Session, use_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(RunDatasetTag.run_dataset_id, RunDatasetTag.key, RunDatasetTag.value)
        .where(is_any_of(session, RunDatasetTag.run_dataset_id, use_ids))
        .order_by(RunDatasetTag.run_dataset_id, RunDatasetTag.key),
    )


def _model_inputs(session: Session, run_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(RunModelInput.run_id, RunModelInput.model_id)
        .where(is_any_of(session, RunModelInput.run_id, run_ids))
        .order_by(RunModelInput.run_id, RunModelInput.model_id),
    )


def _model_outputs(session: Session, run_ids: Sequence[int]) -> Rows:
    return _rows(
        session,
        select(RunModelOutput.run_id, RunModelOutput.model_id, RunModelOutput.step)
        .where(is_any_of(session, RunModelOutput.run_id, run_ids))
        .order_by(RunModelOutput.run_id, RunModelOutput.step, RunModelOutput.model_id),
    )
