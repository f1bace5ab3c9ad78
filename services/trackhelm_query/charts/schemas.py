"""Requests and answers about charts, as JSON."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final, Literal, get_args

import numpy as np
from msgspec import field
from numpy.typing import NDArray
from pydantic import Field

from trackhelm_core.chunks.buckets import MIN_BUCKETS
from trackhelm_core.limits import CHART_BUCKETS, CHART_DEFAULT_BUCKETS
from trackhelm_core.wire.replies import Number, Reply, wire_number
from trackhelm_core.wire.requests import WHOLE, Int64, Repeated, Required, WireModel
from trackhelm_query.charts.logic import Axis, Chart, ChartRequest, DrawnLine

ColumnName = Literal[
    "x_first", "first", "x_last", "last", "x_min", "min", "x_max", "max", "mean", "count", "nonfinite"
]
"""The name of a column of buckets, besides the position."""

Column = NDArray[np.int64] | NDArray[np.float64]


class ChartBuckets(WireModel):
    """`POST trackhelm/charts/buckets`: keys of runs over a window, in at most `buckets` columns."""

    run_ids: tuple[Required, ...] = ()
    keys: tuple[Required, ...] = ()
    buckets: Annotated[int, Field(ge=MIN_BUCKETS, le=CHART_BUCKETS), WHOLE] = CHART_DEFAULT_BUCKETS
    x_axis: Axis = Axis.STEP
    start: Int64 | None = None
    end: Int64 | None = None
    labels: Annotated[dict[str, Repeated], Field(default_factory=dict)]
    group_by: tuple[Required, ...] = ()
    columns: tuple[ColumnName, ...] = ()
    rounded: bool = False
    format: Literal["json", "arrow"] | None = None

    def asked(self) -> ChartRequest:
        """Return the chart that is requested."""
        return ChartRequest(
            run_ids=self.run_ids,
            keys=self.keys,
            axis=self.x_axis,
            buckets=self.buckets,
            start=self.start,
            end=self.end,
            labels=self.labels,
            group_by=self.group_by,
            rounded=self.rounded,
        )


class PointColumns(Reply, frozen=True):
    """Points: positions on the axis, and values."""

    x: list[int]
    value: list[Number]


class BucketColumns(Reply, frozen=True):
    """Buckets with at least one point. `bucket` counts from `bucket_start`. Null means no finite value.

    Columns that were not requested are absent.
    """

    bucket: list[int]
    x_first: list[int] | None = None
    first: list[Number] | None = None
    x_last: list[int] | None = None
    last: list[Number] | None = None
    x_min: list[int] | None = None
    min: list[float | None] | None = None
    x_max: list[int] | None = None
    max: list[float | None] | None = None
    mean: list[float | None] | None = None
    count: list[int] | None = None
    nonfinite: list[int] | None = None


ALL_COLUMNS: Final[tuple[ColumnName, ...]] = get_args(ColumnName)


class ChartLine(Reply, frozen=True):
    """A line: `shown` rows for `points` points. It has `exact_points` if `exact`, else `buckets`."""

    run_id: str
    key: str
    exact: bool
    points: int
    shown: int
    labels: dict[str, str] = field(default_factory=dict)
    exact_points: PointColumns | None = None
    buckets: BucketColumns | None = None


class ChartReply(Reply, frozen=True):
    """The answer of `charts/buckets`.

    Bucket i covers `bucket_width` positions, beginning at `bucket_start` + i x `bucket_width`.
    """

    x_axis: str
    bucket_width: int
    lines: list[ChartLine]
    start: int | None = None
    end: int | None = None
    bucket_start: int | None = None


def chart_message(
    chart: Chart, columns: Sequence[ColumnName] = (), *, with_columns: bool = True
) -> ChartReply:
    """Return a chart in the wire form with the given columns (none: all), or without any columns."""
    return ChartReply(
        x_axis=chart.axis.value,
        bucket_width=1 << chart.level,
        lines=[_line_message(chart, drawn, columns, with_columns=with_columns) for drawn in chart.lines],
        start=chart.start,
        end=chart.end,
        bucket_start=chart.first_bucket << chart.level if chart.lines else None,
    )


def columns_of(chart: Chart, drawn: DrawnLine, columns: Sequence[ColumnName]) -> dict[str, Column]:
    """Return the given columns (none: all) of a line's buckets, by their wire names."""
    buckets = drawn.buckets
    place = (buckets.x_first >> chart.level) - chart.first_bucket
    return {"bucket": place, **{name: getattr(buckets, name) for name in columns or ALL_COLUMNS}}


def _line_message(
    chart: Chart, drawn: DrawnLine, names: Sequence[ColumnName], *, with_columns: bool
) -> ChartLine:
    line = drawn.line
    shown = len(drawn.buckets)
    message = partial(
        ChartLine, line.run_id, line.key, drawn.exact, drawn.points, shown, labels=dict(line.labels)
    )
    if not with_columns:
        return message()
    if drawn.exact:
        x, value = drawn.buckets.x_first.tolist(), _numbers(drawn.buckets.first)
        return message(exact_points=PointColumns(x, value))
    columns = columns_of(chart, drawn, names)
    # NaN means that a bucket has no finite value, and the encoder writes it as null.
    lists = {name: column.tolist() for name, column in columns.items()}
    lists |= {name: _numbers(columns[name]) for name in ("first", "last") if name in columns}
    return message(buckets=BucketColumns(**lists))


def _numbers(values: Column) -> list[Number]:
    numbers: list[Number] = values.tolist()
    return numbers if np.isfinite(values).all() else [wire_number(float(value)) for value in numbers]


MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
