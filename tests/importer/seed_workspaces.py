"""Fills two workspaces of a stock MLflow server with the same names, and prints what each then shows.

It runs in the client's environment, of a version that has workspaces.

    python seed_workspaces.py TRACKING_URI [--dump]

With `--dump` it only prints.
"""

import json
import sys

import mlflow
from mlflow import MlflowClient


def main() -> None:
    mlflow.set_tracking_uri(sys.argv[1])
    if "--dump" not in sys.argv:
        mlflow.create_workspace("team-a", description="the first team")
        for workspace in ("default", "team-a"):
            mlflow.set_workspace(workspace)
            fill(workspace)
    shown = {}
    for workspace in sorted(each.name for each in mlflow.list_workspaces()):
        mlflow.set_workspace(workspace)
        shown[workspace] = dump()
    print(json.dumps(shown))


def fill(workspace: str) -> None:
    client = MlflowClient()
    experiment = client.create_experiment("vision")
    run = client.create_run(experiment, run_name=f"of {workspace}")
    for step in range(5):
        client.log_metric(run.info.run_id, "loss", step / 7, step=step, timestamp=step)
    client.log_param(run.info.run_id, "where", workspace)
    client.set_terminated(run.info.run_id)
    client.create_registered_model("net", tags={"of": workspace})
    for _ in range(1 if workspace == "default" else 2):
        client.create_model_version("net", run.info.artifact_uri, run.info.run_id, tags={"of": workspace})
    client.set_registered_model_alias("net", "champion", "1")
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_span("asked"):
        pass
    mlflow.flush_trace_async_logging()


def dump() -> object:
    client = MlflowClient()
    runs = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            runs[run.info.run_id] = [
                experiment.experiment_id,
                experiment.name,
                run.info.run_name,
                run.info.artifact_uri,
                run.data.params,
                [[each.step, each.value] for each in client.get_metric_history(run.info.run_id, "loss")],
            ]
    models = {
        model.name: [
            model.tags,
            model.aliases,
            sorted(
                [int(version.version), version.run_id, version.tags]
                for version in client.search_model_versions(f"name = '{model.name}'")
            ),
        ]
        for model in client.search_registered_models()
    }
    return {
        "experiments": sorted(each.name for each in client.search_experiments()),
        "runs": runs,
        "models": models,
    }


if __name__ == "__main__":
    main()
