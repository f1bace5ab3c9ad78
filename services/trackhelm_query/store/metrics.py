"""Statements that read the history of metrics: the chunks of a key's series, of every label set."""

from collections.abc import Generator, Sequence

from sqlalchemy import CompoundSelect, Select, select, union_all
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Key, MetricChunk, Run, Series
from trackhelm_core.db.models.metrics import NO_LABELS_ID

# Chunks hold up to megabytes: a few at a time are in memory beside what was made of them.
_ROWS_AT_A_TIME = 64


def chunks_of_run(session: Session, run_id: str, key: str) -> Sequence[bytes]:
    """Return the encoded chunks of a metric of one run, in no order."""
    return [data for _, data in session.execute(_chunks(session, [run_id], key, None))]


def chunks_by_run(
    session: Session, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None = None
) -> Generator[tuple[str, bytes]]:
    """Yield run id and encoded chunk, run by run in the order of their ids.

    Given an inclusive range of steps, a chunk with none of them is left out; one with some comes whole.
    Whoever does not read to the end closes the iterator.
    """
    statement = _chunks(session, run_ids, key, steps).order_by("uuid")
    with session.execute(statement.execution_options(yield_per=_ROWS_AT_A_TIME)) as rows:
        yield from rows


def _chunks(
    session: Session, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None
) -> CompoundSelect[str, bytes]:
    # Each branch is served by an index of its own, see `Series`.
    plain = _branch(session, run_ids, key, steps).where(Series.label_set_id == NO_LABELS_ID)
    labelled = _branch(session, run_ids, key, steps).where(Series.label_set_id != NO_LABELS_ID)
    return union_all(plain, labelled)


def _branch(
    session: Session, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None
) -> Select[str, bytes]:
    statement = (
        select(Run.uuid, MetricChunk.data)
        .join(Series, Series.run_id == Run.id)
        .join(Key, Key.id == Series.key_id)
        .join(MetricChunk, MetricChunk.series_id == Series.id)
        .where(is_any_of(session, Run.uuid, run_ids), Key.name == key)
    )
    if steps is not None:
        first, last = steps
        statement = statement.where(MetricChunk.max_step >= first, MetricChunk.min_step <= last)
    return statement
