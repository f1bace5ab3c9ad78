"""Fills a stock MLflow server, or a mlruns folder, by its own client, and prints what it then shows.

It runs in the client's environment.

    python seed.py TRACKING_URI FOLDER POINTS

FOLDER is where the files of one experiment are, POINTS the length of the longest history. What the client's
version does not have is left out.
"""

import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from dump import print_dump
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from seed_values import LONG_KEY

URL = "https://93.184.215.14/hook"  # an address, because MLflow asks for that of a name
IS_3 = int(mlflow.__version__.partition(".")[0]) >= 3


def main() -> None:
    uri, folder, points = sys.argv[1:]
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    vision = client.create_experiment("vision/журнал", artifact_location=folder, tags={"team": "видение"})
    run = odd_values(client, vision)
    long_history(client, vision, int(points))
    nested_runs(vision)
    datasets_and_models(client, vision)
    deleted_things(client, vision)
    registry(client, run)
    if IS_3 and uri.startswith("http"):
        webhook(client)
    print_dump()


def odd_values(client: MlflowClient, experiment: str) -> str:
    run = client.create_run(
        experiment, run_name="odd values ☃", tags={"note": "line one\nline two", "empty": ""}
    )
    run_id = run.info.run_id
    values = [1.0, float("nan"), float("inf"), float("-inf"), -0.0, 1e-320, -1.5e300]
    metrics = [Metric("loss", value, 1_700_000_000_000 + step, step) for step, value in enumerate(values)]
    # Twice the same step, once the same point, a negative step and a step that goes back.
    metrics += [
        Metric("dup", value, 5, step) for value, step in ((1.0, 5), (2.0, 5), (1.0, 5), (3.0, -7), (4.0, 2))
    ]
    metrics += [Metric(LONG_KEY, 0.25, 1, 0), Metric("path/to metric", 1.0, 2, 0)]
    params = [
        Param("lr", "0.1"),
        Param(LONG_KEY, "v" * 500),
        Param("ключ", "значение"),
        Param("none", "None"),
    ]
    client.log_batch(run_id, metrics, params, [RunTag("big", "t" * 5_000)])
    client.set_terminated(run_id, "FAILED")
    with tempfile.TemporaryDirectory() as local:
        file = Path(local) / "отчёт 1.txt"
        file.write_text("what came of it\n", encoding="utf-8")
        client.log_artifact(run_id, str(file), "reports")
    return run_id


def long_history(client: MlflowClient, experiment: str, points: int) -> None:
    run = client.create_run(experiment, run_name="long")
    for begin in range(0, points, 1_000):
        steps = range(begin, begin + 1_000)
        client.log_batch(run.info.run_id, [Metric("loss", 1 / (1 + step), step, step) for step in steps])


def nested_runs(experiment: str) -> None:
    with mlflow.start_run(experiment_id=experiment, run_name="parent"):
        for number in range(3):
            with mlflow.start_run(experiment_id=experiment, nested=True):
                mlflow.log_params({"number": number})
                mlflow.log_metric("score", number / 3)


def datasets_and_models(client: MlflowClient, experiment: str) -> None:
    # Without a space: MLflow's folder cannot read the metrics of a model that name a dataset with one.
    dataset = mlflow.data.from_numpy(np.arange(5), name="пять-numbers")
    with mlflow.start_run(experiment_id=experiment, run_name="with inputs"):
        mlflow.log_input(dataset, context="training")
        mlflow.log_input(mlflow.data.from_numpy(np.arange(9), name="девять numbers"))
        if not IS_3:
            return
        model = mlflow.initialize_logged_model("net", params={"depth": "3"}, tags={"kind": "проба"})
        for step, value in enumerate((0.5, 0.75, float("nan"))):
            mlflow.log_metric("accuracy", value, step=step, model_id=model.model_id, dataset=dataset)
        mlflow.log_metric("accuracy", 0.8, step=9)
        client.finalize_logged_model(model.model_id, "READY")


def deleted_things(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment)
    client.log_metric(run.info.run_id, "m", 1.0)
    client.delete_run(run.info.run_id)
    gone = client.create_experiment("gone")
    client.create_run(gone)
    client.delete_experiment(gone)


def registry(client: MlflowClient, run_id: str) -> None:
    source = client.get_run(run_id).info.artifact_uri + "/reports"
    client.create_registered_model("iris", {"owner": "ботаник"}, "Names of flowers")
    for number in range(4):
        client.create_model_version(
            "iris", source, run_id, tags={"number": str(number)}, description=f"the {number}"
        )
    client.delete_model_version("iris", "2")
    client.delete_model_version("iris", "4")
    client.transition_model_version_stage("iris", "1", "Production")
    client.transition_model_version_stage("iris", "3", "Staging")
    client.set_registered_model_alias("iris", "champion", "1")
    client.set_registered_model_alias("iris", "challenger", "3")
    client.create_registered_model("empty")


def webhook(client: MlflowClient) -> None:
    # Older versions have none.
    from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent  # noqa: PLC0415

    event = WebhookEvent(WebhookEntity.REGISTERED_MODEL, WebhookAction.CREATED)
    client.create_webhook("hook", URL, [event], secret="s3cret")
    if hasattr(mlflow, "register_prompt"):
        mlflow.register_prompt("greeting", "Hello {{name}}", commit_message="first")
        mlflow.register_prompt("greeting", "Good morning {{name}}", commit_message="second")


if __name__ == "__main__":
    main()
