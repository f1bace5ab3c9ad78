"""Statements that read the history of metrics: the chunks of a key's series, of every label set."""

from collections.abc import Generator, Sequence
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, and_, select, union_all
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Key, MetricChunk, Run, Series
from trackhelm_core.db.models.metrics import NO_LABELS_ID

# Chunks hold up to megabytes: a few at a time are in memory beside what was made of them.
_ROWS_AT_A_TIME = 64


def chunks_by_time(
    session: Session, run_id: str, key: str, from_timestamp: int | None
) -> Generator[tuple[int, bytes]]:
    """Yield the earliest timestamp and the bytes of each chunk of a run's metric, the earliest first.

    Given `from_timestamp`, chunks that end before it are left out. Whoever does not read to the end closes
    the iterator.
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
    """Yield run id and encoded chunk, run by run in the order of their ids.

    Given an inclusive range of steps, a chunk with none of them is left out; one with some comes whole.
    Whoever does not read to the end closes the iterator.
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
