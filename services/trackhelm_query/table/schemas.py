"""Requests and answers about tables of runs, as JSON."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import field
from pydantic import Field

from trackhelm_core.limits import GROUPS_DEFAULT_PAGE, TABLE_DEFAULT_PAGE
from trackhelm_core.wire.replies import Number, Reply, wire_number
from trackhelm_core.wire.requests import WHOLE, Int64, Required, WireModel
from trackhelm_query.runs.schemas import ACTIVE, ExperimentId, View
from trackhelm_query.searches import SearchRequest
from trackhelm_query.table.logic import RunTable
from trackhelm_query.table.store import FoundGroups, Spread

MEDIA_TYPE = "application/vnd.apache.arrow.stream"


class _OfRuns(WireModel):
    """Which runs: those of some experiments that match a filter."""

    experiment_ids: tuple[ExperimentId, ...] = ()
    filter: str = ""
    run_view_type: View = ACTIVE

    def asked(self, max_results: int, order_by: Sequence[str] = (), page_token: str = "") -> SearchRequest:
        """Return the search for these runs."""
        return SearchRequest(
            filter_text=self.filter,
            order_by=order_by,
            stages=self.run_view_type,
            max_results=max_results,
            page_token=page_token,
        )


class CountRuns(_OfRuns):
    """`POST trackhelm/runs/count`."""


class ReadTable(_OfRuns):
    """`POST trackhelm/runs/table`: a page of runs with some columns.

    If none is named, these are the usual attributes and every key that a run of the page has.
    """

    order_by: tuple[str, ...] = ()
    max_results: Int64 = TABLE_DEFAULT_PAGE
    page_token: str = ""
    columns: tuple[Required, ...] = ()
    longest_text: Annotated[int, Field(ge=1), WHOLE] | None = None
    format: Literal["json", "arrow"] | None = None


class ReadCsv(_OfRuns):
    """`POST trackhelm/runs/csv`: all runs that match, with some columns."""

    order_by: tuple[str, ...] = ()
    columns: tuple[Required, ...] = ()


class GroupRuns(_OfRuns):
    """`POST trackhelm/runs/groups`: the runs by their value of a param or tag."""

    group_by: Required
    metrics: tuple[Required, ...] = ()
    max_results: Int64 = GROUPS_DEFAULT_PAGE


class CountReply(Reply, frozen=True):
    """The answer of `runs/count`. `children` are the runs that have the tag `mlflow.parentRunId`."""

    runs: int
    running: int
    children: int


class ColumnReply(Reply, frozen=True):
    """A column: `type` is `text`, `integer` or `number`. Null means that the run has no value."""

    name: str
    type: str
    values: list[str | int | float | None]


class TableReply(Reply, frozen=True):
    """The answer of `runs/table`. As an Arrow stream, all but the columns is in the schema's metadata."""

    rows: int
    columns: list[ColumnReply] = field(default_factory=list)
    next_page_token: str = ""


class SpreadReply(Reply, frozen=True):
    """A metric over the runs of a group: over the last values that are finite, of which there are `count`."""

    key: str
    count: int
    mean: Number
    min: float
    max: float


class GroupReply(Reply, frozen=True):
    """A group. Without a value, it is that of the runs that have none."""

    runs: int
    value: str | None = None
    metrics: list[SpreadReply] = field(default_factory=list)


class GroupsReply(Reply, frozen=True):
    """The answer of `runs/groups`. `total` also counts the groups beyond `max_results`."""

    total: int
    groups: list[GroupReply] = field(default_factory=list)


def table_message(table: RunTable, *, with_columns: bool = True) -> TableReply:
    """Return a table in the wire form, or what it says beside its columns."""
    columns = [
        ColumnReply(
            column.name,
            column.type.value,
            [wire_number(value) if isinstance(value, float) else value for value in column.values],
        )
        for column in (table.columns if with_columns else ())
    ]
    return TableReply(table.rows, columns, table.next_token)


def groups_message(found: FoundGroups) -> GroupsReply:
    """Return groups in the wire form."""
    return GroupsReply(
        found.total,
        [
            GroupReply(
                group.runs,
                group.value,
                [_spread_message(key, spread) for key, spread in sorted(group.metrics.items())],
            )
            for group in found.groups
        ],
    )


def _spread_message(key: str, spread: Spread) -> SpreadReply:
    # The mean of very large numbers may be infinite.
    return SpreadReply(key, spread.count, wire_number(spread.mean), spread.min, spread.max)
