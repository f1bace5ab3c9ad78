"""What is read from another tracking store, in the form in which every kind of source yields it. Pure.

Times are milliseconds since the epoch. A value that a source's version does not have is None, or empty.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.chunks.points import Points
from trackhelm_core.limits import REGISTERED_MODEL_NAME_LENGTH


class SourceError(Exception):
    """A source cannot be read; the message says why, and what can."""


class UnreadablePartError(SourceError):
    """One kind of what a source holds cannot be read; the message says why. The rest can."""


class Kind(StrEnum):
    """The kinds of what is imported, in the order in which they are."""

    WORKSPACE = "workspace"
    EXPERIMENT = "experiment"
    RUN = "run"
    LOGGED_MODEL = "logged_model"
    REGISTERED_MODEL = "registered_model"
    WEBHOOK = "webhook"
    ACCOUNT = "account"


ACTIVE: Final = "active"
DELETED: Final = "deleted"

DELETED_STAGE: Final = "Deleted_Internal"
"""The stage of a version that was deleted, of which MLflow keeps only the number."""


LOGGED_MODEL_STATUSES: Final = {
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}
"""The states of a logged model by the numbers that MLflow stores."""

_MODEL_URI: Final = "models:/"


def logged_model_of_source(source: str) -> str | None:
    """Return the id of the logged model that the source of a version names."""
    name = source.removeprefix(_MODEL_URI).partition("/")[0]
    return name if source.startswith(f"{_MODEL_URI}m-") else None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; `root` is where the files of its experiments are, empty for the server's own place."""

    name: str
    description: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment; `stage` is `active` or `deleted`."""

    id: int
    name: str
    artifact_location: str
    stage: str
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str]
    workspace: str = DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A dataset and the tags of one use of it by a run."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    profile: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A run without its points. `outputs` are logged models with the step at which the run made them."""

    uuid: str
    experiment_id: int
    name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    stage: str
    deleted_time: int | None
    artifact_uri: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    datasets: Sequence[DatasetUse] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[tuple[str, int]] = ()


class RunHead(NamedTuple):
    """A run of a source, with a text that differs whenever the run's points may have changed."""

    uuid: str
    points: str


class ModelPoint(NamedTuple):
    """A point of a logged model's metric, which is also one of the run that logged it."""

    run: str
    key: str
    step: int
    timestamp: int
    value: float
    dataset_name: str | None
    dataset_digest: str | None


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A logged model; `points` are in any order."""

    model_id: str
    experiment_id: int
    name: str
    model_type: str | None
    source_run_id: str | None
    status: str
    status_message: str | None
    artifact_uri: str
    creation_time: int
    last_update_time: int
    stage: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Sequence[ModelPoint] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a registered model. `storage_location` is where its source led when it was registered."""

    number: int
    description: str
    stage: str
    source: str
    storage_location: str
    run_id: str | None
    run_link: str
    model_id: str | None
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model or prompt. `next_version` is above the number of every version there ever was."""

    name: str
    description: str
    creation_time: int
    last_update_time: int
    next_version: int
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Sequence[Version]
    workspace: str = DEFAULT_WORKSPACE

    @property
    def key(self) -> str:
        """What no other model has: workspaces may have models of the same name."""
        return model_key(self.workspace, self.name)


def model_key(workspace: str, name: str) -> str:
    """Return the key of a registered model: in the default workspace its name, if it has no `/`."""
    if workspace == DEFAULT_WORKSPACE and "/" not in name:
        return name
    key = f"{workspace}/{name}"
    if len(key) <= REGISTERED_MODEL_NAME_LENGTH:
        return key
    return f"{workspace}/{hashlib.sha256(name.encode()).hexdigest()}"


def workspace_of_key(key: str) -> str:
    """Return the workspace of the registered model that has a key."""
    return key.partition("/")[0] if "/" in key else DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook without its secret, which no source gives away. `events` are `entity.action`."""

    uuid: str
    name: str
    description: str
    url: str
    events: Sequence[str]
    has_secret: bool
    creation_time: int
    last_update_time: int
    workspace: str = DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a source has of what is imported, and of what Trackhelm does not serve.

    Both by the names of MLflow's tables, of whatever kind the source is.
    """

    imported: Mapping[str, int]
    left: Mapping[str, int] = field(default_factory=dict)


class Piece(NamedTuple):
    """Some points of one metric of a run. A metric may come in several pieces, one after another."""

    run: str
    key: str
    points: Points


class LastValue(NamedTuple):
    """The last point of a metric: what a table of runs shows."""

    step: int
    timestamp: int
    value: float


class Source(Protocol):
    """A tracking store that is read, each time as of one moment if it can be."""

    @property
    def name(self) -> str:
        """How the source is called in reports and in the audit trail: its address without a password."""

    def counts(self) -> Counts:
        """Count what there is."""

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces, the default one among them."""

    def experiments(self) -> Iterator[Experiment]:
        """Yield every experiment, deleted ones too, by id."""

    def run_heads(self) -> Iterator[RunHead]:
        """Yield every run."""

    def runs(self, uuids: Sequence[str]) -> list[Run]:
        """Return runs; one that is gone by now is missing."""

    def points(self, uuids: Sequence[str]) -> Iterator[Piece]:
        """Yield the points of runs, those of one metric after another, each point once."""

    def last_values(self, uuids: Sequence[str]) -> dict[tuple[str, str], LastValue]:
        """Return the last point of each metric of runs, by run and key."""

    def logged_models(self) -> Iterator[LoggedModel]:
        """Yield every logged model."""

    def registered_models(self) -> Iterator[RegisteredModel]:
        """Yield every registered model and prompt."""

    def webhooks(self) -> Iterator[Webhook]:
        """Yield every webhook."""

    def refresh(self) -> None:
        """Read what the source holds now from here on."""

    def close(self) -> None:
        """Let go of the source."""
