"""Runs as several services answer them: the wire form, the rows it is made from, and MLflow's own tags."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from json import JSONDecodeError
from typing import Final, NamedTuple

from msgspec import field

from trackhelm_core.db.statements import PlainRows
from trackhelm_core.wire.replies import KeyValue, Number, Reply
from trackhelm_core.wire.requests import decode_json

RESERVED: Final = "mlflow."
"""The prefix of the keys that have a meaning in MLflow."""

RUN_NAME: Final = "mlflow.runName"
"""Always has the run's name: a change of one changes the other."""

LOGGED_MODEL_HISTORY: Final = "mlflow.log-model.history"
"""A JSON list of the models that clients before 3.0 logged to the run."""


def must_stay_whole(key: str, value: str) -> bool:
    """Return whether a client may read the tag and append to it: it is MLflow's own, or JSON.

    Clients append to a list (of a run's tables, models, prompts), which they could not read if it were
    truncated.
    """
    return key.startswith(RESERVED) or (value.lstrip()[:1] in {"[", "{"} and _is_json(value))


def _is_json(text: str) -> bool:
    try:
        decode_json(text)
    except JSONDecodeError:
        return False
    return True


# The wire form of a run, which ingest (create, update) and query (get, search) answer.


class RunInfo(Reply, frozen=True):
    """The attributes of a run. Times are milliseconds since the epoch.

    `run_uuid` repeats `run_id` for clients from before the rename.
    """

    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None


class Metric(Reply, frozen=True, gc=False):
    """A metric point. If it stands for a series, it is the last point of the series."""

    key: str
    value: Number
    timestamp: int
    step: int
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


class RunData(Reply, frozen=True):
    """The metrics, params and tags of a run."""

    metrics: list[Metric] = field(default_factory=list)
    params: list[KeyValue] = field(default_factory=list)
    tags: list[KeyValue] = field(default_factory=list)


class Dataset(Reply, frozen=True):
    """A dataset as it was described. `source`, `schema` and `profile` are JSON texts."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Reply, frozen=True):
    """The use of a dataset by a run."""

    dataset: Dataset
    tags: list[KeyValue] = field(default_factory=list)


class ModelInput(Reply, frozen=True):
    """A logged model that a run used."""

    model_id: str


class RunInputs(Reply, frozen=True):
    """The inputs of a run."""

    dataset_inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[ModelInput] = field(default_factory=list)


class ModelOutput(Reply, frozen=True):
    """A logged model that a run made, and at which step."""

    model_id: str
    step: int


class RunOutputs(Reply, frozen=True):
    """The outputs of a run."""

    model_outputs: list[ModelOutput] = field(default_factory=list)


class RunContents(Reply, frozen=True):
    """Everything that was logged to a run."""

    data: RunData
    inputs: RunInputs = RunInputs()
    outputs: RunOutputs = RunOutputs()


class Run(Reply, frozen=True):
    """A run: its attributes, and everything that was logged to it, as in `RunContents`."""

    info: RunInfo
    data: RunData
    inputs: RunInputs = RunInputs()
    outputs: RunOutputs = RunOutputs()


class RunReply(Reply, frozen=True):
    """The answer with a run."""

    run: Run


# The rows that were read of runs, before the wire form is made from them.


class Detail(IntEnum):
    """The kind of a row of a run's details: (kind, run id, reference, text, double, integer, step).

    A param or tag has the id of its key as reference and its value as text. A metric has the id of its key,
    and the value (None for NaN), timestamp and step of its last point. The use of a dataset has the dataset's
    id as reference, and its own id as integer. A model that was used or made has its public id as text, and
    the step at which it was made.
    """

    PARAM = 0
    TAG = 1
    METRIC = 2
    DATASET = 3
    MODEL_INPUT = 4
    MODEL_OUTPUT = 5


KEYED: Final = frozenset(map(int, (Detail.PARAM, Detail.TAG, Detail.METRIC)))
"""The kinds that refer to a key."""


class WrittenRun(NamedTuple):
    """What was written down of a run, to be shown as it is."""

    document: bytes
    metrics: str | None
    """See `DocumentReader.message`."""


@dataclass(frozen=True, slots=True)
class RunRecords:
    """Runs with their details. The columns are those of `reading`.

    A run has either a document or details. Details are in the order in which they are answered, kind by kind.
    """

    runs: PlainRows
    details: PlainRows = ()
    key_names: Mapping[int, str] = dataclasses.field(default_factory=dict)
    datasets: PlainRows = ()
    dataset_tags: PlainRows = ()
    documents: Mapping[int, WrittenRun] = dataclasses.field(default_factory=dict)
    """By the runs' integer ids."""

    @property
    def run_ids(self) -> list[str]:
        """The public ids of the runs."""
        return [row[1] for row in self.runs]
