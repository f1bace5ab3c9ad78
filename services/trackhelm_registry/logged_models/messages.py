"""The answers that contain logged models."""

from collections.abc import Sequence
from typing import Final

from trackhelm_core.wire.replies import KeyValue, Reply
from trackhelm_domain.runs.schemas import Metric

STATUSES: Final = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)
"""The states of a model; the index of each is its protobuf number."""


class Registration(Reply, frozen=True):
    """A version of a registered model that was registered from the logged model."""

    name: str
    version: str


class LoggedModelInfo(Reply, frozen=True):
    """The attributes of a logged model. Times are milliseconds since the epoch."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str | None = None
    source_run_id: str | None = None
    status_message: str | None = None
    tags: Sequence[KeyValue] = ()
    registrations: Sequence[Registration] = ()


class LoggedModelData(Reply, frozen=True):
    """What was logged to a model: its params, and the points of its metrics.

    `metrics_are_partial` says that there are more points than an answer holds, and that it has only the
    newest of the longest series.
    """

    params: Sequence[KeyValue] = ()
    metrics: Sequence[Metric] = ()
    metrics_are_partial: bool = False


class LoggedModel(Reply, frozen=True):
    """A logged model with everything that was logged to it."""

    info: LoggedModelInfo
    data: LoggedModelData = LoggedModelData()


class LoggedModelReply(Reply, frozen=True):
    """The answer that carries a logged model."""

    model: LoggedModel


class LoggedModelsPage(Reply, frozen=True):
    """The answer of `logged-models/search`."""

    models: Sequence[LoggedModel] = ()
    next_page_token: str | None = None
