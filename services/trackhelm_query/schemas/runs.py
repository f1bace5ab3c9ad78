"""Requests and answers about runs."""

from typing import Annotated, Any

from msgspec import field
from pydantic import BeforeValidator

from trackhelm_core.errors import missing_parameter
from trackhelm_core.limits import SEARCH_RUNS_DEFAULT_PAGE
from trackhelm_core.wire.replies import KeyValue, Number, Reply
from trackhelm_core.wire.requests import Int64, WireModel
from trackhelm_query.schemas.views import ACTIVE, View


class NamedRun(WireModel):
    """A request about one run, by its id or under the name that clients before 1.0 gave it."""

    run_id: str = ""
    run_uuid: str = ""

    def asked_run(self) -> str:
        """Return the run's id; raises when neither field has it."""
        if asked := self.run_id or self.run_uuid:
            return asked
        raise missing_parameter("run_id")


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


ExperimentId = Annotated[str, BeforeValidator(_as_text)]
"""An experiment's id in a list, where MLflow's server takes a number for the text of it."""


class SearchRuns(WireModel):
    """`POST runs/search`."""

    experiment_ids: tuple[ExperimentId, ...] = ()
    filter: str = ""
    run_view_type: View = ACTIVE
    max_results: Int64 = SEARCH_RUNS_DEFAULT_PAGE
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class RunInfo(Reply, frozen=True):
    """What a run is. Old clients read `run_uuid`."""

    run_uuid: str
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None


class Metric(Reply, frozen=True, gc=False):
    """A point of a metric."""

    key: str
    value: Number
    timestamp: int
    step: int


class RunData(Reply, frozen=True):
    """What a run logged: the latest point of each metric."""

    metrics: list[Metric] = field(default_factory=list)
    params: list[KeyValue] = field(default_factory=list)
    tags: list[KeyValue] = field(default_factory=list)


class Dataset(Reply, frozen=True):
    """A dataset."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Reply, frozen=True):
    """A run's use of a dataset."""

    dataset: Dataset
    tags: list[KeyValue] = field(default_factory=list)


class ModelInput(Reply, frozen=True):
    """A logged model that a run read."""

    model_id: str


class ModelOutput(Reply, frozen=True):
    """A logged model that a run made, and at which step."""

    model_id: str
    step: int


class RunInputs(Reply, frozen=True):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[ModelInput] = field(default_factory=list)


class RunOutputs(Reply, frozen=True):
    """What a run made."""

    model_outputs: list[ModelOutput] = field(default_factory=list)


class Run(Reply, frozen=True):
    """A run and all that is shown of it."""

    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs


class RunReply(Reply, frozen=True):
    """The answer of `runs/get`."""

    run: Run


class RunPage(Reply, frozen=True):
    """The answer of `runs/search`."""

    runs: list[Run] = field(default_factory=list)
    next_page_token: str = ""
