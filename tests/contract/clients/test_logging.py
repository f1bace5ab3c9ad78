"""Params, tags, metrics, batches, inputs and background logging."""

import json
import math
from collections.abc import Iterator

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from tests.e2e.refusal import refused


@pytest.fixture
def run_id(client: MlflowClient, experiment: Experiment) -> Iterator[str]:
    with mlflow.start_run() as run:
        yield run.info.run_id


def test_params_never_change(client: MlflowClient, run_id: str) -> None:
    assert client.log_param(run_id, "lr", 0.1) == 0.1
    client.log_param(run_id, "lr", 0.1)
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", "'0.1'", "'0.2'"):
        client.log_param(run_id, "lr", 0.2)
    mlflow.log_params({f"p{index}": "x" * 6_000 for index in range(150)})
    with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
        mlflow.log_params({"p0": "y"})
    assert len(client.get_run(run_id).data.params) == 151


def test_tags_are_set_anew_and_deleted(client: MlflowClient, run_id: str) -> None:
    client.set_tag(run_id, "t", 1)
    mlflow.set_tags({"t": 2, "u": "é"} | {f"k{index}": index for index in range(120)})
    mlflow.delete_tag("k0")
    client.delete_tag(run_id, "k1")
    tags = client.get_run(run_id).data.tags
    assert (tags["t"], tags["u"]) == ("2", "é")
    assert len([key for key in tags if key.startswith("k")]) == 118
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_tag(run_id, "k0")


def test_metrics_keep_their_history(client: MlflowClient, run_id: str) -> None:
    mlflow.log_metric("one", 1.5, step=3)
    mlflow.log_metrics({f"m{index}": index for index in range(1_100)})
    for step, value in enumerate((math.nan, math.inf, -math.inf, 1e300)):
        client.log_metric(run_id, "odd", value, step=step, timestamp=step)
    points = [Metric("long", step / 7, timestamp=step, step=step) for step in range(2_500)]
    for begin in range(0, len(points), 1_000):
        client.log_batch(run_id, metrics=points[begin : begin + 1_000])
    client.log_batch(run_id, metrics=points[:10])
    metrics = client.get_run(run_id).data.metrics
    assert len(metrics) == 1_103
    assert (metrics["one"], metrics["odd"], metrics["long"]) == (1.5, 1e300, 2_499 / 7)
    history = client.get_metric_history(run_id, "long")
    assert [(point.step, point.value) for point in history] == [(p.step, p.value) for p in points]
    odd = [point.value for point in client.get_metric_history(run_id, "odd")]
    assert math.isnan(odd[0])
    assert odd[1:] == [math.inf, -math.inf, 1e300]
    assert client.get_metric_history(run_id, "unknown") == []


def test_a_batch_is_all_three(client: MlflowClient, run_id: str) -> None:
    client.log_batch(run_id, [Metric("m", 1, 2, 3)], [Param("p", "1")], [RunTag("t", "2")])
    data = client.get_run(run_id).data
    assert (data.metrics["m"], data.params["p"], data.tags["t"]) == (1, "1", "2")
    with refused("INVALID_PARAMETER_VALUE"):
        client.log_batch(run_id, params=[Param("p", "1"), Param("p", "1")])


def test_background_logging_arrives(client: MlflowClient, run_id: str) -> None:
    pending = [mlflow.log_metric("m", step, step=step, synchronous=False) for step in range(200)]
    pending.append(mlflow.log_params({"p": 1}, synchronous=False))
    pending.append(mlflow.set_tags({"t": 1}, synchronous=False))
    pending.append(client.log_metric(run_id, "n", 5, synchronous=False))
    pending.append(client.log_batch(run_id, tags=[RunTag("u", "1")], synchronous=False))
    for operation in pending:
        operation.wait()
    data = client.get_run(run_id).data
    assert (data.params["p"], data.tags["t"], data.tags["u"], data.metrics["n"]) == ("1", "1", "1", 5)
    assert [point.step for point in client.get_metric_history(run_id, "m")] == list(range(200))
    mlflow.log_metric("last", 1, synchronous=False)
    mlflow.flush_async_logging()
    assert client.get_run(run_id).data.metrics["last"] == 1


def test_inputs_are_noted_once(client: MlflowClient, run_id: str) -> None:
    dataset = mlflow.data.from_pandas(pd.DataFrame({"x": [1, 2]}), name="points", targets="x")
    mlflow.log_input(dataset, context="train", tags={"fold": "1"})
    noted = DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "eval")])
    client.log_inputs(run_id, [noted])
    (used,) = client.get_run(run_id).inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("points", dataset.digest)
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "train", "fold": "1"}
    experiment_id = client.get_run(run_id).info.experiment_id
    assert client.search_runs([experiment_id], "dataset.name = 'points' AND dataset.context = 'train'")


@pytest.mark.since_3
def test_models_are_inputs_and_outputs(client: MlflowClient, run_id: str) -> None:
    from mlflow.entities import LoggedModelInput, LoggedModelOutput  # noqa: PLC0415  # generation 3

    model_id = mlflow.initialize_logged_model(name="m").model_id
    client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=4)])
    mlflow.log_metric("acc", 0.5, step=4, model_id=model_id)
    run = client.get_run(run_id)
    assert [model.model_id for model in run.inputs.model_inputs] == [model_id]
    assert (model_id, 4) in [(model.model_id, model.step) for model in run.outputs.model_outputs]
    (metric,) = client.get_logged_model(model_id).metrics
    assert (metric.key, metric.value, metric.run_id) == ("acc", 0.5, run_id)


def test_the_list_of_a_runs_tables_is_never_cut(client: MlflowClient, run_id: str) -> None:
    listed = [{"path": f"tables/{number:03}.json", "type": "table"} for number in range(200)]
    client.set_tag(run_id, "mlflow.loggedArtifacts", json.dumps(listed[:-1]))
    client.log_table(run_id, {"a": [1]}, listed[-1]["path"])
    assert json.loads(client.get_run(run_id).data.tags["mlflow.loggedArtifacts"]) == listed
    client.log_batch(run_id, tags=[RunTag("mlflow.note.content", "word " * 5_000)])
    assert len(client.get_run(run_id).data.tags["mlflow.note.content"]) == 25_000
    with refused("INVALID_PARAMETER_VALUE", "exceeds the maximum length of 1000000 characters"):
        client.set_tag(run_id, "mlflow.note.content", "x" * 1_000_001)


def test_datasets_come_back_in_the_order_of_logging(
    client: MlflowClient, run_id: str, experiment: Experiment
) -> None:
    def use(name: str) -> DatasetInput:
        return DatasetInput(Dataset(name, "d", "local", "{}"), [])

    client.log_inputs(run_id, [use("zz"), use("mm"), use("aa")])
    client.log_inputs(run_id, [use("nn"), use("mm"), use("bb")])

    def names(run: Run) -> list[str]:
        return [used.dataset.name for used in run.inputs.dataset_inputs]

    client.set_terminated(run_id)
    (found,) = client.search_runs([experiment.experiment_id])
    assert names(client.get_run(run_id)) == names(found) == ["zz", "mm", "aa", "nn", "bb"]
