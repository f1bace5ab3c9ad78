"""Runs with their metrics, params, tags, inputs and outputs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from trackhelm.entities._base import Entity, KeyValue, as_float, as_int, text_or_none


class Param(KeyValue):
    """A param of a run: a key and a text."""


class RunTag(KeyValue):
    """A tag of a run: a key and a text."""


class InputTag(KeyValue):
    """A tag of a dataset's use by a run."""


class Metric(Entity):
    """A point of a metric: `timestamp` in milliseconds since 1970, `step` a whole number."""

    def __init__(
        self,
        key: str,
        value: float,
        timestamp: int,
        step: int,
        model_id: str | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        run_id: str | None = None,
    ) -> None:
        if (dataset_name is None) != (dataset_digest is None):
            from trackhelm.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(
                "Both dataset_name and dataset_digest must be provided if one is provided"
            )
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.step = step
        self.model_id = model_id
        self.dataset_name = dataset_name
        self.dataset_digest = dataset_digest
        self.run_id = run_id

    @classmethod
    def from_dictionary(cls, metric: Mapping[str, Any]) -> "Metric":
        """Return a metric of its wire form."""
        name, digest = text_or_none(metric.get("dataset_name")), text_or_none(metric.get("dataset_digest"))
        return cls(
            metric["key"],
            as_float(metric.get("value", 0.0)),
            as_int(metric.get("timestamp")) or 0,
            as_int(metric.get("step")) or 0,
            model_id=text_or_none(metric.get("model_id")),
            dataset_name=name,
            dataset_digest=digest if name is not None else None,
            run_id=text_or_none(metric.get("run_id")),
        )

    def to_dictionary(self) -> dict[str, Any]:
        """Return the fields in the order in which MLflow gives them."""
        names = ("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest", "run_id")
        return {name: getattr(self, name) for name in names}


class RunStatus:
    """The states of a run, as numbers; a `RunInfo` has them as texts."""

    RUNNING: ClassVar[int] = 1
    SCHEDULED: ClassVar[int] = 2
    FINISHED: ClassVar[int] = 3
    FAILED: ClassVar[int] = 4
    KILLED: ClassVar[int] = 5

    _NAMES: ClassVar[dict[int, str]] = {
        1: "RUNNING",
        2: "SCHEDULED",
        3: "FINISHED",
        4: "FAILED",
        5: "KILLED",
    }

    @staticmethod
    def from_string(status_str: str) -> int:
        """Return the number of a state."""
        for number, name in RunStatus._NAMES.items():
            if name == status_str:
                return number
        raise ValueError(
            f"{status_str!r} is no status of a run: use one of {list(RunStatus._NAMES.values())}"
        )

    @staticmethod
    def to_string(status: int) -> str:
        """Return the text of a state."""
        if status not in RunStatus._NAMES:
            raise ValueError(f"{status!r} is no status of a run: use one of {list(RunStatus._NAMES)}")
        return RunStatus._NAMES[status]

    @staticmethod
    def is_terminated(status: int) -> bool:
        """Return whether a run in this state has ended."""
        return status in {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED}

    @staticmethod
    def all_status() -> list[int]:
        """Return every state."""
        return list(RunStatus._NAMES)


class LifecycleStage:
    """Whether an experiment or run is active or deleted."""

    ACTIVE: ClassVar[str] = "active"
    DELETED: ClassVar[str] = "deleted"


class ViewType:
    """Which of active and deleted experiments and runs a search returns."""

    ACTIVE_ONLY: ClassVar[int] = 1
    DELETED_ONLY: ClassVar[int] = 2
    ALL: ClassVar[int] = 3

    _NAMES: ClassVar[dict[int, str]] = {1: "active_only", 2: "deleted_only", 3: "all"}

    @classmethod
    def from_string(cls, view_str: str) -> int:
        """Return the number of `active_only`, `deleted_only` or `all`."""
        for number, name in cls._NAMES.items():
            if name == view_str.lower():
                return number
        raise ValueError(f"{view_str!r} is no view type: use one of {list(cls._NAMES.values())}")

    @classmethod
    def to_string(cls, view_type: int) -> str:
        """Return the text of a view type."""
        if view_type not in cls._NAMES:
            raise ValueError(f"{view_type!r} is no view type: use one of {list(cls._NAMES)}")
        return cls._NAMES[view_type]


