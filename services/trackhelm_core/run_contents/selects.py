"""The SELECT of all that is shown of runs: branches of several kinds, told apart by their first column.

What the columns mean is `records.Detail`'s to say; which runs, the caller's.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
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

from trackhelm_core.db.models import (
    RunDataset,
    RunModelInput,
    RunModelOutput,
    RunParam,
    RunTag,
    Series,
)
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.run_contents.records import Detail

OfRuns: TypeAlias = Callable[[SQLColumnExpression[int]], ColumnElement[bool]]
"""Says of a column of run ids whether they are of the runs that are asked for."""

_NO_NUMBER = cast(null(), BigInteger)
_NO_TEXT = cast(null(), Text)
_NO_DOUBLE = cast(null(), Double)


def details(of: OfRuns) -> CompoundSelect[*tuple[Any, ...]]:
    """Return the SELECT of all details of the runs whose ids fulfil a condition."""
    branches = (
        _pairs(of, Detail.PARAM, RunParam),
        _pairs(of, Detail.TAG, RunTag),
        _detail(
            of,
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
    # Sorted one by one, which the indexes of the large ones do already: sorting the union would cost as much
    # as reading it.
    return union_all(*(select(branch.subquery()) for branch in branches))


def _pairs(of: OfRuns, kind: Detail, table: type[RunParam] | type[RunTag]) -> Select[*tuple[Any, ...]]:
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
