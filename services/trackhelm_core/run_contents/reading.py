"""Statements that read runs with all that is shown of them: a fixed number, whatever the number of runs.

Nearly everything comes by one statement: each one costs a small request a tenth of its time or more.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.lists import is_any_of, is_in_parameter, list_parameter
from trackhelm_core.db.models import Dataset, Run, RunDatasetTag
from trackhelm_core.db.models.base import table_of
from trackhelm_core.db.plain_rows import PlainRows, plain_rows
from trackhelm_core.run_contents.records import KEYED, Detail, Rows, RunRecords
from trackhelm_core.run_contents.selects import details

_RUN = table_of(Run).c
RUN_COLUMNS = (
    _RUN.id,
    _RUN.uuid,
    _RUN.name,
    _RUN.experiment_id,
    _RUN.user_id,
    _RUN.status,
    _RUN.start_time,
    _RUN.end_time,
    _RUN.artifact_uri,
    _RUN.lifecycle_stage,
)

_RUN_IDS = "run_ids"
_UUID = "uuid"


def run_by_uuid(session: Session, run_id: str) -> RunRecords | None:
    """Return a run, active or deleted, with its details, if there is one."""
    rows = plain_rows(session, _run_with_details(), {_UUID: run_id})
    if not rows:
        return None
    width = len(RUN_COLUMNS)
    return _records(session, [rows[0][:width]], [row[width:] for row in rows if row[width] is not None])


def run_records(
    session: Session, runs: Rows | PlainRows, documents: Mapping[int, bytes] | None = None
) -> RunRecords:
    """Return runs, given in the form of `RUN_COLUMNS`, with the documents given, the others with details."""
    documents = documents or {}
    if not (rest := [row[0] for row in runs if row[0] not in documents]):
        return RunRecords(runs, documents=documents)
    dialect = session.get_bind().dialect.name
    found = plain_rows(session, _details(dialect), {_RUN_IDS: list_parameter(dialect, rest)})
    return _records(session, runs, found, documents)


def _records(
    session: Session,
    runs: Rows | PlainRows,
    found: PlainRows,
    documents: Mapping[int, bytes] = MappingProxyType({}),
) -> RunRecords:
    uses = [row for row in found if row[0] == Detail.DATASET]
    return RunRecords(
        runs=runs,
        details=found,
        key_names=keys_of(session).names(session, {row[2] for row in found if row[0] in KEYED}),
        datasets=_datasets(session, sorted({row[2] for row in uses})) if uses else [],
        dataset_tags=_dataset_tags(session, [row[5] for row in uses]) if uses else [],
        documents=documents,
    )


@cache
def _details(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    return details(lambda run_id: is_in_parameter(dialect, run_id, _RUN_IDS))


@cache
def _run_with_details() -> Select[*tuple[Any, ...]]:
    asked = aliased(Run)
    own_id = select(asked.id).where(asked.uuid == bindparam(_UUID)).scalar_subquery()
    shown = details(lambda run_id: run_id == own_id).subquery()
    return (
        select(*RUN_COLUMNS, *shown.columns)
        .select_from(Run)
        .outerjoin(shown, shown.c.run == Run.id)
        .where(Run.uuid == bindparam(_UUID))
    )


def _datasets(session: Session, dataset_ids: Sequence[int]) -> PlainRows:
    return plain_rows(
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


def _dataset_tags(session: Session, use_ids: Sequence[int]) -> PlainRows:
    return plain_rows(
        session,
        select(RunDatasetTag.run_dataset_id, RunDatasetTag.key, RunDatasetTag.value)
        .where(is_any_of(session, RunDatasetTag.run_dataset_id, use_ids))
        .order_by(RunDatasetTag.run_dataset_id, RunDatasetTag.key),
    )
