"""Experiments, and the files that a listing returns."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from trackhelm.entities._base import Entity, KeyValue, as_int


class ExperimentTag(KeyValue):
    """A tag of an experiment."""


class Experiment(Entity):
    """A named group of runs; times are milliseconds since 1970."""

    DEFAULT_EXPERIMENT_NAME: ClassVar[str] = "Default"

    def __init__(
        self,
        experiment_id: str,
        name: str,
        artifact_location: str,
        lifecycle_stage: str,
        tags: Sequence[ExperimentTag] | None = None,
        creation_time: int | None = None,
        last_update_time: int | None = None,
        workspace: str | None = None,
    ) -> None:
        self.experiment_id = experiment_id
        self.name = name
        self.artifact_location = artifact_location
        self.lifecycle_stage = lifecycle_stage
        self.tags: dict[str, str] = {tag.key: tag.value for tag in tags or ()}
        self.creation_time = creation_time
        self.last_update_time = last_update_time
        self.workspace = workspace or "default"

    @classmethod
    def from_dictionary(cls, experiment: Mapping[str, Any]) -> "Experiment":
        """Return an experiment of its wire form."""
        return cls(
            str(experiment["experiment_id"]),
            experiment.get("name", ""),
            experiment.get("artifact_location", ""),
            experiment.get("lifecycle_stage", "active"),
            [ExperimentTag(tag["key"], tag.get("value", "")) for tag in experiment.get("tags", ())],
            as_int(experiment.get("creation_time")),
            as_int(experiment.get("last_update_time")),
            experiment.get("workspace"),
        )


class FileInfo(Entity):
    """A file or folder of a listing; `file_size` in bytes, None for a folder."""

    def __init__(self, path: str, is_dir: bool, file_size: int | None) -> None:
        self.path = path
        self.is_dir = is_dir
        self.file_size = file_size

    def to_dictionary(self) -> dict[str, Any]:
        """Return the fields; a folder has no size."""
        fields: dict[str, Any] = {"path": self.path, "is_dir": self.is_dir}
        return fields if self.is_dir else {**fields, "file_size": self.file_size}
