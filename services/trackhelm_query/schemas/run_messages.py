"""Runs in the wire's form, made of the rows the store read: one pass over each kind of row."""

from collections import defaultdict
from collections.abc import Mapping

from trackhelm_core.wire.replies import KeyValue, wire_number
from trackhelm_core.wire.runs import (
    Dataset,
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from trackhelm_query.records import Rows, RunRecords

ByRun = defaultdict[int, list[KeyValue]]


def run_messages(records: RunRecords) -> list[Run]:
    """Return runs in the wire's form, in the order of their rows."""
    params = _key_values(records.params, records.key_names)
    tags = _key_values(records.tags, records.key_names)
    metrics = _metrics(records)
    dataset_inputs = _dataset_inputs(records)
    model_inputs: defaultdict[int, list[ModelInput]] = defaultdict(list)
    for run_id, model_id in records.model_inputs:
        model_inputs[run_id].append(ModelInput(model_id))
    model_outputs: defaultdict[int, list[ModelOutput]] = defaultdict(list)
    for run_id, model_id, step in records.model_outputs:
        model_outputs[run_id].append(ModelOutput(model_id, step))
    return [
        Run(
            info=RunInfo(
                run_uuid=uuid,
                run_id=uuid,
                run_name=name,
                experiment_id=str(experiment_id),
                user_id=user_id,
                status=status,
                start_time=start_time,
                end_time=end_time,
                artifact_uri=artifact_uri,
                lifecycle_stage=lifecycle_stage,
            ),
            data=RunData(metrics=metrics[run_id], params=params[run_id], tags=tags[run_id]),
            inputs=RunInputs(dataset_inputs=dataset_inputs[run_id], model_inputs=model_inputs[run_id]),
            outputs=RunOutputs(model_outputs=model_outputs[run_id]),
        )
        for (
            run_id, uuid, name, experiment_id, user_id, status, start_time, end_time, artifact_uri,
            lifecycle_stage, *_,
        ) in records.runs
    ]  # fmt: skip


def _key_values(rows: Rows, names: Mapping[int, str]) -> ByRun:
    grouped: ByRun = defaultdict(list)
    for run_id, key_id, value in rows:
        grouped[run_id].append(KeyValue(names[key_id], value))
    return grouped


def _metrics(records: RunRecords) -> defaultdict[int, list[Metric]]:
    names = records.key_names
    grouped: defaultdict[int, list[Metric]] = defaultdict(list)
    for run_id, key_id, value, timestamp, step in records.metrics:
        grouped[run_id].append(Metric(names[key_id], wire_number(value), timestamp, step))
    return grouped


def _dataset_inputs(records: RunRecords) -> defaultdict[int, list[DatasetInput]]:
    # A dataset is one message, however many runs of the page read it: schemas can have a megabyte.
    datasets = {dataset_id: Dataset(*fields) for dataset_id, *fields in records.datasets}
    tags: ByRun = defaultdict(list)
    for use_id, key, value in records.dataset_tags:
        tags[use_id].append(KeyValue(key, value))
    grouped: defaultdict[int, list[DatasetInput]] = defaultdict(list)
    for use_id, run_id, dataset_id in records.dataset_uses:
        grouped[run_id].append(DatasetInput(datasets[dataset_id], tags[use_id]))
    return grouped
