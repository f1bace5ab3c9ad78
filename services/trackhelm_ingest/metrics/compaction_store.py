"""Statements that merge the chunks of a metric's series, and make its counts exact."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.metrics.store import Metric


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A locked series."""

    id: int
    label_set_id: int
    count: int
    nonfinite_count: int


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """A chunk without its points."""

    id: int
    count: int


def metrics_of(session: Session, run: str, *, after_key: int = 0) -> list[Metric]:
    """Return the metrics of a run, by its public id, with a key's id above `after_key`, in order."""
    statement = (
        select(Series.run_id, Series.key_id).join(Run, Run.id == Series.run_id).order_by(Series.key_id)
    )
    # Every key has a series without labels, see `NO_LABELS_ID`.
    of_run = (Run.uuid == run, Series.label_set_id == NO_LABELS_ID, Series.key_id > after_key)
    found = session.execute(statement.where(*of_run))
    return [Metric(run_id, key_id) for run_id, key_id in found]


def lock_series(session: Session, metric: Metric) -> list[SeriesRow]:
    """Lock the series of a metric and return them, the one without labels first.

    They are locked in the order in which writers lock them: by label set.
    """
    columns = (Series.id, Series.label_set_id, Series.count, Series.nonfinite_count)
    of_metric = (Series.run_id == metric.run_id, Series.key_id == metric.key_id)
    # In two statements, each of which uses its own index, see `Series`.
    plain = select(*columns).where(*of_metric, Series.label_set_id == NO_LABELS_ID)
    labelled = select(*columns).where(*of_metric, Series.label_set_id != NO_LABELS_ID)
    rows = [
        *session.execute(plain.with_for_update()),
        *session.execute(labelled.order_by(Series.label_set_id).with_for_update()),
    ]
    return [SeriesRow(*row) for row in rows]


def chunks_of(session: Session, series_id: int) -> list[ChunkRef]:
    """Return the chunks of a series, the oldest first."""
    statement = select(MetricChunk.id, MetricChunk.count).where(MetricChunk.series_id == series_id)
    return [ChunkRef(*row) for row in session.execute(statement.order_by(MetricChunk.id))]


def read_chunks(session: Session, chunks: Iterable[ChunkRef]) -> list[Points]:
    """Return the points of chunks."""
    ids = [chunk.id for chunk in chunks]
    found = session.scalars(select(MetricChunk.data).where(is_any_of(session, MetricChunk.id, ids)))
    return [decode(data) for data in found]


def delete_chunks(session: Session, chunks: Sequence[ChunkRef]) -> None:
    """Delete chunks."""
    ids = [chunk.id for chunk in chunks]
    session.execute(delete(MetricChunk).where(is_any_of(session, MetricChunk.id, ids)))


def set_counts(session: Session, series: SeriesRow, *, count: int, nonfinite: int, chunks: int) -> None:
    """Set the counts of a series."""
    session.execute(
        update(Series)
        .where(Series.id == series.id)
        .values(count=count, nonfinite_count=nonfinite, chunks=chunks)
    )
