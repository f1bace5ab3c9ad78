"""The fields of runs: by which they can be searched and sorted, over their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    Select,
    Table,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    outerjoin,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from trackhelm_core.db.statements import Values, list_parameter, table_of
from trackhelm_core.limits import RUN_TAG_VALUE_LENGTH
from trackhelm_core.search.compile import check_comparison, metric_predicate
from trackhelm_core.search.entity import (
    PRESENCE,
    Attribute,
    EntitySearch,
    MetricCollection,
    NumberAttribute,
    ResolvedAttribute,
    ResolvedKey,
    StringAttribute,
    StringCollection,
    metric_rows,
    resolve_field,
    resolve_order,
    string_rows,
)
from trackhelm_core.search.grammar import (
    Aggregate,
    Comparison,
    Expression,
    Field,
    OrderTerm,
    all_of,
    parts_of,
)
from trackhelm_core.search.pages import SortColumn
from trackhelm_core.search.text import SearchSyntaxError
from trackhelm_domain.tables import Dataset, Run, RunDataset, RunDatasetTag, RunParam, RunTag, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage

_RUNS: Final = table_of(Run)
_PARAMS: Final = table_of(RunParam)
_TAGS: Final = table_of(RunTag)
_SERIES: Final = table_of(Series)
_DATASETS: Final = table_of(Dataset)
_USES: Final = table_of(RunDataset)
_CONTEXTS: Final = table_of(RunDatasetTag)

NO_KEY: Final = -1
"""The id of a key that does not exist. No row has it, which a look-up in the index shows at once."""

DATASET_CONTEXT: Final = "mlflow.data.context"

AGGREGATES: Final = {
    Aggregate.LAST: _SERIES.c.last_value,
    Aggregate.MIN: _SERIES.c.min_value,
    Aggregate.MAX: _SERIES.c.max_value,
}

# NULL while the run goes on.
_DURATION: Final = _RUNS.c.end_time - _RUNS.c.start_time
_ABSENT_WHILE_RUNNING: Final = (_RUNS.c.end_time, _DURATION)

_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "run_id": StringAttribute(_RUNS.c.uuid),
    # A run's name and its tag `mlflow.runName` are written together, so the column serves for both.
    "run_name": StringAttribute(_RUNS.c.name),
    "status": StringAttribute(_RUNS.c.status),
    "user_id": StringAttribute(_RUNS.c.user_id),
    "artifact_uri": StringAttribute(_RUNS.c.artifact_uri),
    "start_time": NumberAttribute(_RUNS.c.start_time),
    "end_time": NumberAttribute(_RUNS.c.end_time),
    "duration": NumberAttribute(_DURATION),
}
_ALIASES: Final = {
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
    "created": "start_time",
    "Created": "start_time",
}
_PREFIXES: Final = {
    "metric": "metrics",
    "param": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
    "dataset": "datasets",
}


def run_search(keys: Mapping[str, int]) -> EntitySearch:
    """Return the search fields of runs; `keys` are the ids of the keys that exist."""

    def param(key: str) -> Select[Any]:
        return _value_of(_PARAMS, keys.get(key, NO_KEY))

    def tag(key: str) -> Select[Any]:
        return _value_of(_TAGS, keys.get(key, NO_KEY))

    def metric(key: str, aggregate: Aggregate) -> Select[Any]:
        return (
            select(AGGREGATES[aggregate])
            .where(
                _SERIES.c.run_id == _RUNS.c.id,
                _SERIES.c.label_set_id == NO_LABELS_ID,
                _SERIES.c.key_id == keys.get(key, NO_KEY),
            )
            .correlate(_RUNS)
        )

    return EntitySearch(
        name="runs",
        attributes=_ATTRIBUTES,
        collections={
            "metrics": MetricCollection(metric_rows(metric), has_key=keys.__contains__),
            "params": StringCollection(string_rows(param)),
            "tags": StringCollection(string_rows(tag)),
            "datasets": StringCollection(string_rows(_dataset), keys=("name", "digest", "context")),
        },
        aliases=_ALIASES,
        prefixes=_PREFIXES,
        attribute_prefixes=frozenset({"attribute", "attributes", "attr", "run"}),
    )


def _value_of(values: Table, key_id: int) -> Select[Any]:
    return (
        select(values.c.value)
        .where(values.c.run_id == _RUNS.c.id, values.c.key_id == key_id)
        .correlate(_RUNS)
    )


def _dataset(key: str) -> Select[Any]:
    if key == "context":
        return (
            select(_CONTEXTS.c.value)
            .join(_USES, _USES.c.id == _CONTEXTS.c.run_dataset_id)
            .where(_USES.c.run_id == _RUNS.c.id, _CONTEXTS.c.key == DATASET_CONTEXT)
            .correlate(_RUNS)
        )
    return (
        select({"name": _DATASETS.c.name, "digest": _DATASETS.c.digest}[key])
        .join(_USES, _USES.c.dataset_id == _DATASETS.c.id)
        .where(_USES.c.run_id == _RUNS.c.id)
        .correlate(_RUNS)
    )


EXPERIMENT: Final[BindParameter[int]] = bindparam("experiment", type_=BigInteger)
EXPERIMENTS: Final = "experiments"
ROW_LIMIT: Final[BindParameter[int]] = bindparam("row_limit", type_=Integer)
"""The rows of the page, and one that shows whether another page follows."""


@dataclass(frozen=True)
class RunQuery:
    """A search of runs, as a key by which its statement is cached."""

    dialect: str
    is_of_one_experiment: bool
    stages: tuple[LifecycleStage, ...]
    where: Expression | None
    order: tuple[OrderTerm, ...]
    keys: tuple[tuple[str, int], ...]
    """The names and ids of the keys in the search that exist."""
    params_and_tags_of: int | None = None
    """The experiment, if the statement is for it only, because it contains digests of this experiment."""

    @property
    def has_all_indexed(self) -> bool:
        """Whether the indexed values of all runs count, not only those of finalized runs."""
        return self.dialect == "sqlite"

    @cached_property
    def key_ids(self) -> Mapping[str, int]:
        """The ids of the keys by their names."""
        return dict(self.keys)

    @cached_property
    def entity(self) -> EntitySearch:
        """The fields that can be searched."""
        return run_search(self.key_ids)

    def parameters(self, experiment_ids: Sequence[int], row_limit: int) -> dict[str, Values | int]:
        """Return the parameters of the query's statements."""
        if self.is_of_one_experiment:
            return {EXPERIMENT.key: experiment_ids[0], ROW_LIMIT.key: row_limit}
        return {EXPERIMENTS: list_parameter(self.dialect, experiment_ids), ROW_LIMIT.key: row_limit}


