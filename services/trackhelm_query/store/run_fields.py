"""What can be searched in runs, over their tables. Filters only; `run_order` has what they are sorted by."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, Table, select

from trackhelm_core.db.models import Dataset, Run, RunDataset, RunDatasetTag, RunParam, RunTag, Series
from trackhelm_core.db.models.base import table_of
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.search.entity import (
    Attribute,
    EntitySearch,
    MetricCollection,
    NumberAttribute,
    StringAttribute,
    StringCollection,
)
from trackhelm_core.search.expression import Aggregate
from trackhelm_core.search.rows import metric_rows, string_rows

_RUNS: Final = table_of(Run)
_PARAMS: Final = table_of(RunParam)
_TAGS: Final = table_of(RunTag)
_SERIES: Final = table_of(Series)
_DATASETS: Final = table_of(Dataset)
_USES: Final = table_of(RunDataset)
_CONTEXTS: Final = table_of(RunDatasetTag)

NO_KEY: Final = -1
"""The id of a key that does not exist: no row has it, and the index says so at once."""

DATASET_CONTEXT: Final = "mlflow.data.context"

AGGREGATES: Final = {
    Aggregate.LAST: _SERIES.c.last_value,
    Aggregate.MIN: _SERIES.c.min_value,
    Aggregate.MAX: _SERIES.c.max_value,
}

_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "run_id": StringAttribute(_RUNS.c.uuid),
    # A run's name and its tag `mlflow.runName` are written together, so either stands for both.
    "run_name": StringAttribute(_RUNS.c.name),
    "status": StringAttribute(_RUNS.c.status),
    "user_id": StringAttribute(_RUNS.c.user_id),
    "artifact_uri": StringAttribute(_RUNS.c.artifact_uri),
    "start_time": NumberAttribute(_RUNS.c.start_time),
    "end_time": NumberAttribute(_RUNS.c.end_time),
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
    """Return what can be searched in runs; `keys` gives the ids of those keys that exist."""

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


def _value_of(pairs: Table, key_id: int) -> Select[Any]:
    return (
        select(pairs.c.value).where(pairs.c.run_id == _RUNS.c.id, pairs.c.key_id == key_id).correlate(_RUNS)
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
