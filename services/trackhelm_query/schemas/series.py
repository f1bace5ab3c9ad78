"""Requests and answers about series."""

import json

from msgspec import field

from trackhelm_core.chunks import Points
from trackhelm_core.limits import SERIES_DEFAULT_PAGE
from trackhelm_core.wire.faults import invalid_value
from trackhelm_core.wire.replies import Number, Reply, wire_number
from trackhelm_core.wire.requests import Int64, Repeated, Required, WireModel
from trackhelm_query.records import SeriesRecords


class ListSeries(WireModel):
    """`POST trackhelm/series/list`. No keys are all keys."""

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
        """Return the labels; raises for what is none."""
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
    """The point with the greatest step, of these the greatest time, of these the greatest value."""

    value: Number
    step: int
    timestamp: int


class SeriesSummary(Reply, frozen=True):
    """A series. Without labels it sums up the key's points of every label set.

    `min` and `max` are over finite values, and absent when there is none.
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
    """Return series in the wire's form."""
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
    """Return the values of points in the wire's form."""
    return [wire_number(value) for value in points.values.tolist()]
