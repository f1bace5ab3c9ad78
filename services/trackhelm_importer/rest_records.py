"""Makes records of what a live MLflow server answers. Pure."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from trackhelm_importer.records import (
    ACTIVE,
    DatasetUse,
    LoggedModel,
    ModelPoint,
    Run,
    Version,
    Webhook,
    logged_model_of_source,
)


def run_of(found: Mapping[str, Any]) -> Run:
    """Return a run of an answer."""
    info, data, inputs = found["info"], found["data"], found.get("inputs") or {}
    outputs = (found.get("outputs") or {}).get("model_outputs", ())
    return Run(
        uuid=info["run_id"],
        experiment_id=int(info["experiment_id"]),
        name=info.get("run_name", ""),
        user_id=info.get("user_id", ""),
        status=info["status"],
        start_time=int(info.get("start_time", 0)),
        end_time=int(info["end_time"]) if info.get("end_time") else None,
        stage=info.get("lifecycle_stage") or ACTIVE,
        deleted_time=None,
        artifact_uri=info.get("artifact_uri", ""),
        params=pairs_of(data.get("params")),
        tags=pairs_of(data.get("tags")),
        datasets=[
            DatasetUse(
                name=(dataset := each["dataset"])["name"],
                digest=dataset["digest"],
                source_type=dataset.get("source_type", ""),
                source=dataset.get("source", ""),
                schema=dataset.get("schema"),
                profile=dataset.get("profile"),
                tags=pairs_of(each.get("tags")),
            )
            for each in inputs.get("dataset_inputs", ())
        ],
        inputs=[each["model_id"] for each in inputs.get("model_inputs", ())],
        outputs=[(each["model_id"], int(each.get("step", 0))) for each in outputs],
    )


def logged_model_of(found: Mapping[str, Any]) -> LoggedModel:
    """Return a logged model of an answer."""
    info, data = found["info"], found.get("data") or {}
    return LoggedModel(
        model_id=info["model_id"],
        experiment_id=int(info["experiment_id"]),
        name=info.get("name", ""),
        model_type=info.get("model_type"),
        source_run_id=info.get("source_run_id") or None,
        status=info["status"],
        status_message=info.get("status_message"),
        artifact_uri=info.get("artifact_uri", ""),
        creation_time=int(info.get("creation_timestamp_ms", 0)),
        last_update_time=int(info.get("last_updated_timestamp_ms", 0)),
        stage=ACTIVE,
        params=pairs_of(data.get("params")),
        tags=pairs_of(info.get("tags")),
        points=[
            ModelPoint(
                run=each.get("run_id", ""),
                key=each["key"],
                step=int(each.get("step", 0)),
                timestamp=int(each["timestamp"]),
                value=value_of(each),
                dataset_name=each.get("dataset_name"),
                dataset_digest=each.get("dataset_digest"),
            )
            for each in data.get("metrics", ())
        ],
    )


def webhook_of(found: Mapping[str, Any], workspace: str) -> Webhook:
    """Return a webhook of an answer."""
    return Webhook(
        uuid=found["webhook_id"],
        name=found["name"],
        description=found.get("description", ""),
        url=found["url"],
        events=sorted(f"{event['entity']}.{event['action']}".lower() for event in found["events"]),
        has_secret=False,
        creation_time=int(found.get("creation_timestamp", 0)),
        last_update_time=int(found.get("last_updated_timestamp", 0)),
        workspace=workspace,
    )


def version_of(found: Mapping[str, Any]) -> Version:
    """Return a version of a registered model of an answer."""
    source = found.get("source", "")
    return Version(
        number=int(found["version"]),
        description=found.get("description", ""),
        stage=found.get("current_stage") or "None",
        source=source,
        storage_location=source,
        run_id=found.get("run_id") or None,
        run_link=found.get("run_link", ""),
        model_id=found.get("model_id") or logged_model_of_source(source),
        creation_time=int(found.get("creation_timestamp", 0)),
        last_update_time=int(found.get("last_updated_timestamp", 0)),
        tags=pairs_of(found.get("tags")),
    )


def value_of(metric: Mapping[str, Any]) -> float:
    """Return the value of a metric as it was logged: a server with a database answers no infinity."""
    value = float(metric["value"])
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def pairs_of(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Return tags or params of an answer."""
    return {each["key"]: each.get("value", "") for each in listed or ()}
