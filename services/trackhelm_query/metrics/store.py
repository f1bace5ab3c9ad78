"""Statements that read the history of metrics and series: summaries and chunks."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    SQLColumnExpression,
    and_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from trackhelm_core.chunks.pieces import BoundedChunk, Order
from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.keys import digest_of, keys_of
from trackhelm_domain.tables import Key, LabelSet, MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_query.searches import StoredSeries

# A chunk may have megabytes, so only a few at a time are in memory, besides what was made from them.
_ROWS_AT_A_TIME = 64


_BOUNDED: Final = (MetricChunk.min_step, MetricChunk.min_timestamp, MetricChunk.data)
_BY: Final = {Order.STEP: ("min_step", "min_timestamp"), Order.TIME: ("min_timestamp", "min_step")}

Place = tuple[int, int]
"""A timestamp and a step."""


def chunks_of_runs(
    session: Session,
    run_ids: Sequence[str],
    key: str,
    order: Order,
    *,
    steps: tuple[int, int] | None = None,
    begin: Place | None = None,
) -> Generator[tuple[str, BoundedChunk]]:
    """Yield the chunks of a metric with their run ids, run by run in the order of run ids, each run in order.

    A chunk without any step of an inclusive range, or that ends before `begin`, is left out; any other is
    returned whole. A caller that does not read to the end must close the iterator.
    """
    branches = _branches(session, run_ids, key, Run.uuid, *_BOUNDED)
    if steps is not None:
        first, last = steps
        inside = and_(MetricChunk.max_step >= first, MetricChunk.min_step <= last)
        branches = [branch.where(inside) for branch in branches]
    if begin is not None:
        branches = [branch.where(_reaches(begin)) for branch in branches]
    runs = [Run.uuid.name] if len(run_ids) > 1 else []
    for run_id, *chunk in _streamed(session, union_all(*branches).order_by(*runs, *_BY[order])):
        yield run_id, BoundedChunk(*chunk)


def chunks_of_one_series(
    session: Session, series_id: int, begin: Place | None = None
) -> Generator[BoundedChunk]:
    """Yield the chunks of a series in the order of time, without those that end before `begin`.

    A caller that does not read to the end must close the iterator.
    """
    statement = select(*_BOUNDED).where(MetricChunk.series_id == series_id).order_by(*_BY[Order.TIME])
    if begin is not None:
        statement = statement.where(_reaches(begin))
    for chunk in _streamed(session, statement):
        yield BoundedChunk(*chunk)


def _reaches(begin: Place) -> ColumnElement[bool]:
    timestamp, step = begin
    chunk = MetricChunk
    is_there = or_(chunk.min_timestamp < timestamp, chunk.max_step >= step)
    return or_(chunk.max_timestamp > timestamp, and_(chunk.max_timestamp == timestamp, is_there))


def _streamed(session: Session, statement: Executable) -> Generator[Sequence[Any]]:
    with session.execute(statement.execution_options(yield_per=_ROWS_AT_A_TIME)) as rows:
        yield from rows


def _branches(
    session: Session, run_ids: Sequence[str], key: str, *columns: SQLColumnExpression[Any]
) -> list[Select[*tuple[Any, ...]]]:
    statement = (
        select(*columns)
        .select_from(Run)
        .join(Series, Series.run_id == Run.id)
        .join(Key, Key.id == Series.key_id)
        .join(MetricChunk, MetricChunk.series_id == Series.id)
        .where(is_any_of(session, Run.uuid, run_ids), Key.name == key)
    )
    # Each branch is served by an index of its own, see `Series`.
    return [
        statement.where(Series.label_set_id == NO_LABELS_ID),
        statement.where(Series.label_set_id != NO_LABELS_ID),
    ]


StepRange = tuple[int | None, int | None]
"""The first and last step; None for an open end."""


def key_ids(session: Session, keys: Sequence[str]) -> Mapping[str, int]:
    """Return the ids of the keys that exist, and perhaps of others."""
    return keys_of(session).ids(session, keys)


def key_names(session: Session, ids: set[int]) -> Mapping[int, str]:
    """Return the texts of these keys, and perhaps of others."""
    return keys_of(session).names(session, ids)


class SeriesOfKey(NamedTuple):
    """A series of a key. The labels are JSON."""

    id: int
    run_id: str
    start_time: int
    key: int
    labels: str


def series_of_keys(
    session: Session, run_ids: Sequence[str], keys: Sequence[int], limit: int
) -> list[SeriesOfKey]:
    """Return up to `limit` series."""
    of_keys = (
        select(Series.id, Run.uuid, Run.start_time, Series.key_id, LabelSet.labels)
        .join(Series, Series.run_id == Run.id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .where(is_any_of(session, Run.uuid, run_ids), is_any_of(session, Series.key_id, keys))
    )
    # Each branch is served by an index of its own, see `Series`.
    plain = of_keys.where(Series.label_set_id == NO_LABELS_ID)
    labelled = of_keys.where(Series.label_set_id != NO_LABELS_ID)
    found = session.connection().execute(union_all(plain, labelled).limit(limit))
    return [SeriesOfKey(*row) for row in found]


def chunks_of_series(
    session: Session, series_ids: Sequence[int], steps: StepRange
) -> Generator[tuple[int, int, BoundedChunk]]:
    """Yield series id, number of points and chunk, in the order of series ids.

    A chunk without any step of the range is left out; any other is returned whole. A caller that does not
    read to the end must close the iterator.
    """
    chunk = MetricChunk
    statement = (
        select(chunk.series_id, chunk.count, *_BOUNDED)
        .where(is_any_of(session, chunk.series_id, series_ids))
        .order_by(chunk.series_id)
    )
    first, last = steps
    if first is not None:
        statement = statement.where(chunk.max_step >= first)
    if last is not None:
        statement = statement.where(chunk.min_step <= last)
    for series_id, points, *bounded in _streamed(session, statement):
        yield series_id, points, BoundedChunk(*bounded)


def one_series(session: Session, run_id: str, key: int, labels: Mapping[str, str]) -> int | None:
    """Return the id of the series with exactly these labels, None if there is none."""
    return session.scalar(
        select(Series.id)
        .join(Run, Run.id == Series.run_id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .where(Run.uuid == run_id, Series.key_id == key, LabelSet.digest == digest_of(labels))
    )


def summaries(
    session: Session,
    run_ids: Sequence[str],
    keys: Sequence[int] | None,
    *,
    labelled: bool,
    after: tuple[int, int, int] | None,
    limit: int,
) -> list[StoredSeries]:
    """Return up to `limit` series with their summaries, by (run, label set, key), the order of an index."""
    statement = (
        select(
            Series.run_id,
            Series.label_set_id,
            Series.key_id,
            Run.uuid,
            LabelSet.labels,
            Series.last_step,
            Series.last_timestamp,
            Series.last_value,
            Series.min_value,
            Series.max_value,
            Series.count,
            Series.nonfinite_count,
        )
        .join(Run, Run.id == Series.run_id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .where(is_any_of(session, Run.uuid, run_ids))
        .order_by(Series.run_id, Series.label_set_id, Series.key_id)
        .limit(limit)
    )
    if keys is not None:
        statement = statement.where(is_any_of(session, Series.key_id, keys))
    if not labelled:
        statement = statement.where(Series.label_set_id == NO_LABELS_ID)
    if after is not None:
        place = tuple_(Series.run_id, Series.label_set_id, Series.key_id)
        statement = statement.where(place > tuple_(*after))
    return [StoredSeries(*tuple(row)) for row in session.connection().execute(statement)]
