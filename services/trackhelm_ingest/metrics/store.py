"""Statements about metric points: storing chunks and summaries, merging chunks, and the journal's entries."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    delete,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode, encode
from trackhelm_core.chunks.points import Points, Summary, group, summarise_each
from trackhelm_core.db.statements import (
    dialect_of,
    is_any_of,
    upsert,
)
from trackhelm_domain.keys import canonical, digest_of, key_ids
from trackhelm_domain.tables import Key, LabelSet, MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.metrics.folding import SeriesId, fold_summaries
from trackhelm_ingest.metrics.series import NO_LABELS, Labels, SeriesKey, SeriesPoints


@dataclass(frozen=True, slots=True)
class Batch:
    """The points of many requests in one set of columns."""

    series: list[SeriesId]
    """Sorted, so that two writers lock the rows that they share in the same order."""
    codes: NDArray[np.intp]
    """For each point, the position of its series."""
    columns: Points
    keys: Mapping[int, str]
    """The texts of the keys by their ids."""

    @classmethod
    def of(cls, session: Session, requests: Sequence[tuple[int, SeriesPoints]]) -> "Batch | None":
        """Join requests, given as (run's integer id, points); None if they have no point."""
        names: dict[tuple[int, SeriesKey], int] = {}
        layouts: dict[tuple[int, int], NDArray[np.intp]] = {}
        codes = []
        for run_id, points in requests:
            # By identity, because requests of a run share a layout, and a comparison takes as long as
            # reading.
            known = layouts.get((run_id, id(points.layout)))
            if known is None:
                series, counts = points.layout
                own = [names.setdefault((run_id, name), len(names)) for name in series]
                known = layouts[run_id, id(points.layout)] = np.repeat(np.array(own, np.intp), counts)
            codes.append(known)
        if not names:
            return None
        keys = key_ids(session, {series.key for _, series in names})
        ids = _series_ids(session, list(names), keys)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        rank = np.empty(len(ids), np.intp)
        rank[order] = np.arange(len(ids))
        parts = [points.columns for _, points in requests]
        columns = Points(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            np.concatenate([part.values for part in parts]),
        )
        texts = {key_id: key for key, key_id in keys.items()}
        return cls([ids[index] for index in order], rank[np.concatenate(codes)], columns, texts)


def _series_ids(
    session: Session, names: Sequence[tuple[int, SeriesKey]], keys: Mapping[str, int]
) -> list[SeriesId]:
    label_sets = {NO_LABELS: NO_LABELS_ID}
    if labelled := {series.labels for _, series in names if series.labels}:
        label_sets |= label_set_ids(session, labelled)
    return [SeriesId(run_id, keys[series.key], label_sets[series.labels]) for run_id, series in names]


def labelled_metrics(batch: Batch) -> dict[SeriesId, Summary]:
    """Summarise the metrics with labelled points, each over all its label sets.

    The series without labels has the summary of all points of its key; see `NO_LABELS_ID`.
    """
    plain = [series._replace(label_set_id=NO_LABELS_ID) for series in batch.series]
    wanted = {
        whole
        for whole, series in zip(plain, batch.series, strict=True)
        if series.label_set_id != NO_LABELS_ID
    }
    if not wanted:
        return {}
    metrics = sorted(wanted)
    index = {metric: position for position, metric in enumerate(metrics)}
    of_series = np.array([index.get(metric, -1) for metric in plain], np.intp)[batch.codes]
    chosen = of_series >= 0
    columns = batch.columns
    points = Points(columns.steps[chosen], columns.timestamps[chosen], columns.values[chosen])
    grouped = group(points, of_series[chosen], len(metrics))
    return dict(zip(metrics, summarise_each(grouped), strict=True))


# Storing points as chunks, and their summaries with their series.

_CHUNK_COLUMNS: Final = (
    "series_id", "min_step", "max_step", "min_timestamp", "max_timestamp", "count", "data",
)  # fmt: skip
_CHUNK_TYPES: Final = ("int8", "int8", "int8", "int8", "int8", "int4", "bytea")
_COPY_CHUNKS: Final = f"COPY metric_chunk ({', '.join(_CHUNK_COLUMNS)}) FROM STDIN (FORMAT binary)"


class Metric(NamedTuple):
    """A metric of a run: the series of one key."""

    run_id: int
    key_id: int


CROWDED_CHUNKS: Final = 64
"""Each time a series has gained so many chunks, they are merged: reading one takes a row and about 60 µs."""


def write_points(session: Session, points: Iterable[tuple[int, Mapping[SeriesKey, Points]]]) -> set[Metric]:
    """Store points, given as (run's integer id, points by series); a run may occur several times.

    Returns the metrics with a series that now has so many chunks that they should be merged.
    """
    batch = Batch.of(session, [(run_id, SeriesPoints.of(several)) for run_id, several in points])
    if batch is None:
        return set()
    grouped = group(batch.columns, batch.codes, len(batch.series))
    summaries = summarise_each(grouped)
    rows = dict(zip(batch.series, summaries, strict=True)) | labelled_metrics(batch)
    folded = fold_summaries(session, rows, batch.keys, having_chunks=frozenset(batch.series))
    _insert_chunks(
        session,
        (
            (folded[series][0], *_bounds(summary), encode(part))
            for series, summary, part in zip(batch.series, summaries, grouped, strict=True)
        ),
    )
    return {Metric(series.run_id, series.key_id) for series in batch.series if _is_crowded(folded[series][1])}


def _is_crowded(chunks: int) -> bool:
    """Return whether a series that has just gained a chunk has so many that they should be merged.

    It is not True for each further chunk: until a worker has merged them, each batch would send a task.
    """
    return chunks % CROWDED_CHUNKS == 0


def insert_chunks(session: Session, chunks: Iterable[tuple[int, Points]]) -> None:
    """Insert compacted chunks, given as (series id, points in order of step)."""
    _insert_chunks(session, ((series_id, *_chunk_row(points, tight=True)) for series_id, points in chunks))


def _insert_chunks(session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
    if dialect_of(session) == "sqlite":
        # With the driver: SQLAlchemy's work for a row takes as long as everything else for a chunk.
        columns = ", ".join(_CHUNK_COLUMNS)
        statement = f"INSERT INTO metric_chunk ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant
        if values := list(rows):
            session.connection().exec_driver_sql(statement, values)
        return
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY_CHUNKS) as copy:
        copy.set_types(_CHUNK_TYPES)
        for row in rows:
            copy.write_row(row)


def _chunk_row(points: Points, *, tight: bool = False) -> tuple[Any, ...]:
    """Return the columns of a chunk after the one of its series."""
    return (
        int(points.steps[0]),
        int(points.steps[-1]),
        int(points.timestamps.min()),
        int(points.timestamps.max()),
        len(points),
        encode(points, tight=tight),
    )


def _bounds(summary: Summary) -> tuple[int, ...]:
    """Return the columns without the data, for a chunk with all points of a summary."""
    return (
        summary.min_step,
        summary.max_step,
        summary.min_timestamp,
        summary.max_timestamp,
        summary.count,
    )


# Label sets, which are inserted if they are new.


def label_set_ids(session: Session, label_sets: Iterable[Labels]) -> dict[Labels, int]:
    """Return the id of each label set; new label sets are inserted."""
    wanted = {digest_of(dict(labels)): labels for labels in label_sets}
    found = _find_label_sets(session, wanted)
    if new := sorted(digest for digest, labels in wanted.items() if labels not in found):
        upsert(session, LabelSet, [_label_set_row(digest, wanted[digest]) for digest in new])
        found |= _find_label_sets(session, {digest: wanted[digest] for digest in new})
    return found


def _label_set_row(digest: str, labels: Labels) -> dict[str, str | None]:
    named = dict(labels)
    return {"digest": digest, "labels": canonical(named), "model_id": named.get("model_id")}


def _find_label_sets(session: Session, by_digest: Mapping[str, Labels]) -> dict[Labels, int]:
    rows = session.execute(select(LabelSet.digest, LabelSet.id).where(LabelSet.digest.in_(by_digest)))
    return {by_digest[digest]: label_set_id for digest, label_set_id in rows}


# Merging the chunks of a metric.


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


# Series of a run, for its quota.


def count_series(session: Session, run: str) -> int:
    """Return how many series a run has."""
    statement = select(func.count()).select_from(Series).join(Run, Run.id == Series.run_id)
    return session.scalar(statement.where(Run.uuid == run)) or 0


def series_with_keys(session: Session, run: str, keys: Collection[str]) -> list[SeriesKey]:
    """Return the series of a run that have one of these keys."""
    statement = (
        select(Key.name, LabelSet.labels)
        .select_from(Series)
        .join(Run, Run.id == Series.run_id)
        .join(Key, Key.id == Series.key_id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .where(Run.uuid == run, is_any_of(session, Key.name, sorted(keys)))
    )
    return [
        SeriesKey(key, tuple(sorted(json.loads(labels).items())))
        for key, labels in session.execute(statement)
    ]
