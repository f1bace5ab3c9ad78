"""What can be searched in runs, over their tables. Filters only; `run_order` has what they are sorted by."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, select

from trackhelm_core.db.models import Dataset, Run, RunDataset, RunDatasetTag, RunParam, RunTag, Series
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

NO_KEY: Final = -1
"""The id of a key that does not exist: no row has it, and the index says so at once."""

DATASET_CONTEXT: Final = "mlflow.data.context"

AGGREGATES: Final = {
    Aggregate.LAST: Series.last_value,
    Aggregate.MIN: Series.min_value,
    Aggregate.MAX: Series.max_value,
}

_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "run_id": StringAttribute(Run.uuid),
    # A run's name and its tag `mlflow.runName` are written together, so either stands for both.
    "run_name": StringAttribute(Run.name),
    "status": StringAttribute(Run.status),
    "user_id": StringAttribute(Run.user_id),
    "artifact_uri": StringAttribute(Run.artifact_uri),
    "start_time": NumberAttribute(Run.start_time),
    "end_time": NumberAttribute(Run.end_time),
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
        key_id = keys.get(key, NO_KEY)
        return (
            select(RunParam.value).where(RunParam.run_id == Run.id, RunParam.key_id == key_id).correlate(Run)
        )

    def tag(key: str) -> Select[Any]:
        key_id = keys.get(key, NO_KEY)
        return select(RunTag.value).where(RunTag.run_id == Run.id, RunTag.key_id == key_id).correlate(Run)

    def metric(key: str, aggregate: Aggregate) -> Select[Any]:
        return (
            select(AGGREGATES[aggregate])
            .where(
                Series.run_id == Run.id,
                Series.label_set_id == NO_LABELS_ID,
                Series.key_id == keys.get(key, NO_KEY),
            )
            .correlate(Run)
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


def _dataset(key: str) -> Select[Any]:
    if key == "context":
        return (
            select(RunDatasetTag.value)
            .join(RunDataset, RunDataset.id == RunDatasetTag.run_dataset_id)
            .where(RunDataset.run_id == Run.id, RunDatasetTag.key == DATASET_CONTEXT)
            .correlate(Run)
        )
    return (
        select({"name": Dataset.name, "digest": Dataset.digest}[key])
        .join(RunDataset, RunDataset.dataset_id == Dataset.id)
        .where(RunDataset.run_id == Run.id)
        .correlate(Run)
    )
