"""The registry's endpoints in short, as tests call them."""

import json
from typing import Any

from sqlalchemy import insert, select, update

from tests.fixtures.api import Api
from trackhelm_core.ids import new_model_id
from trackhelm_core.runtime import Runtime
from trackhelm_domain.tables import LoggedModel, LoggedModelTag


class Registry:
    """Calls the endpoints that succeed and unwraps their answers."""

    def __init__(self, api: Api, runtime: Runtime) -> None:
        self.api = api
        self.runtime = runtime

    def new_model(self, name: str, **message: Any) -> dict[str, Any]:
        """Create a model."""
        model: dict[str, Any] = self.api.post("registered-models/create", name=name, **message)[
            "registered_model"
        ]
        return model

    def model(self, name: str) -> dict[str, Any]:
        """Return a model."""
        model: dict[str, Any] = self.api.get("registered-models/get", name=name)["registered_model"]
        return model

    def new_version(self, name: str, source: str = "s3://bucket/model", **message: Any) -> dict[str, Any]:
        """Register a version."""
        version: dict[str, Any] = self.api.post("model-versions/create", name=name, source=source, **message)[
            "model_version"
        ]
        return version

    def version(self, name: str, version: str) -> dict[str, Any]:
        """Return a version."""
        found: dict[str, Any] = self.api.get("model-versions/get", name=name, version=version)[
            "model_version"
        ]
        return found

    def move(self, name: str, version: str, stage: str, **message: Any) -> dict[str, Any]:
        """Move a version to a stage."""
        moved: dict[str, Any] = self.api.post(
            "model-versions/transition-stage", name=name, version=version, stage=stage, **message
        )["model_version"]
        return moved

    def download_uri(self, name: str, version: str) -> str:
        """Return where a version's files are."""
        uri: str = self.api.get("model-versions/get-download-uri", name=name, version=version)["artifact_uri"]
        return uri

    def new_logged_model(self, source_run_id: str | None = None) -> tuple[str, str]:
        """Store a logged model and return its id and where its files are."""
        model_id, experiment_id = new_model_id(), self.api.new_experiment()
        uri = f"mlflow-artifacts:/{experiment_id}/models/{model_id}/artifacts"
        row = {
            "model_id": model_id,
            "experiment_id": int(experiment_id),
            "name": "logged",
            "source_run_id": source_run_id,
            "status": "LOGGED_MODEL_READY",
            "artifact_uri": uri,
            "creation_timestamp": 1,
            "last_updated_timestamp": 1,
            "lifecycle_stage": "active",
        }
        with self.runtime.database.writing() as session:
            session.execute(insert(LoggedModel).values(row))
        return model_id, uri

    def bin_logged_model(self, model_id: str) -> None:
        """Mark a logged model as deleted."""
        with self.runtime.database.writing() as session:
            session.execute(
                update(LoggedModel).where(LoggedModel.model_id == model_id).values(lifecycle_stage="deleted")
            )

    def registrations(self, model_id: str) -> list[dict[str, str | int]]:
        """Return what a logged model's tag says it was registered as."""
        with self.runtime.database.reading() as session:
            text = session.scalar(
                select(LoggedModelTag.value)
                .join(LoggedModel, LoggedModel.id == LoggedModelTag.logged_model_id)
                .where(LoggedModel.model_id == model_id, LoggedModelTag.key == "mlflow.modelVersions")
            )
        listed: list[dict[str, str | int]] = json.loads(text or "[]")
        return listed
