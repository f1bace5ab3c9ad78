"""Requests and answers about the history of metrics."""

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from msgspec import field

from trackhelm_core.chunks import Points
from trackhelm_core.limits import BULK_HISTORY_POINTS, BULK_INTERVAL_POINTS
from trackhelm_core.wire.replies import Number, Reply, wire_number
from trackhelm_core.wire.requests import Int64, OfRun, Repeated, Required, WireModel
from trackhelm_core.wire.runs import Metric


class GetHistory(OfRun):
    """`GET metrics/get-history`. Without `max_results` the answer is the whole history."""

    metric_key: Required
    max_results: Int64 | None = None
    page_token: str = ""


class GetHistoryBulk(WireModel):
    """`GET metrics/get-history-bulk`. What is required is checked behind it, in this endpoint's words."""

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
    """A point of a metric of one run among several."""

    key: str
    value: Number
    timestamp: int
    step: int
    run_id: str


class RunHistories(Reply, frozen=True):
    """The answer of `metrics/get-history-bulk-interval`."""

    metrics: list[RunMetric] = field(default_factory=list)


class BulkHistories(Reply, frozen=True):
    """The answer of `metrics/get-history-bulk`: no protobuf message in MLflow, so an empty list is told."""

    metrics: list[RunMetric]


def metric_messages(key: str, points: Points) -> list[Metric]:
    """Return points in the wire's form."""
    return list(map(Metric, repeat(key), *_columns(points)))


def run_metric_messages(key: str, histories: Iterable[tuple[str, Points]]) -> list[RunMetric]:
    """Return the points of several runs in the wire's form."""
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
