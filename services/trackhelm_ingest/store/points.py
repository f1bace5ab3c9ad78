"""Statements that store metric points: one chunk a series, and the fold into the series' summary."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    insert,
    inspect,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.points import Points, merge, summarise
from trackhelm_core.db.models import MetricChunk, Run, Series
from trackhelm_core.db.models.base import LifecycleStage
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.db.types import MetricValue
from trackhelm_core.db.upsert import dialect_of, insert_for
from trackhelm_ingest.series import NO_LABELS, SeriesKey
from trackhelm_ingest.store.keys import key_ids, label_set_ids

_CHUNK_COLUMNS: Final = (
    "series_id", "min_step", "max_step", "min_timestamp", "max_timestamp", "count", "data",
)  # fmt: skip
_CHUNK_TYPES: Final = ("int8", "int8", "int8", "int8", "int8", "int4", "bytea")
_COPY_CHUNKS: Final = f"COPY metric_chunk ({', '.join(_CHUNK_COLUMNS)}) FROM STDIN (FORMAT binary)"


class _SeriesId(NamedTuple):
    run_id: int
    key_id: int
    label_set_id: int


class Metric(NamedTuple):
    """A metric of a run: the series of one key."""

    run_id: int
    key_id: int


_NOT_FOLDED: Final = frozenset({"id", "settled_in", "settled_value"})
"""Columns of a series that points do not write."""

CROWDED_CHUNKS: Final = 64
"""From so many chunks on, a series' chunks are better merged: reading one costs a row and some 60 µs."""


def write_points(session: Session, points: Iterable[tuple[int, Mapping[SeriesKey, Points]]]) -> set[Metric]:
    """Store points, given as (run's integer id, points by series); a run may come several times.

    Returns the metrics of which a series has many chunks.
    """
    entries = [(run_id, series, part) for run_id, parts in points for series, part in parts.items()]
    by_series = _by_series(session, entries)
    if not by_series:
        return set()
    folded = _fold_summaries(session, by_series)
    insert_chunks(session, [(folded[series][0], by_series[series]) for series in sorted(by_series)])
    return {
        Metric(series.run_id, series.key_id)
        for series, (_, chunks) in folded.items()
        if chunks >= CROWDED_CHUNKS
    }


def insert_chunks(session: Session, chunks: Iterable[tuple[int, Points]]) -> None:
    """Insert chunks, given as (series id, points in order of step)."""
    rows = [{"series_id": series_id, **_chunk_row(points)} for series_id, points in chunks]
    if dialect_of(session) == "sqlite":
        session.execute(insert(MetricChunk), rows)
        return
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY_CHUNKS) as copy:
        copy.set_types(_CHUNK_TYPES)
        for row in rows:
            copy.write_row([row[column] for column in _CHUNK_COLUMNS])


class Stored(NamedTuple):
    """The metric that points were stored to, and whether its series has many chunks now."""

    metric: Metric
    is_crowded: bool


def write_series(session: Session, uuid: str, key_id: int, points: Points) -> Stored | None:
    """Store points without labels by one statement of PostgreSQL; None when there is no such active run.

    Or when the run is settled: whoever stores its points must unsettle it, too.

    The session may be one that commits each statement by itself: a point is then stored, durably, by one
    round trip, where BEGIN, finding the run, folding, inserting and COMMIT take five.
    """
    merged = merge([points])
    summary = _summary_row(_SeriesId(0, key_id, NO_LABELS_ID), merged, chunks=1)
    chunk = {f"chunk_{name}": value for name, value in _chunk_row(merged).items()}
    parameters = {**summary, **chunk, "uuid": uuid}
    row = session.connection().execute(_series_statement(), parameters).one_or_none()
    return None if row is None else Stored(Metric(row.run_id, key_id), row.chunks >= CROWDED_CHUNKS)


def _chunk_row(points: Points) -> dict[str, Any]:
    return {
        "min_step": int(points.steps[0]),
        "max_step": int(points.steps[-1]),
        "min_timestamp": int(points.timestamps.min()),
        "max_timestamp": int(points.timestamps.max()),
        "count": len(points),
        "data": encode(points),
    }


def _by_series(session: Session, entries: Iterable[tuple[int, SeriesKey, Points]]) -> dict[_SeriesId, Points]:
    """Return the merged points of each series; merged points are in order of step."""
    listed = list(entries)
    keys = key_ids(session, {series.key for _, series, _ in listed})
    label_sets = {NO_LABELS: NO_LABELS_ID}
    if labelled := {series.labels for _, series, _ in listed if series.labels}:
        label_sets |= label_set_ids(session, labelled)
    parts: defaultdict[_SeriesId, list[Points]] = defaultdict(list)
    for run_id, series, part in listed:
        parts[_SeriesId(run_id, keys[series.key], label_sets[series.labels])].append(part)
    return {series: merge(several) for series, several in parts.items()}


