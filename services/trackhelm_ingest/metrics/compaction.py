"""Compaction: which chunks are merged when, and the counts of a series afterwards.

Chunks are replaced in one transaction, so that a reader's statement sees all old chunks or all new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from trackhelm_core.chunks.points import Points, merge
from trackhelm_ingest.metrics import store
from trackhelm_ingest.metrics.store import ChunkRef, Metric, SeriesRow, insert_chunks

FULL_CHUNK: Final = 1 << 17
"""Points of a full chunk, about 400 KB: to read a few steps takes two chunks at most."""

WHOLE_POINTS: Final = 1 << 22
"""The most points of a metric that are merged together: 100 MB of columns. A longer metric keeps, and counts,
duplicates that are in chunks far apart."""


@dataclass(frozen=True, slots=True)
class _Merged:
    points: Points
    """The points that were merged."""
    duplicates: int
    nonfinite_duplicates: int
    chunks: int


def tail_to_merge(counts: Sequence[int]) -> int:
    """Return how many of the newest chunks to merge, given the number of points of each, oldest first.

    The result of a merge is at least as large as the next older chunk. So a point is merged again only when
    its chunk doubles, and a series of n points has about log2(n) chunks.
    """
    taken = total = 0
    for count in reversed(counts):
        if count >= FULL_CHUNK or (taken > 1 and count > total):
            break
        taken += 1
        total += count
    return taken


def compact_metric(session: Session, metric: Metric, *, whole: bool) -> None:
    """Merge the chunks of a metric's series: all of them, or those that are cheap to merge."""
    series = store.lock_series(session, metric)
    chunks = [store.chunks_of(session, row.id) for row in series]
    whole = whole and sum(chunk.count for several in chunks for chunk in several) <= WHOLE_POINTS
    if whole:
        merged = [
            _merge(session, row, several, len(several)) for row, several in zip(series, chunks, strict=True)
        ]
        for row, part in zip(series, merged, strict=True):
            # The first series, the one without labels, counts the points of every label set.
            counted = merge([each.points for each in merged]) if row is series[0] else part.points
            store.set_counts(
                session, row, count=len(counted), nonfinite=_nonfinite(counted), chunks=part.chunks
            )
        return
    for row, several in zip(series, chunks, strict=True):
        part = _merge(session, row, several, tail_to_merge([chunk.count for chunk in several]))
        # The series without labels may have counted a duplicate within a label set only once, so it keeps its
        # count.
        exact = len(series) == 1 or row is not series[0]
        store.set_counts(
            session,
            row,
            count=row.count - (part.duplicates if exact else 0),
            nonfinite=row.nonfinite_count - (part.nonfinite_duplicates if exact else 0),
            chunks=part.chunks,
        )


def _merge(session: Session, series: SeriesRow, chunks: Sequence[ChunkRef], newest: int) -> _Merged:
    """Replace the newest chunks of a series by their union."""
    old = chunks[len(chunks) - newest :]
    parts = store.read_chunks(session, old)
    points = merge(parts)
    if len(old) < 2:  # noqa: PLR2004 - a single chunk is merged already
        return _Merged(points, 0, 0, len(chunks))
    store.delete_chunks(session, old)
    new = [_slice(points, begin) for begin in range(0, len(points), FULL_CHUNK)]
    insert_chunks(session, [(series.id, part) for part in new])
    return _Merged(
        points,
        duplicates=sum(map(len, parts)) - len(points),
        nonfinite_duplicates=sum(map(_nonfinite, parts)) - _nonfinite(points),
        chunks=len(chunks) - len(old) + len(new),
    )


def _slice(points: Points, begin: int) -> Points:
    which = slice(begin, begin + FULL_CHUNK)
    return Points(points.steps[which], points.timestamps[which], points.values[which])


def _nonfinite(points: Points) -> int:
    return int(np.count_nonzero(~np.isfinite(points.values)))
