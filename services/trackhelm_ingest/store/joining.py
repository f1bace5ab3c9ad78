"""Joining the points of many requests into one set of columns, by the ids of their series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks.grouping import group, summarise_each
from trackhelm_core.chunks.points import Points, Summary
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_ingest.series import NO_LABELS, SeriesKey, SeriesPoints
from trackhelm_ingest.store.keys import key_ids, label_set_ids


class SeriesId(NamedTuple):
    """What names a series in the database."""

    run_id: int
    key_id: int
    label_set_id: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The points of many requests in one set of columns."""

    series: list[SeriesId]
    """In order: two writers lock the rows that they share in one order."""
    codes: NDArray[np.intp]
    """Of each point, which of the series it belongs to."""
    columns: Points

    @classmethod
    def of(cls, session: Session, requests: Sequence[tuple[int, SeriesPoints]]) -> "Batch | None":
        """Join requests, given as (run's integer id, points); None when they hold no point."""
        names: dict[tuple[int, SeriesKey], int] = {}
        layouts: dict[tuple[int, int], NDArray[np.intp]] = {}
        codes = []
        for run_id, points in requests:
            # By identity: requests of a run share a layout, and comparing two takes as long as reading one.
            known = layouts.get((run_id, id(points.layout)))
            if known is None:
                series, counts = points.layout
                own = [names.setdefault((run_id, name), len(names)) for name in series]
                known = layouts[run_id, id(points.layout)] = np.repeat(np.array(own, np.intp), counts)
            codes.append(known)
        if not names:
            return None
        ids = _series_ids(session, list(names))
        order = sorted(range(len(ids)), key=ids.__getitem__)
        rank = np.empty(len(ids), np.intp)
        rank[order] = np.arange(len(ids))
        parts = [points.columns for _, points in requests]
        columns = Points(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.timestamps for part in parts]),
            np.concatenate([part.values for part in parts]),
        )
        return cls([ids[index] for index in order], rank[np.concatenate(codes)], columns)


def _series_ids(session: Session, names: Sequence[tuple[int, SeriesKey]]) -> list[SeriesId]:
    keys = key_ids(session, {series.key for _, series in names})
    label_sets = {NO_LABELS: NO_LABELS_ID}
    if labelled := {series.labels for _, series in names if series.labels}:
        label_sets |= label_set_ids(session, labelled)
    return [SeriesId(run_id, keys[series.key], label_sets[series.labels]) for run_id, series in names]


def labelled_metrics(batch: Batch) -> dict[SeriesId, Summary]:
    """Summarise metrics of which labelled points came, each whole.

    The series without labels sums up all points of its key; see `NO_LABELS_ID`.
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
