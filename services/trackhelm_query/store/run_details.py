"""Statements that read all that is shown of runs: a fixed number, whatever the number of runs.

Nearly everything comes by one statement: each one costs a small request a tenth of its time. Its rows are
of several kinds, told apart by their first column; see `records.Detail`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Double,
    Select,
    SQLColumnExpression,
    Text,
    cast,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.lists import is_any_of, is_in_parameter, list_parameter
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
from trackhelm_core.db.plain_rows import PlainRows, plain_rows
from trackhelm_query.records import KEYED, Detail, Rows, RunRecords

_RUN_IDS = "run_ids"
_NO_NUMBER = cast(null(), BigInteger)
_NO_TEXT = cast(null(), Text)
_NO_DOUBLE = cast(null(), Double)


def run_records(session: Session, runs: Rows) -> RunRecords:
    """Return runs, whose first column is their internal id, with their details."""
    dialect = session.get_bind().dialect.name
    run_ids = list_parameter(dialect, [row[0] for row in runs])
    details = plain_rows(session, _details(dialect), {_RUN_IDS: run_ids})
    uses = [row for row in details if row[0] == Detail.DATASET]
    return RunRecords(
        runs=runs,
        details=details,
        key_names=keys_of(session).names(session, {row[2] for row in details if row[0] in KEYED}),
        datasets=_datasets(session, sorted({row[2] for row in uses})) if uses else [],
        dataset_tags=_dataset_tags(session, [row[5] for row in uses]) if uses else [],
    )


@cache
def _details(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    branches = (
        _pairs(dialect, Detail.PARAM, RunParam),
        _pairs(dialect, Detail.TAG, RunTag),
        _detail(
            dialect,
            Detail.METRIC,
            Series.run_id,
            Series.key_id,
            # Without its type, which would make a NaN of NULL value by value.
            number=type_coerce(Series.last_value, Double),
            timestamp=Series.last_timestamp,
            step=Series.last_step,
            order=(Series.run_id, Series.key_id),
        ).where(Series.label_set_id == NO_LABELS_ID),
        _detail(
            dialect,
            Detail.DATASET,
            RunDataset.run_id,
            RunDataset.dataset_id,
            timestamp=RunDataset.id,
            order=(RunDataset.id,),
        ),
        _detail(
            dialect,
            Detail.MODEL_INPUT,
            RunModelInput.run_id,
            text=RunModelInput.model_id,
            order=(RunModelInput.run_id, RunModelInput.model_id),
        ),
        _detail(
            dialect,
            Detail.MODEL_OUTPUT,
            RunModelOutput.run_id,
            text=RunModelOutput.model_id,
            step=RunModelOutput.step,
            order=(RunModelOutput.run_id, RunModelOutput.step, RunModelOutput.model_id),
        ),
    )
    # Sorted one by one, which their indexes do already: sorting the union would cost as much as reading it.
    return union_all(*(select(branch.subquery()) for branch in branches))


def _pairs(dialect: str, kind: Detail, table: type[RunParam] | type[RunTag]) -> Select[*tuple[Any, ...]]:
    return _detail(
        dialect, kind, table.run_id, table.key_id, text=table.value, order=(table.run_id, table.key_id)
    )


def _detail(
    dialect: str,
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
        .where(is_in_parameter(dialect, run_id, _RUN_IDS))
        .order_by(*order)
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
