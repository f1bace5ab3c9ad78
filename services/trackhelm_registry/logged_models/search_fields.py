"""The fields by which logged models can be searched: their attributes, params, tags and metrics."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, ParamSpec

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from trackhelm_core.search.entity import (
    Attribute,
    ChoiceAttribute,
    EntitySearch,
    IdAttribute,
    MetricCollection,
    NumberAttribute,
    StringAttribute,
    StringCollection,
    metric_rows,
    string_rows,
)
from trackhelm_core.search.grammar import Aggregate
from trackhelm_domain.tables import Key, LoggedModel, LoggedModelParam, LoggedModelTag, Series
from trackhelm_registry.logged_models.messages import STATUSES
from trackhelm_registry.logged_models.store import DatasetFilter, on_datasets, series_of_model

METRICS: Final = "metrics"
COMPARATOR: Final = "Invalid comparison operator for {field}: '{operator}'"

_Asked = ParamSpec("_Asked")

_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "name": StringAttribute(LoggedModel.name),
    "model_id": StringAttribute(LoggedModel.model_id),
    "model_type": StringAttribute(LoggedModel.model_type, nullable=True),
    "source_run_id": StringAttribute(LoggedModel.source_run_id, nullable=True),
    "experiment_id": IdAttribute(LoggedModel.experiment_id),
    "status": ChoiceAttribute(LoggedModel.status, {status: status for status in STATUSES}),
    "artifact_uri": StringAttribute(LoggedModel.artifact_uri),
    "creation_timestamp": NumberAttribute(LoggedModel.creation_timestamp),
    "last_updated_timestamp": NumberAttribute(LoggedModel.last_updated_timestamp),
}
_ALIASES: Final = {
    "artifact_location": "artifact_uri",
    "creation_time": "creation_timestamp",
    "creation_timestamp_ms": "creation_timestamp",
    "last_updated_timestamp_ms": "last_updated_timestamp",
}
_PREFIXES: Final = {
    "metric": METRICS,
    "param": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
}
_SUMMARIES: Final = {
    Aggregate.LAST: Series.last_value,
    Aggregate.MIN: Series.min_value,
    Aggregate.MAX: Series.max_value,
}


def searchable(
    session: Session, datasets: Sequence[DatasetFilter] = (), keys: Collection[str] = ()
) -> EntitySearch:
    """Return the searchable fields; metrics count if they were measured on one of `datasets`.

    `keys` are the existing ones among those that the request may mean.
    """
    measured = [on_datasets(session, datasets)] if datasets else []

    def metric_values(key: str, aggregate: Aggregate) -> Select[Any]:
        return series_of_model(_SUMMARIES[aggregate]).where(Key.name == key, *measured)

    return EntitySearch(
        name="logged models",
        attributes=_ATTRIBUTES,
        collections={
            METRICS: MetricCollection(_each_by_itself(metric_rows(metric_values)), has_key=keys.__contains__),
            "params": StringCollection(_each_by_itself(string_rows(_values_of(LoggedModelParam)))),
            "tags": StringCollection(_each_by_itself(string_rows(_values_of(LoggedModelTag)))),
        },
        aliases=_ALIASES,
        prefixes=_PREFIXES,
        comparator_words=COMPARATOR,
        prefix_words="Invalid entity type: '{prefix}'",
    )


def _each_by_itself(exists: Callable[_Asked, ColumnElement[bool]]) -> Callable[_Asked, ColumnElement[bool]]:
    """Keep PostgreSQL from joining all conditions: planning took a second for 80 of them, and eleven for 200.

    It does so only with a bare EXISTS. Separately, each condition looks up the few rows of one model.
    """

    def fenced(*args: _Asked.args, **kwargs: _Asked.kwargs) -> ColumnElement[bool]:
        return func.coalesce(exists(*args, **kwargs), false())

    return fenced


def _values_of(table: type[LoggedModelParam | LoggedModelTag]) -> Callable[[str], Select[Any]]:
    def values(key: str) -> Select[Any]:
        of_model = table.logged_model_id == LoggedModel.id
        return select(table.value).where(of_model, table.key == key).correlate(LoggedModel)

    return values
