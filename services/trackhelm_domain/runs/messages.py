"""Runs in the wire form, made from the rows that were read: one pass over each kind of row."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

from trackhelm_core.wire.replies import KeyValue, wire_number
from trackhelm_domain.runs.schemas import (
    Dataset,
    DatasetInput,
    Detail,
    Metric,
    ModelInput,
    ModelOutput,
    Run,
    RunContents,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunRecords,
)
from trackhelm_domain.runs.snapshots import DocumentReader

# Plain integers, because the look-up of an enum member costs as much as the rest of the work for a row.
_PARAM, _TAG, _METRIC = int(Detail.PARAM), int(Detail.TAG), int(Detail.METRIC)
_DATASET, _MODEL_INPUT = int(Detail.DATASET), int(Detail.MODEL_INPUT)


class _Parts:
    """The details of one run, gathered kind by kind."""

    __slots__ = ("datasets", "metrics", "model_inputs", "model_outputs", "params", "tags")

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.params: list[KeyValue] = []
        self.tags: list[KeyValue] = []
        self.datasets: list[DatasetInput] = []
        self.model_inputs: list[ModelInput] = []
        self.model_outputs: list[ModelOutput] = []


def run_messages(records: RunRecords) -> list[Run]:
    """Return runs in the wire form, in the order of their rows."""
    parts = _parts(records)
    written = DocumentReader() if records.documents else None
    messages: list[Run] = []
    for run in records.runs:
        document = records.documents.get(run[0])
        if document is not None and written is not None:
            # The JSON that a message would become: the encoder takes either.
            messages.append(cast("Run", written.message(_info(run), *document)))
        else:
            contents = _contents(parts[run[0]])
            messages.append(Run(_info(run), contents.data, contents.inputs, contents.outputs))
    return messages


def run_contents(records: RunRecords) -> list[RunContents]:
    """Return the contents of each run, in the order of their rows. No run may have a document."""
    parts = _parts(records)
    return [_contents(parts[run[0]]) for run in records.runs]


def _info(run: Sequence[Any]) -> RunInfo:
    (
        _, uuid, name, experiment_id, user_id, status, start_time, end_time, artifact_uri, stage, *_,
    ) = run  # fmt: skip
    return RunInfo(
        uuid, uuid, name, str(experiment_id), user_id, status, start_time, artifact_uri, stage, end_time,
    )  # fmt: skip


def _contents(own: _Parts) -> RunContents:
    return RunContents(
        RunData(own.metrics, own.params, own.tags),
        RunInputs(own.datasets, own.model_inputs),
        RunOutputs(own.model_outputs),
    )


def _parts(records: RunRecords) -> defaultdict[int, _Parts]:
    names, uses = records.key_names, _DatasetUses(records)
    parts: defaultdict[int, _Parts] = defaultdict(_Parts)
    for kind, run_id, reference, text, number, integer, step in records.details:
        own = parts[run_id]
        if kind == _METRIC:
            value = "NaN" if number is None else wire_number(number)
            own.metrics.append(Metric(names[reference], value, integer, step))
        elif kind == _PARAM:
            own.params.append(KeyValue(names[reference], text))
        elif kind == _TAG:
            own.tags.append(KeyValue(names[reference], text))
        elif kind == _DATASET:
            own.datasets.append(uses.message(integer, reference))
        elif kind == _MODEL_INPUT:
            own.model_inputs.append(ModelInput(text))
        else:
            own.model_outputs.append(ModelOutput(text, step))
    return parts


class _DatasetUses:
    def __init__(self, records: RunRecords) -> None:
        # One message for each dataset, however many runs of the page use it: a schema can have a megabyte.
        self._datasets = {dataset_id: Dataset(*fields) for dataset_id, *fields in records.datasets}
        self._tags: defaultdict[int, list[KeyValue]] = defaultdict(list)
        for use_id, key, value in records.dataset_tags:
            self._tags[use_id].append(KeyValue(key, value))

    def message(self, use_id: int, dataset_id: int) -> DatasetInput:
        return DatasetInput(self._datasets[dataset_id], self._tags[use_id])
