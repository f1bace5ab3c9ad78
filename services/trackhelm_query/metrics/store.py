"""Statements that read the history of metrics and series: summaries and chunks."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, and_, select, tuple_, union_all
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.keys import keys_of
from trackhelm_domain.labels import digest_of
from trackhelm_domain.runs.schemas import Rows
from trackhelm_domain.tables import Key, LabelSet, MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID

# A chunk may have megabytes, so only a few at a time are in memory, besides what was made from them.
_ROWS_AT_A_TIME = 64


def chunks_by_time(
    session: Session, run_id: str, key: str, from_timestamp: int | None
) -> Generator[tuple[int, bytes]]:
    """Yield the earliest timestamp and the bytes of each chunk of a run's metric, the earliest first.

    With `from_timestamp`, chunks that end before it are left out. A caller that does not read to the end must
    close the iterator.
    """
    earliest, data = MetricChunk.min_timestamp, MetricChunk.data
    branches = _branches(session, [run_id], key, earliest, data)
    if from_timestamp is not None:
        branches = [branch.where(MetricChunk.max_timestamp >= from_timestamp) for branch in branches]
    statement = union_all(*branches).order_by(earliest.name)
    with session.execute(statement.execution_options(yield_per=_ROWS_AT_A_TIME)) as rows:
        yield from rows


def chunks_by_run(
    session: Session, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None = None
) -> Generator[tuple[str, bytes]]:
    """Yield run id and encoded chunk, run by run, in the order of run ids.

    With an inclusive range of steps, a chunk without any of them is left out; any other is returned whole.
    A caller that does not read to the end must close the iterator.
    """
    branches = _branches(session, run_ids, key, Run.uuid, MetricChunk.data)
    if steps is not None:
        first, last = steps
        inside = and_(MetricChunk.max_step >= first, MetricChunk.min_step <= last)
        branches = [branch.where(inside) for branch in branches]
    statement = union_all(*branches).order_by(Run.uuid.name)
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


def series_of_keys(session: Session, run_ids: Sequence[str], keys: Sequence[int], limit: int) -> Rows:
    """Return up to `limit` series: id, run's public id, run's start time, key id, labels as JSON."""
    of_keys = (
        select(Series.id, Run.uuid, Run.start_time, Series.key_id, LabelSet.labels)
        .join(Series, Series.run_id == Run.id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .where(is_any_of(session, Run.uuid, run_ids), is_any_of(session, Series.key_id, keys))
    )
    # Each branch is served by an index of its own, see `Series`.
    plain = of_keys.where(Series.label_set_id == NO_LABELS_ID)
    labelled = of_keys.where(Series.label_set_id != NO_LABELS_ID)
    return session.connection().execute(union_all(plain, labelled).limit(limit)).all()


def chunks_of_series(
    session: Session, series_ids: Sequence[int], steps: StepRange
) -> Generator[tuple[int, int, int, int, bytes]]:
    """Yield series id, least and greatest step, count and encoded chunk, in the order of series ids.

    A chunk without any step of the range is left out; any other is returned whole. A caller that does not
    read to the end must close the iterator.
    """
    statement = (
        select(
            MetricChunk.series_id,
            MetricChunk.min_step,
            MetricChunk.max_step,
            MetricChunk.count,
            MetricChunk.data,
        )
        .where(is_any_of(session, MetricChunk.series_id, series_ids))
        .order_by(MetricChunk.series_id)
    )
    first, last = steps
    if first is not None:
        statement = statement.where(MetricChunk.max_step >= first)
    if last is not None:
        statement = statement.where(MetricChunk.min_step <= last)
    streamed = statement.execution_options(yield_per=_ROWS_AT_A_TIME)
    with session.connection().execute(streamed) as rows:
        yield from rows


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
) -> Rows:
    """Return up to `limit` series with their summaries, by (run, label set, key), the order of an index.

    Columns: run's integer id, label set id, key id, run's public id, labels as JSON, and those of a summary.
    """
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
    return session.connection().execute(statement).all()
