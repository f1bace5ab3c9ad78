"""Logged models: models with files, params, tags and metrics of their own."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from trackhelm.entities._base import Entity, KeyValue, as_dict, as_int, text_or_none
from trackhelm.entities.run import Metric


class LoggedModelTag(KeyValue):
    """A tag of a logged model."""


class LoggedModelParameter(KeyValue):
    """A param of a logged model."""


class LoggedModelStatus(str, Enum):
    """Whether a logged model's files are there."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"

    def __str__(self) -> str:
        return self.value

    @classmethod
    def from_wire(cls, status: str | int | None) -> "LoggedModelStatus":
        """Return the state of its name or number on the wire."""
        return _STATES.get(str(status), cls.UNSPECIFIED)

    def to_wire(self) -> str:
        """Return the name of the state on the wire."""
        return _WIRE_NAMES[self]


_WIRE_NAMES = {
    LoggedModelStatus.UNSPECIFIED: "LOGGED_MODEL_STATUS_UNSPECIFIED",
    LoggedModelStatus.PENDING: "LOGGED_MODEL_PENDING",
    LoggedModelStatus.READY: "LOGGED_MODEL_READY",
    LoggedModelStatus.FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
}
_STATES = {name: status for status, name in _WIRE_NAMES.items()} | {
    str(number): status for number, status in enumerate(_WIRE_NAMES)
}


class LoggedModel(Entity):
    """A model that was logged; times are milliseconds since 1970, `params` and `tags` dictionaries."""

    def __init__(
        self,
        experiment_id: str,
        model_id: str,
        name: str,
        artifact_location: str,
        creation_timestamp: int,
        last_updated_timestamp: int,
        model_type: str | None = None,
        source_run_id: str | None = None,
        status: LoggedModelStatus = LoggedModelStatus.READY,
        status_message: str | None = None,
        tags: Sequence[LoggedModelTag] | Mapping[str, str] | None = None,
        params: Sequence[LoggedModelParameter] | Mapping[str, str] | None = None,
        metrics: Sequence[Metric] | None = None,
    ) -> None:
        self.experiment_id = experiment_id
        self.model_id = model_id
        self.name = name
        self.artifact_location = artifact_location
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.model_type = model_type
        self.source_run_id = source_run_id
        self.status = status
        self.status_message = status_message
        self.tags = _dictionary(tags)
        self.params = _dictionary(params)
        self.metrics = list(metrics) if metrics is not None else None

    @property
    def model_uri(self) -> str:
        """The URI by which the model is loaded."""
        return f"models:/{self.model_id}"

    @classmethod
    def from_dictionary(cls, model: Mapping[str, Any]) -> "LoggedModel":
        """Return a logged model of its wire form."""
        info, data = model["info"], model.get("data", {})
        return cls(
            experiment_id=str(info.get("experiment_id", "")),
            model_id=info["model_id"],
            name=info.get("name", ""),
            artifact_location=info.get("artifact_uri", ""),
            creation_timestamp=as_int(info.get("creation_timestamp_ms")) or 0,
            last_updated_timestamp=as_int(info.get("last_updated_timestamp_ms")) or 0,
            model_type=text_or_none(info.get("model_type")),
            source_run_id=text_or_none(info.get("source_run_id")),
            status=LoggedModelStatus.from_wire(info.get("status")),
            status_message=text_or_none(info.get("status_message")),
            tags=as_dict(info.get("tags")),
            params=as_dict(data.get("params")),
            metrics=[Metric.from_dictionary(metric) for metric in data.get("metrics", ())] or None,
        )


def _dictionary(pairs: Sequence[KeyValue] | Mapping[str, str] | None) -> dict[str, str]:
    if isinstance(pairs, Mapping):
        return dict(pairs)
    return {pair.key: pair.value for pair in pairs or ()}