def _fold_summaries(
    session: Session, by_series: Mapping[_SeriesId, Points]
) -> dict[_SeriesId, tuple[int, int]]:
    """Fold the points' summaries into the series' rows, and return the rows' ids and numbers of chunks."""
    covered: defaultdict[_SeriesId, list[Points]] = defaultdict(list)
    for series, part in by_series.items():
        covered[series].append(part)
        if series.label_set_id != NO_LABELS_ID:
            # The series without labels sums up all points of its key; see `NO_LABELS_ID`.
            covered[series._replace(label_set_id=NO_LABELS_ID)].append(part)
    # Sorted, so that two writers lock the rows they share in one order.
    rows = [
        _summary_row(series, merge(covered[series]), chunks=int(series in by_series))
        for series in sorted(covered)
    ]
    if dialect_of(session) == "sqlite":
        folded = session.execute(_fold_statement(), rows)
    else:
        # A column each: of 16,000 rows, the driver takes as long to write out the parameters one by one as
        # PostgreSQL takes for all the rest.
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        columns["last_value"] = [None if math.isnan(value) else value for value in columns["last_value"]]
        folded = session.execute(_fold_columns_statement(), columns)
    return {
        _SeriesId(run_id, key_id, label_set_id): (series_id, chunks)
        for run_id, key_id, label_set_id, series_id, chunks in folded
    }


def _summary_row(series: _SeriesId, points: Points, *, chunks: int) -> dict[str, Any]:
    summary = summarise(points)
    return {
        **series._asdict(),
        "last_step": summary.last_step,
        "last_timestamp": summary.last_timestamp,
        "last_value": summary.last_value,
        "min_value": summary.min,
        "max_value": summary.max,
        "count": summary.count,
        "nonfinite_count": summary.nonfinite,
        "chunks": chunks,
    }


# Made once, each: composing one takes 1 ms, five times as long as running it for one series.
@cache
def _fold_statement() -> ReturningInsert[int, int, int, int, int]:
    folded = _folding(insert_for("sqlite", Series))
    return folded.returning(Series.run_id, Series.key_id, Series.label_set_id, Series.id, Series.chunks)


@cache
def _fold_columns_statement() -> ReturningInsert[int, int, int, int, int]:
    table = inspect(Series).local_table
    columns = [column for column in table.columns if column.name not in _NOT_FOLDED]
    # A metric's value is a double to PostgreSQL.
    types = [Double() if isinstance(column.type, MetricValue) else column.type for column in columns]
    arrays = [
        bindparam(column.name, type_=postgresql.ARRAY(type_))
        for column, type_ in zip(columns, types, strict=True)
    ]
    names = [column.name for column in columns]
    rows = func.unnest(*arrays).table_valued(*names, name="new").render_derived()
    statement = insert_for("postgresql", Series).from_select(names, select(*rows.c), include_defaults=False)
    folded = _folding(statement)
    return folded.returning(Series.run_id, Series.key_id, Series.label_set_id, Series.id, Series.chunks)


@cache
def _series_statement() -> Select[*tuple[Any, ...]]:
    table, series = inspect(MetricChunk).local_table, inspect(Series).local_table
    assert isinstance(table, Table)
    columns = [column for column in series.columns if column.name not in {"run_id", *_NOT_FOLDED}]
    run = (
        select(Run.id, *(bindparam(column.name, type_=column.type) for column in columns))
        .where(
            Run.uuid == bindparam("uuid"),
            Run.lifecycle_stage == LifecycleStage.ACTIVE.value,
            not_(Run.settled),
        )
        # It must not settle between here and the commit.
        .with_for_update(read=True, key_share=True)
    )
    statement = insert_for("postgresql", Series).from_select(
        ["run_id", *(column.name for column in columns)], run, include_defaults=False
    )
    folded = _folding(statement).returning(Series.id, Series.run_id, Series.chunks).cte("folded")
    names = [column.name for column in table.columns if column.name not in {"id", "series_id"}]
    values = (bindparam(f"chunk_{name}", type_=table.columns[name].type) for name in names)
    stored = insert(table).from_select(
        ["series_id", *names], select(folded.c.id, *values), include_defaults=False
    )
    return select(folded.c.run_id, folded.c.chunks).add_cte(stored.cte("stored"))


def _folding(statement: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    old, new = Series, statement.excluded
    later = tuple_(new.last_step, new.last_timestamp, func.coalesce(new.last_value, 0.0)) > tuple_(
        old.last_step, old.last_timestamp, func.coalesce(old.last_value, 0.0)
    )
    return statement.on_conflict_do_update(
        index_elements=[Series.run_id, Series.key_id, Series.label_set_id],
        set_={
            "last_step": case((later, new.last_step), else_=old.last_step),
            "last_timestamp": case((later, new.last_timestamp), else_=old.last_timestamp),
            "last_value": case((later, new.last_value), else_=old.last_value),
            "min_value": _chosen(new.min_value, old.min_value, new.min_value < old.min_value),
            "max_value": _chosen(new.max_value, old.max_value, new.max_value > old.max_value),
            "count": old.count + new.count,
            "nonfinite_count": old.nonfinite_count + new.nonfinite_count,
            "chunks": old.chunks + new.chunks,
        },
    )


def _chosen(new: Any, old: Any, is_better: ColumnElement[bool]) -> ColumnElement[float]:
    """Return `new` where it is better or alone, else `old`; either may be NULL."""
    return case((and_(new.is_not(None), or_(old.is_(None), is_better)), new), else_=old)