# The order of runs, and the joins that it needs.
#
# In both directions, runs with a value come first, then those whose metric is NaN, then those without a
# value. Ties, and runs without a requested order, are sorted by start time (the latest first) and then by id.

_TIES = {
    "start_time": SortColumn(_RUNS.c.start_time, descending=True),
    "run_id": SortColumn(_RUNS.c.uuid),
}


class OrderedFilter(NamedTuple):
    """A filter, parted into what it says of the metrics that are sorted by, and the rest."""

    compared: Sequence[tuple[Field, Comparison]]
    rest: Expression | None


def ordered_filter(where: Expression | None, terms: Sequence[OrderTerm], query: RunQuery) -> OrderedFilter:
    """Return the filter's parts, of which all must hold.

    Raises:
        SearchSyntaxError: A part that says something of those metrics is not valid.
    """
    fields = [order.by.field for order in resolve_order(terms, query.entity)]
    compared: list[tuple[Field, Comparison]] = []
    rest: list[Expression] = []
    for part in parts_of(where):
        resolved = resolve_field(part.field, query.entity) if isinstance(part, Comparison) else None
        if (
            isinstance(part, Comparison)
            and isinstance(resolved, ResolvedKey)
            and resolved.field.prefix == "metrics"
            and resolved.field in fields
            and part.operator not in PRESENCE
        ):
            check_comparison(part, resolved, query.entity)
            compared.append((resolved.field, part))
        else:
            rest.append(part)
    return OrderedFilter(compared, all_of(rest))


def sorted_runs(
    statement: Select[*tuple[Any, ...]],
    terms: Sequence[OrderTerm],
    query: RunQuery,
    compared: Sequence[tuple[Field, Comparison]] = (),
) -> tuple[Select[*tuple[Any, ...]], list[SortColumn]]:
    """Return a SELECT of runs, joined to what it is sorted by, and its sort columns: those of some terms.

    `compared` is what must hold of the metrics among them: they are looked up once, to compare and to sort.
    """
    columns: list[SortColumn] = []
    ties = dict(_TIES)
    source: FromClause = _RUNS
    for order in resolve_order(terms, query.entity):
        field, descending = order.by.field, order.descending
        if isinstance(order.by, ResolvedAttribute):
            column = order.by.part.column
            may_be_absent = any(column is one for one in _ABSENT_WHILE_RUNNING)
            columns.append(SortColumn(column, descending=descending, nullable=may_be_absent))
            ties.pop(field.key, None)
            continue
        key_id = query.key_ids.get(field.key, NO_KEY)
        if field.prefix == "metrics":
            row: Select[*tuple[Any, ...]] = select(
                _SERIES.c.run_id, AGGREGATES[field.aggregate].label("value")
            ).where(_SERIES.c.label_set_id == NO_LABELS_ID, _SERIES.c.key_id == key_id)
        elif field.prefix in {"params", "tags"}:
            table = _PARAMS if field.prefix == "params" else _TAGS
            value = table.c.value if table is _PARAMS else _beginning(table.c.value)
            row = select(table.c.run_id, value).where(table.c.key_id == key_id)
        else:
            raise SearchSyntaxError(
                f"runs are not sorted by {field.prefix}: a run may have several. "
                "Allowed: attributes, metrics, params, tags",
                field.position,
                lead="Invalid identifier type 'dataset'",
            )
        source, found = _joined(query.dialect, source, row)
        if field.prefix == "metrics":
            columns.append(SortColumn(case((found.run_id.is_(None), 1), else_=0)))
            for _, comparison in (each for each in compared if each[0] == field):
                holds = metric_predicate(found.value, comparison.operator, comparison.value)
                statement = statement.where(found.run_id.is_not(None), holds)
        columns.append(SortColumn(found.value, descending=descending, nullable=True))
    return statement.select_from(source), [*columns, *ties.values()]


def _beginning(value: ColumnElement[str]) -> Label[str]:
    """Return the beginning of a tag to sort by: a tag may be very long, and a page token contains it."""
    return func.substr(value, 1, RUN_TAG_VALUE_LENGTH, type_=Text()).label("value")


def _joined(
    dialect: str, source: FromClause, row: Select[*tuple[Any, ...]]
) -> tuple[FromClause, ReadOnlyColumnCollection[str, Any]]:
    """Join each run to its row in a SELECT with a column `run_id`, and return the columns of that row."""
    if dialect != "postgresql":
        rows = row.subquery()
        return outerjoin(source, rows, rows.c.run_id == _RUNS.c.id), rows.c
    # As in `search.entity`, rows are looked up run by run, and not read for all experiments.
    (run_id, *_) = row.selected_columns
    looked_up = row.where(run_id == _RUNS.c.id).correlate(_RUNS).offset(literal_column("0")).lateral()
    return outerjoin(source, looked_up, true()), looked_up.c
