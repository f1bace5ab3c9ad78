"""`log_model` of each framework: files are logged, listed, fetched and loaded, and it answers the same."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.entities import Experiment, LoggedModelStatus
from mlflow.tracking import MlflowClient

from tests.frameworks.cases import CASES, FEATURES


@pytest.mark.parametrize("framework", CASES)
def test_a_model_is_logged_listed_and_loaded(
    framework: str, experiment: Experiment, client: MlflowClient, model_name: str, tmp_path: Path
) -> None:
    case = CASES[framework]()
    signature = mlflow.models.infer_signature(FEATURES, np.asarray(case.predict(case.model)))
    with mlflow.start_run() as run:
        info = case.log(name="model", signature=signature, registered_model_name=model_name)

    # Logged: whole, as an output of its run, and found by a search.
    model = mlflow.get_logged_model(info.model_id)
    assert (model.status, model.source_run_id) == (LoggedModelStatus.READY, run.info.run_id)
    (output,) = client.get_run(run.info.run_id).outputs.model_outputs
    assert output.model_id == info.model_id
    (found,) = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
    assert found.model_id == info.model_id

    # Listed: by the model and by its run, and each listed file is fetched with the size that is listed.
    listed = client.list_logged_model_artifacts(info.model_id)
    names = [file.path for file in listed]
    assert names == sorted(names)
    assert {"MLmodel", "requirements.txt"} | case.files <= set(names)
    by_uri = mlflow.artifacts.list_artifacts(artifact_uri=f"models:/{info.model_id}")
    assert {file.path.rpartition("/")[2] for file in by_uri} == set(names)
    by_run = mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="model")
    assert {file.path.rpartition("/")[2] for file in by_run} == set(names)
    fetched = Path(
        mlflow.artifacts.download_artifacts(f"models:/{info.model_id}", dst_path=str(tmp_path / "fetched"))
    )
    assert {file.path: file.file_size for file in listed if not file.is_dir} == {
        file.name: file.stat().st_size for file in fetched.iterdir() if file.is_file() and file.name in names
    }

    # Loaded: by every kind of URI, as the framework's own and as a function.
    expected = np.asarray(case.predict(case.model))
    for uri in (
        f"models:/{info.model_id}",
        f"runs:/{run.info.run_id}/model",
        f"models:/{model_name}/1",
    ):
        np.testing.assert_allclose(np.asarray(case.predict(case.load(uri))), expected, rtol=1e-5)
    answered = mlflow.pyfunc.load_model(f"models:/{info.model_id}").predict(FEATURES)
    if isinstance(answered, dict):  # TensorFlow names what a signature puts out.
        (answered,) = answered.values()
    np.testing.assert_allclose(np.asarray(answered), expected, rtol=1e-4)
