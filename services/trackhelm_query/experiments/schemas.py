"""Requests and answers about experiments."""

from collections import defaultdict

from msgspec import field

from trackhelm_core.wire.replies import KeyValue, Reply
from trackhelm_core.wire.requests import Int64, Repeated, Required, WireModel
from trackhelm_query.runs.schemas import ACTIVE, View
from trackhelm_query.searches import ExperimentRecords


class GetExperiment(WireModel):
    """`GET experiments/get`."""

    experiment_id: Required


class GetExperimentByName(WireModel):
    """`GET experiments/get-by-name`."""

    experiment_name: Required


class SearchExperiments(WireModel):
    """`POST` and `GET experiments/search`. As in MLflow, there is no default page size."""

    max_results: Int64 = 0
    page_token: str = ""
    filter: str = ""
    order_by: Repeated = ()
    view_type: View = ACTIVE


class Experiment(Reply, frozen=True):
    """An experiment."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[KeyValue] = field(default_factory=list)


class ExperimentReply(Reply, frozen=True):
    """The answer of `experiments/get` and `get-by-name`."""

    experiment: Experiment


class ExperimentPage(Reply, frozen=True):
    """The answer of `experiments/search`."""

    experiments: list[Experiment] = field(default_factory=list)
    next_page_token: str = ""


def experiment_messages(records: ExperimentRecords) -> list[Experiment]:
    """Return experiments in the wire form."""
    tags: defaultdict[int, list[KeyValue]] = defaultdict(list)
    for experiment_id, key, value in records.tags:
        tags[experiment_id].append(KeyValue(key, value))
    return [
        Experiment(
            experiment_id=str(experiment_id),
            name=name,
            artifact_location=artifact_location,
            lifecycle_stage=lifecycle_stage,
            last_update_time=last_update_time,
            creation_time=creation_time,
            tags=tags[experiment_id],
        )
        for (
            experiment_id, name, artifact_location, lifecycle_stage, last_update_time, creation_time, *_,
        ) in records.experiments
    ]  # fmt: skip
