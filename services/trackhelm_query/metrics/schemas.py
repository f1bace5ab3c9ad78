"""Requests and answers about the history of metrics and about series."""

import json
from collections.abc import Iterable
from itertools import repeat

import numpy as np
from msgspec import field

from trackhelm_core.chunks.points import Points
from trackhelm_core.limits import BULK_HISTORY_POINTS, BULK_INTERVAL_POINTS, SERIES_DEFAULT_PAGE
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_core.wire.replies import Number, Reply, wire_number
from trackhelm_core.wire.requests import Int64, OfRun, Repeated, Required, WireModel
from trackhelm_domain.runs.schemas import Metric
from trackhelm_query.searches import SeriesRecords


class GetHistory(OfRun):
    """`GET metrics/get-history`. Without `max_results` the answer is the whole history."""

    metric_key: Required
    max_results: Int64 | None = None
    page_token: str = ""


class GetHistoryBulk(WireModel):
    """`GET metrics/get-history-bulk`. `logic` checks required fields, with this endpoint's own messages."""

    run_id: Repeated = ()
    metric_key: str = ""
    max_results: Int64 = BULK_HISTORY_POINTS


class GetHistoryBulkInterval(WireModel):
    """`GET metrics/get-history-bulk-interval`."""

    run_ids: Repeated
    metric_key: Required
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 = BULK_INTERVAL_POINTS


class HistoryPage(Reply, frozen=True):
    """The answer of `metrics/get-history`."""

    metrics: list[Metric] = field(default_factory=list)
    next_page_token: str = ""


class RunMetric(Reply, frozen=True, gc=False):
    """A point of a metric, with the id of its run."""

    key: str
    value: Number
    timestamp: int
    step: int
    run_id: str


class RunHistories(Reply, frozen=True):
    """The answer of `metrics/get-history-bulk-interval`."""

    metrics: list[RunMetric] = field(default_factory=list)


class BulkHistories(Reply, frozen=True):
    """The answer of `metrics/get-history-bulk`. It is no protobuf message, so an empty list is written."""

    metrics: list[RunMetric]


def metric_messages(key: str, points: Points) -> list[Metric]:
    """Return points in the wire form."""
    return list(map(Metric, repeat(key), *_columns(points)))


def run_metric_messages(key: str, histories: Iterable[tuple[str, Points]]) -> list[RunMetric]:
    """Return the points of several runs in the wire form."""
    return [
        RunMetric(key, value, timestamp, step, run_id)
        for run_id, points in histories
        for value, timestamp, step in zip(*_columns(points), strict=True)
    ]


def _columns(points: Points) -> tuple[list[Number], list[int], list[int]]:
    values: list[Number] = points.values.tolist()
    if not np.isfinite(points.values).all():
        values = [wire_number(value) for value in points.values.tolist()]
    return values, points.timestamps.tolist(), points.steps.tolist()


class ListSeries(WireModel):
    """`POST trackhelm/series/list`. No keys means all keys."""

    run_ids: tuple[Required, ...] = ()
    keys: tuple[Required, ...] = ()
    label_sets: bool = True
    max_results: Int64 = SERIES_DEFAULT_PAGE
    page_token: str = ""


class GetSeriesHistory(WireModel):
    """`GET trackhelm/series/history`: the series with exactly these labels, each given as `name=value`."""

    run_id: Required
    key: Required
    label: Repeated = ()
    max_results: Int64 | None = None
    page_token: str = ""

    def labels(self) -> dict[str, str]:
        """Return the labels; raises `InvalidParameterError` for a text that is no label."""
        labels: dict[str, str] = {}
        for text in self.label:
            name, sign, value = text.partition("=")
            if not sign:
                raise invalid_value(text, "label", "it must be like 'rank=3'")
            if name in labels:
                raise invalid_value(text, "label", f"'{name}' is given twice")
            labels[name] = value
        return labels


class LastPoint(Reply, frozen=True):
    """The last point: the one with the greatest (step, timestamp, value)."""

    value: Number
    step: int
    timestamp: int


class SeriesSummary(Reply, frozen=True):
    """A series with its summary. Without labels the summary covers the key's points of every label set.

    `min` and `max` are taken over finite values, and are absent if there is none.
    """

    run_id: str
    key: str
    last: LastPoint
    count: int
    nonfinite: int
    min: float | None = None
    max: float | None = None
    labels: dict[str, str] = field(default_factory=dict)


class SeriesPage(Reply, frozen=True):
    """The answer of `series/list`."""

    series: list[SeriesSummary]
    next_page_token: str = ""


class SeriesHistory(Reply, frozen=True):
    """The answer of `series/history`: points as columns."""

    run_id: str
    key: str
    labels: dict[str, str]
    steps: list[int]
    timestamps: list[int]
    values: list[Number]
    next_page_token: str = ""


def summary_messages(records: SeriesRecords) -> list[SeriesSummary]:
    """Return series in the wire form."""
    rows = records.series
    return [
        SeriesSummary(
            run_id,
            records.key_names[key_id],
            LastPoint(wire_number(value), step, timestamp),
            count,
            nonfinite,
            low,
            high,
            json.loads(labels),
        )
        for _, _, key_id, run_id, labels, step, timestamp, value, low, high, count, nonfinite in rows
    ]


def value_column(points: Points) -> list[Number]:
    """Return the values of points in the wire form."""
    return [wire_number(value) for value in points.values.tolist()]
