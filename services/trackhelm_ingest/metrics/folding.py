"""Folding: the row of a series takes in the summary of points that are stored.

Owns the statements that do it, one for each database. Must not know where the points come from.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert

from trackhelm_core.chunks.points import Summary
from trackhelm_core.db.statements import (
    MetricValue,
    dialect_of,
    insert_for,
    table_of,
)
from trackhelm_domain.runs.messages import metric_json
from trackhelm_domain.tables import Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.runs.store import join_last_points


class SeriesId(NamedTuple):
    """The identity of a series in the database."""

    run_id: int
    key_id: int
    label_set_id: int


def fold_summaries(
    session: Session,
    summaries: Mapping[SeriesId, Summary],
    keys: Mapping[int, str],
    *,
    having_chunks: Collection[SeriesId],
) -> dict[SeriesId, tuple[int, int]]:
    """Update the series' rows with summaries, and return the ids and numbers of chunks of the rows."""
    # Sorted, so that two writers lock the rows that they share in the same order.
    rows = [
        _row(series, keys[series.key_id], summaries[series], chunks=int(series in having_chunks))
        for series in sorted(summaries)
    ]
    connection = session.connection()
    folded: Iterable[Sequence[Any]]
    if dialect_of(session) == "sqlite":
        folded = list(_fold_into_sqlite(connection, rows))
        join_last_points(session, {series.run_id for series in summaries})
    else:
        # One parameter for each column: for 16,000 rows, the driver takes as long to write parameters one by
        # one as PostgreSQL takes for everything else.
        columns = {name: list(column) for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=True)}
        columns["last_value"] = [None if math.isnan(value) else value for value in columns["last_value"]]
        folded = connection.execute(_columns_statement(), columns)
    return {
        SeriesId(run_id, key_id, label_set_id): (series_id, chunks)
        for run_id, key_id, label_set_id, series_id, chunks in folded
    }


_COLUMNS: Final = (
    "run_id", "key_id", "label_set_id", "last_step", "last_timestamp", "last_value", "last_json",
    "min_value", "max_value", "count", "nonfinite_count", "chunks",
)  # fmt: skip
"""The columns of a series that are written on both databases."""


def _row(series: SeriesId, key: str, summary: Summary, *, chunks: int) -> tuple[Any, ...]:
    """Return the `_COLUMNS` of a series."""
    last = summary.last_value, summary.last_timestamp, summary.last_step
    return (
        *series,
        summary.last_step,
        summary.last_timestamp,
        summary.last_value,
        metric_json(key, *last) if series.label_set_id == NO_LABELS_ID else None,
        summary.min,
        summary.max,
        summary.count,
        summary.nonfinite,
        chunks,
    )


def _folding(
    statement: postgresql.Insert | sqlite.Insert, also: Collection[str] = ()
) -> ReturningInsert[int, int, int, int, int]:
    """Return an insert of rows with what becomes of those that exist; `also` is more of the last point."""
    old, new = Series, statement.excluded
    later = tuple_(new.last_step, new.last_timestamp, func.coalesce(new.last_value, 0.0)) > tuple_(
        old.last_step, old.last_timestamp, func.coalesce(old.last_value, 0.0)
    )
    of_last = ("last_step", "last_timestamp", "last_value", "last_json", *also)
    folded = statement.on_conflict_do_update(
        index_elements=[Series.run_id, Series.key_id, Series.label_set_id],
        set_={
            **{name: case((later, new[name]), else_=getattr(old, name)) for name in of_last},
            "min_value": _chosen(new.min_value, old.min_value, new.min_value < old.min_value),
            "max_value": _chosen(new.max_value, old.max_value, new.max_value > old.max_value),
            "count": old.count + new.count,
            "nonfinite_count": old.nonfinite_count + new.nonfinite_count,
            "chunks": old.chunks + new.chunks,
        },
    )
    return folded.returning(Series.run_id, Series.key_id, Series.label_set_id, Series.id, Series.chunks)


def _chosen(new: Any, old: Any, is_better: ColumnElement[bool]) -> ColumnElement[float]:
    """Return `new` if it is better or the only value, else `old`; either may be NULL."""
    return case((and_(new.is_not(None), or_(old.is_(None), is_better)), new), else_=old)


# Built once: that takes 1 ms, five times as long as running it for one series.
@cache
def _columns_statement() -> ReturningInsert[int, int, int, int, int]:
    """Return the statement of PostgreSQL, of which each column is one parameter."""
    columns = [table_of(Series).c[name] for name in _COLUMNS]
    # PostgreSQL must take the value of a metric as a double.
    types = [Double() if isinstance(column.type, MetricValue) else column.type for column in columns]
    arrays = [
        bindparam(column.name, type_=postgresql.ARRAY(type_))
        for column, type_ in zip(columns, types, strict=True)
    ]
    rows = func.unnest(*arrays).table_valued(*_COLUMNS, name="new").render_derived()
    return _folding(
        insert_for("postgresql", Series).from_select(_COLUMNS, select(*rows.c), include_defaults=False)
    )


# SQLite. There, the indexed values of runs that go on are kept, too, and their last points as one text: see
# `Series` and `RunSnapshot`.

_INDEXED: Final = ("indexed_run", "indexed_value")
"""The parameters of a row after its columns."""

_AT_ONCE: Final = 64
"""The most rows in one statement, so that SQLite keeps those of the numbers that occur prepared."""

_VALUES: Final = re.compile(r"VALUES (\(.*\)) ON CONFLICT", re.DOTALL)


def _fold_into_sqlite(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
    """Yield the rows that folding returns.

    With the driver, because SQLAlchemy takes as long for the parameters of a row as SQLite for all of it. A
    NaN is NULL in SQLite.
    """
    for begin in range(0, len(rows), _AT_ONCE):
        some = rows[begin : begin + _AT_ONCE]
        text, constants = _rows_statement(len(some))
        values = chain.from_iterable((*row, *_indexed(row)) for row in some)
        yield from connection.exec_driver_sql(text, (*values, *constants))


def _indexed(row: tuple[Any, ...]) -> tuple[int | None, float | None]:
    """Return the parameters `_INDEXED` of a row: only metrics without labels are indexed."""
    run_id, _, label_set_id, _, _, last_value, *_ = row
    return (run_id, last_value) if label_set_id == NO_LABELS_ID else (None, None)


@cache
def _rows_statement(number: int) -> tuple[str, tuple[Any, ...]]:
    """Return the text for so many rows, and the values of its parameters after those of the rows."""
    run = table_of(Run).c
    experiment = select(run.experiment_id).where(run.id == bindparam("indexed_run")).scalar_subquery()
    inserted: dict[str, Any] = {name: bindparam(name) for name in (*_COLUMNS, "indexed_value")}
    insert = sqlite.insert(table_of(Series)).values(inserted | {"indexed_in": experiment})
    compiled = _folding(insert, also=("indexed_value",)).compile(dialect=sqlite.dialect())
    assert isinstance(compiled, SQLCompiler)
    of_row = (*_COLUMNS, *_INDEXED)
    names = tuple(compiled.positiontup or ())
    assert names[: len(of_row)] == of_row, names
    found = _VALUES.search(compiled.string)
    assert found is not None, compiled.string
    begin, end = found.span(1)
    text = compiled.string[:begin] + ", ".join([found[1]] * number) + compiled.string[end:]
    return text, tuple(compiled.params[name] for name in names[len(of_row) :])
