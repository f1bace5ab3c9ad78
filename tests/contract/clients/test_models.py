"""Models logged in the way of each generation, and loaded from everywhere they can be."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION
from tests.e2e.refusal import refused


class Adds(mlflow.pyfunc.PythonModel):
    """A model that says which one it is."""

    def __init__(self, number: int) -> None:
        self.number = number

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.Series:
        return model_input["x"] + self.number


def log_model(number: int, **options: Any) -> Any:
    name = {"name": "model"} if GENERATION >= 3 else {"artifact_path": "model"}
    # Named requirements keep the client from starting an interpreter to find out what the model imports.
    return mlflow.pyfunc.log_model(
        python_model=Adds(number), pip_requirements=["cloudpickle"], **name, **options
    )


def answer(uri: str) -> int:
    predicted = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"x": [10]}))
    return int(predicted.iloc[0])


def test_a_model_is_loaded_from_its_run_and_its_own_uri(experiment: Experiment) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5)
        logged = log_model(1)
    assert answer(f"runs:/{run.info.run_id}/model") == 11
    assert answer(logged.model_uri) == 11


@pytest.mark.since_3
def test_a_logged_model_by_every_method(client: MlflowClient, experiment: Experiment, tmp_path: Path) -> None:
    experiment_id = experiment.experiment_id
    model = client.create_logged_model(experiment_id, name="m", tags={"a": "1"}, params={"p": "1"})
    assert model.status == "PENDING"
    client.log_model_params(model.model_id, {"q": "2"})
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w").write_text("w")
    client.log_model_artifact(model.model_id, str(tmp_path / "weights" / "w"))
    client.log_model_artifacts(model.model_id, str(tmp_path / "weights"))
    assert [file.path for file in client.list_logged_model_artifacts(model.model_id)] == ["w"]
    assert client.finalize_logged_model(model.model_id, "READY").status == "READY"
    client.set_logged_model_tags(model.model_id, {"b": "2"})
    client.delete_logged_model_tag(model.model_id, "a")
    found = client.get_logged_model(model.model_id)
    assert (found.tags, found.params) == ({"b": "2"}, {"p": "1", "q": "2"})
    page = client.search_logged_models([experiment_id], "params.p = '1' AND tags.b = '2'")
    assert [one.model_id for one in page] == [model.model_id]
    client.delete_logged_model(model.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model(model.model_id)


def test_versions_stages_and_aliases_of_a_model(
    client: MlflowClient, experiment: Experiment, model_name: str
) -> None:
    with mlflow.start_run() as run:
        log_model(1, registered_model_name=model_name)
    with mlflow.start_run() as second:
        log_model(2)
    registered = mlflow.register_model(f"runs:/{second.info.run_id}/model", model_name, tags={"a": "1"})
    assert str(registered.version) == "2"
    first = client.get_model_version(model_name, "1")
    assert first.status == "READY"
    if GENERATION < 3:  # 3.x names the logged model instead
        assert first.run_id == run.info.run_id
    assert answer(f"models:/{model_name}/1") == 11
    assert answer(f"models:/{model_name}/latest") == 12

    assert client.get_model_version_stages(model_name, "1") == ["None", "Staging", "Production", "Archived"]
    client.transition_model_version_stage(model_name, "1", "Production")
    client.transition_model_version_stage(model_name, "2", "Production", archive_existing_versions=True)
    assert answer(f"models:/{model_name}/Production") == 12
    assert {v.current_stage: v.version for v in client.get_latest_versions(model_name)} == {
        "Archived": "1",
        "Production": "2",
    }
    client.set_registered_model_alias(model_name, "champion", "1")
    assert client.get_model_version_by_alias(model_name, "champion").version == "1"
    assert answer(f"models:/{model_name}@champion") == 11
    client.delete_registered_model_alias(model_name, "champion")
    with refused("INVALID_PARAMETER_VALUE"):
        client.get_model_version_by_alias(model_name, "champion")

    copied = client.copy_model_version(f"models:/{model_name}/2", f"{model_name}-copy")
    assert answer(f"models:/{copied.name}/{copied.version}") == 12
