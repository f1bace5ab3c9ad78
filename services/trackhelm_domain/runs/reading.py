"""The statements that read runs with all their details: a fixed number for any number of runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Double,
    Select,
    SQLColumnExpression,
    Text,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from trackhelm_core.db.statements import (
    PlainRows,
    is_any_of,
    is_in_parameter,
    list_parameter,
    plain_rows,
    table_of,
)
from trackhelm_domain.keys import keys_of
from trackhelm_domain.runs.schemas import KEYED, Detail, RunRecords, WrittenRun
from trackhelm_domain.tables import (
    Dataset,
    Run,
    RunDataset,
    RunDatasetTag,
    RunModelInput,
    RunModelOutput,
    RunParam,
    RunTag,
    Series,
)
from trackhelm_domain.tables.metrics import NO_LABELS_ID

# The SELECT of all details of runs: a union of several kinds, which the first column tells apart. `Detail`
# says what the columns mean, and the caller says which runs.

OfRuns: TypeAlias = Callable[[SQLColumnExpression[int]], ColumnElement[bool]]
"""Makes the condition that a column of run ids has one of the requested runs."""

_NO_NUMBER = cast(null(), BigInteger)
_NO_TEXT = cast(null(), Text)
_NO_DOUBLE = cast(null(), Double)


def details(of: OfRuns) -> CompoundSelect[*tuple[Any, ...]]:
    """Return the SELECT of all details of the runs whose ids fulfil a condition."""
    branches = (
        _params_or_tags(of, Detail.PARAM, RunParam),
        _params_or_tags(of, Detail.TAG, RunTag),
        _detail(
            of,
            Detail.METRIC,
            Series.run_id,
            Series.key_id,
            # Without the column's type, which would convert NULL to NaN value by value.
            number=type_coerce(Series.last_value, Double),
            timestamp=Series.last_timestamp,
            step=Series.last_step,
            order=(Series.run_id, Series.key_id),
        ).where(Series.label_set_id == NO_LABELS_ID),
        _detail(
            of,
            Detail.DATASET,
            RunDataset.run_id,
            RunDataset.dataset_id,
            timestamp=RunDataset.id,
            order=(RunDataset.id,),
        ),
        _detail(
            of,
            Detail.MODEL_INPUT,
            RunModelInput.run_id,
            text=RunModelInput.model_id,
            order=(RunModelInput.run_id, RunModelInput.position, RunModelInput.model_id),
        ),
        _detail(
            of,
            Detail.MODEL_OUTPUT,
            RunModelOutput.run_id,
            text=RunModelOutput.model_id,
            step=RunModelOutput.step,
            order=(
                RunModelOutput.run_id,
                RunModelOutput.position,
                RunModelOutput.step,
                RunModelOutput.model_id,
            ),
        ),
    )
    # Each branch is sorted on its own, and indexes do that for the large ones. Sorting the union would cost
    # as much as reading it.
    return union_all(*(select(branch.subquery()) for branch in branches))


def _params_or_tags(
    of: OfRuns, kind: Detail, table: type[RunParam] | type[RunTag]
) -> Select[*tuple[Any, ...]]:
    return _detail(of, kind, table.run_id, table.key_id, text=table.value, order=(table.run_id, table.key_id))


def _detail(
    of: OfRuns,
    kind: Detail,
    run_id: SQLColumnExpression[int],
    reference: SQLColumnExpression[int] = _NO_NUMBER,
    *,
    order: Sequence[SQLColumnExpression[Any]],
    text: SQLColumnExpression[Any] = _NO_TEXT,
    number: SQLColumnExpression[Any] = _NO_DOUBLE,
    timestamp: SQLColumnExpression[Any] = _NO_NUMBER,
    step: SQLColumnExpression[Any] = _NO_NUMBER,
) -> Select[*tuple[Any, ...]]:
    columns = {"reference": reference, "text": text, "number": number, "timestamp": timestamp, "step": step}
    return (
        select(
            literal_column(str(int(kind))).label("kind"),
            run_id.label("run"),
            *(column.label(name) for name, column in columns.items()),
        )
        .where(of(run_id))
        .order_by(*order)
    )


# Nearly everything is read by one statement, because each further statement would add a tenth or more to the
# time of a small request.

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

EXPERIMENT_AT = [column.name for column in RUN_COLUMNS].index(_RUN.experiment_id.name)
"""Where the experiment's id is among the columns."""

_RUN_IDS = "run_ids"
_UUID = "uuid"


def run_by_uuid(session: Session, run_id: str) -> RunRecords | None:
    """Return a run, active or deleted, with its details; None if there is none."""
    rows = plain_rows(session, _run_with_details(), {_UUID: run_id})
    if not rows:
        return None
    width = len(RUN_COLUMNS)
    return _records(session, [rows[0][:width]], [row[width:] for row in rows if row[width] is not None])


def run_records(
    session: Session, runs: PlainRows, documents: Mapping[int, WrittenRun] | None = None
) -> RunRecords:
    """Return runs, given as rows of `RUN_COLUMNS`, with their document if given, else with their details."""
    documents = documents or {}
    if not (rest := [row[0] for row in runs if row[0] not in documents]):
        return RunRecords(runs, documents=documents)
    dialect = session.get_bind().dialect.name
    found = plain_rows(session, _details(dialect), {_RUN_IDS: list_parameter(dialect, rest)})
    return _records(session, runs, found, documents)


def _records(
    session: Session,
    runs: PlainRows,
    found: PlainRows,
    documents: Mapping[int, WrittenRun] = MappingProxyType({}),
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