class RunInfo(Entity):
    """What a run is: times in milliseconds since 1970, `end_time` None while it goes on."""

    def __init__(
        self,
        run_id: str,
        experiment_id: str,
        user_id: str,
        status: str,
        start_time: int,
        end_time: int | None,
        lifecycle_stage: str,
        artifact_uri: str | None = None,
        run_name: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.experiment_id = experiment_id
        self.user_id = user_id
        self.status = status
        self.start_time = start_time
        self.end_time = end_time
        self.lifecycle_stage = lifecycle_stage
        self.artifact_uri = artifact_uri
        self.run_name = run_name

    @classmethod
    def from_dictionary(cls, info: Mapping[str, Any]) -> "RunInfo":
        """Return what a run is of its wire form."""
        return cls(
            run_id=info.get("run_id") or info["run_uuid"],
            experiment_id=str(info.get("experiment_id", "")),
            user_id=info.get("user_id", ""),
            status=info.get("status", "RUNNING"),
            start_time=as_int(info.get("start_time")) or 0,
            end_time=as_int(info.get("end_time")) or None,
            lifecycle_stage=info.get("lifecycle_stage", LifecycleStage.ACTIVE),
            artifact_uri=text_or_none(info.get("artifact_uri")),
            run_name=text_or_none(info.get("run_name")),
        )


class RunData(Entity):
    """The last value of each metric, the params and the tags of a run, as dictionaries."""

    def __init__(
        self,
        metrics: Sequence[Metric] | None = None,
        params: Sequence[Param] | None = None,
        tags: Sequence[RunTag] | None = None,
    ) -> None:
        self._metric_objs = list(metrics or ())
        self.metrics: dict[str, float] = {metric.key: metric.value for metric in self._metric_objs}
        self.params: dict[str, str] = {param.key: param.value for param in params or ()}
        self.tags: dict[str, str] = {tag.key: tag.value for tag in tags or ()}

    @classmethod
    def from_dictionary(cls, data: Mapping[str, Any]) -> "RunData":
        """Return a run's data of its wire form."""
        return cls(
            [Metric.from_dictionary(metric) for metric in data.get("metrics", ())],
            [Param(param["key"], param.get("value", "")) for param in data.get("params", ())],
            [RunTag(tag["key"], tag.get("value", "")) for tag in data.get("tags", ())],
        )


class Dataset(Entity):
    """A dataset that a run read: its name, the digest of its content, and where it came from."""

    def __init__(
        self,
        name: str,
        digest: str,
        source_type: str,
        source: str,
        schema: str | None = None,
        profile: str | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.source_type = source_type
        self.source = source
        self.schema = schema
        self.profile = profile

    @classmethod
    def from_dictionary(cls, dataset: Mapping[str, Any]) -> "Dataset":
        """Return a dataset of its wire form."""
        return cls(
            dataset["name"],
            dataset.get("digest", ""),
            dataset.get("source_type", ""),
            dataset.get("source", ""),
            text_or_none(dataset.get("schema")),
            text_or_none(dataset.get("profile")),
        )


class DatasetInput(Entity):
    """A dataset with the tags of its use, such as `mlflow.data.context`."""

    def __init__(self, dataset: Dataset, tags: Sequence[InputTag] | None = None) -> None:
        self.dataset = dataset
        self.tags = list(tags or ())

    @classmethod
    def from_dictionary(cls, used: Mapping[str, Any]) -> "DatasetInput":
        """Return an input of its wire form."""
        tags = [InputTag(tag["key"], tag.get("value", "")) for tag in used.get("tags", ())]
        return cls(Dataset.from_dictionary(used["dataset"]), tags)

    def to_dictionary(self) -> dict[str, Any]:
        """Return the dataset, and the tags as one dictionary."""
        return {
            "dataset": self.dataset.to_dictionary(),
            "tags": {tag.key: tag.value for tag in self.tags},
        }


class LoggedModelInput(Entity):
    """A logged model that a run read."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id


class LoggedModelOutput(Entity):
    """A logged model that a run made at a step."""

    def __init__(self, model_id: str, step: int) -> None:
        self.model_id = model_id
        self.step = step


class RunInputs(Entity):
    """The datasets and logged models that a run read."""

    def __init__(
        self,
        dataset_inputs: Sequence[DatasetInput],
        model_inputs: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        self.dataset_inputs = list(dataset_inputs)
        self.model_inputs = list(model_inputs or ())

    @classmethod
    def from_dictionary(cls, inputs: Mapping[str, Any]) -> "RunInputs":
        """Return inputs of their wire form."""
        return cls(
            [DatasetInput.from_dictionary(used) for used in inputs.get("dataset_inputs", ())],
            [LoggedModelInput(model["model_id"]) for model in inputs.get("model_inputs", ())],
        )


class RunOutputs(Entity):
    """The logged models that a run made."""

    def __init__(self, model_outputs: Sequence[LoggedModelOutput]) -> None:
        self.model_outputs = list(model_outputs)

    @classmethod
    def from_dictionary(cls, outputs: Mapping[str, Any]) -> "RunOutputs":
        """Return outputs of their wire form."""
        return cls(
            [
                LoggedModelOutput(model["model_id"], as_int(model.get("step")) or 0)
                for model in outputs.get("model_outputs", ())
            ]
        )


class Run(Entity):
    """A run: what it is, what was logged to it, and the datasets and models that it read and made."""

    def __init__(
        self,
        run_info: RunInfo,
        run_data: RunData,
        run_inputs: RunInputs | None = None,
        run_outputs: RunOutputs | None = None,
    ) -> None:
        self._info = run_info
        self._data = run_data
        self._inputs = run_inputs
        self._outputs = run_outputs

    @property
    def info(self) -> RunInfo:
        """What the run is."""
        return self._info

    @property
    def data(self) -> RunData:
        """Metrics, params and tags."""
        return self._data

    @property
    def inputs(self) -> RunInputs | None:
        """What the run read."""
        return self._inputs

    @property
    def outputs(self) -> RunOutputs | None:
        """What the run made."""
        return self._outputs

    @classmethod
    def from_dictionary(cls, run: Mapping[str, Any]) -> "Run":
        """Return a run of its wire form."""
        return cls(
            RunInfo.from_dictionary(run["info"]),
            RunData.from_dictionary(run.get("data", {})),
            RunInputs.from_dictionary(run.get("inputs", {})),
            RunOutputs.from_dictionary(run.get("outputs", {})),
        )
