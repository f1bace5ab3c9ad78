"""Prints what a server shows to the stock client, as JSON; runs in the client's environment.

python dump.py TRACKING_URI
"""

import json
import math
import sys
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

IS_3 = int(mlflow.__version__.partition(".")[0]) >= 3


def main() -> None:
    mlflow.set_tracking_uri(sys.argv[1])
    print_dump()


def print_dump() -> None:
    """Print what the server of the tracking URI shows."""
    client = MlflowClient()
    experiments = client.search_experiments(ViewType.ALL)
    ids = [experiment.experiment_id for experiment in experiments]
    content = {
        "experiments": {each.experiment_id: experiment(each) for each in experiments},
        "runs": {
            each.info.run_id: run(client, each)
            for one in ids
            for each in client.search_runs([one], run_view_type=ViewType.ALL, max_results=1000)
        },
        "models": {each.name: registered(client, each) for each in client.search_registered_models()},
    }
    if IS_3:
        found = [model for one in ids for model in client.search_logged_models([one])]
        content["logged models"] = {each.model_id: logged(each) for each in found}
    print(json.dumps(content, sort_keys=True, ensure_ascii=False))


def experiment(found: Any) -> dict[str, Any]:
    names = ("name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time", "tags")
    return {name: getattr(found, name) for name in names}


def run(client: MlflowClient, found: Any) -> dict[str, Any]:
    info = {
        name: getattr(found.info, name)
        for name in (
            "run_name",
            "experiment_id",
            "user_id",
            "status",
            "start_time",
            "end_time",
            "lifecycle_stage",
        )
    }
    history = {
        key: sorted(
            (point.step, point.timestamp, number(point.value))
            for point in client.get_metric_history(found.info.run_id, key)
        )
        for key in found.data.metrics
    }
    datasets = sorted(
        [
            use.dataset.name,
            use.dataset.digest,
            use.dataset.source,
            sorted((tag.key, tag.value) for tag in use.tags),
        ]
        for use in found.inputs.dataset_inputs
    )
    last = {key: number(value) for key, value in found.data.metrics.items()}
    content = {"info": info, "params": found.data.params, "tags": found.data.tags}
    content |= {"last": last, "history": history, "datasets": datasets, "uri": found.info.artifact_uri}
    if IS_3:
        # A search of a stock server leaves them out.
        whole = client.get_run(found.info.run_id)
        content["models"] = sorted(each.model_id for each in whole.inputs.model_inputs)
    return content


def registered(client: MlflowClient, found: Any) -> dict[str, Any]:
    versions = {
        each.version: {
            name: getattr(each, name)
            for name in ("description", "current_stage", "source", "run_id", "creation_timestamp", "tags")
        }
        for each in client.search_model_versions(f"name = '{found.name}'")
    }
    content = {name: getattr(found, name) for name in ("description", "creation_timestamp", "tags")}
    return content | {
        "aliases": {key: str(value) for key, value in found.aliases.items()},
        "versions": versions,
    }


def logged(found: Any) -> dict[str, Any]:
    names = ("name", "experiment_id", "source_run_id", "creation_timestamp", "params", "tags")
    points = sorted([each.key, each.step, each.timestamp, number(each.value)] for each in found.metrics or ())
    return {name: getattr(found, name) for name in names} | {"status": str(found.status), "metrics": points}


def number(value: float) -> str:
    """Return a value as text: a database of MLflow has its greatest number instead of infinity."""
    if abs(value) == sys.float_info.max:
        value = math.copysign(math.inf, value)
    return repr(value + 0.0)


if __name__ == "__main__":
    main()
