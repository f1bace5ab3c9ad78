"""What tests of logged models share: making one, and giving it metrics as the metric writer stores them."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests.fixtures.api import Api
from trackhelm_core.runtime import Runtime
from trackhelm_domain.tables import Key, LabelSet, LoggedModel, Run, Series


def runtime_of(api: Api) -> Runtime:
    app = api.client.app
    assert isinstance(app, FastAPI)
    runtime: Runtime = app.state.runtime
    return runtime


def new_model(api: Api, experiment_id: str, **message: Any) -> str:
    """Create a model and return its id."""
    info = api.post("logged-models", experiment_id=experiment_id, **message)["model"]["info"]
    model_id: str = info["model_id"]
    return model_id


def found_names(api: Api, experiment_id: str, **message: Any) -> list[str]:
    """Return the names of what a search finds."""
    page = api.post("logged-models/search", experiment_ids=[experiment_id], **message)
    return [model["info"]["name"] for model in page.get("models", [])]


@dataclass(frozen=True)
class Point:
    """The last point of a model's metric."""

    value: float
    step: int = 0
    timestamp: int = 1
    dataset: tuple[str, str] | None = None


def measure(api: Api, model_id: str, key: str, *points: Point) -> str:
    """Store a model's metric with a series for each point, all of one new run, and return the run's id."""
    run_id = uuid.uuid4().hex
    with runtime_of(api).database.writing() as session:
        experiment_id = session.scalar(
            select(LoggedModel.experiment_id).where(LoggedModel.model_id == model_id)
        )
        run = insert(Run).values(
            uuid=run_id,
            experiment_id=experiment_id,
            name="run",
            user_id="",
            status="RUNNING",
            start_time=0,
            lifecycle_stage="active",
            artifact_uri="",
        )
        run_number = session.execute(run.returning(Run.id)).scalar_one()
        for point in points:
            series = {
                "run_id": run_number,
                "key_id": _key(session, key),
                "label_set_id": _label_set(session, model_id, point.dataset),
                "last_step": point.step,
                "last_timestamp": point.timestamp,
                "last_value": point.value,
                "min_value": point.value,
                "max_value": point.value,
                "count": 1,
                "nonfinite_count": 0,
            }
            session.execute(insert(Series).values(series))
    return run_id


def _key(session: Session, name: str) -> int:
    found = session.scalar(select(Key.id).where(Key.name == name))
    return found or session.execute(insert(Key).values(name=name).returning(Key.id)).scalar_one()


def _label_set(session: Session, model_id: str, dataset: tuple[str, str] | None) -> int:
    labels = {"model_id": model_id}
    if dataset:
        labels["dataset_name"], labels["dataset_digest"] = dataset
    text = json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    found = session.scalar(select(LabelSet.id).where(LabelSet.digest == digest))
    row = insert(LabelSet).values(digest=digest, labels=text, model_id=model_id)
    return found or session.execute(row.returning(LabelSet.id)).scalar_one()
