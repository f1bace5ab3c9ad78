"""Models on a server: logged, registered, found by every URI, and loaded only as they were uploaded."""

import sys
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock, run_python
from client.tests.e2e.test_models_exchanged import frame, stock_predicts
from tests.e2e.server import ServerProcess
from trackhelm.exceptions import MlflowException

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
pytest.importorskip("skops")


@pytest.fixture(autouse=True)
def more_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are sent over several connections, each of which a busy server may have closed meanwhile."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10")


@pytest.fixture
def line() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(frame(), frame()["a"] * 2)


def predicted(model: Any) -> list[float]:
    found: list[float] = np.asarray(model.predict(frame())).round(6).ravel().tolist()
    return found


def doubled() -> list[float]:
    found: list[float] = (frame()["a"] * 2).tolist()
    return found


@needs_stock
def test_every_uri(
    line: Any, experiment: str, client: trackhelm.MlflowClient, tracking: str, tmp_path: Path
) -> None:
    name = f"line-{experiment}"
    with trackhelm.start_run() as run:
        trackhelm.log_param("rate", 0.1)
        trackhelm.log_metric("loss", 0.5, step=3)
        info = trackhelm.sklearn.log_model(
            line,
            name="model",
            registered_model_name=name,
            input_example=frame()[:2],
            params={"more": 1},
            tags={"a": "b"},
            step=3,
            model_type="regression",
        )
    client.set_registered_model_alias(name, "champion", "1")
    client.transition_model_version_stage(name, "1", "Production")
    path = trackhelm.artifacts.download_artifacts(info.model_uri, dst_path=str(tmp_path / "copy"))
    uris = [
        f"runs:/{run.info.run_id}/model",
        f"models:/{info.model_id}",
        info.model_uri,
        f"models:/{name}/1",
        f"models:/{name}/latest",
        f"models:/{name}/Production",
        f"models:/{name}@champion",
        path,
    ]
    for uri in uris:
        assert predicted(trackhelm.pyfunc.load_model(uri)) == doubled(), uri
        assert predicted(trackhelm.sklearn.load_model(uri)) == doubled(), uri
    assert info.registered_model_version == 1
    assert client.get_model_version(name, "1").source == f"models:/{info.model_id}"
    logged = client.get_logged_model(str(info.model_id))
    assert (logged.name, str(logged.status), logged.source_run_id) == ("model", "READY", run.info.run_id)
    assert (logged.params, logged.model_type) == ({"rate": "0.1", "more": "1"}, "regression")
    assert logged.tags["a"] == "b"
    assert [(one.key, one.value, one.step) for one in logged.metrics or ()] == [("loss", 0.5, 3)]
    outputs = client.get_run(run.info.run_id).outputs
    assert outputs is not None
    assert [(one.model_id, one.step) for one in outputs.model_outputs] == [(info.model_id, 3)]
    # The stock client finds it on the same server.
    asked = {uri: ["pyfunc", "sklearn"] for uri in (uris[0], uris[1], uris[3])}
    found = stock_predicts(asked, tmp_path, MLFLOW_TRACKING_URI=tracking)
    assert len(found) == 6
    for how, told in found.items():
        assert told == pytest.approx(doubled()), how


@needs_stock
@pytest.mark.parametrize("form", ["cloudpickle", "skops"])
def test_what_the_stock_client_logs(form: str, experiment: str, tracking: str, tmp_path: Path) -> None:
    script = tmp_path / "log.py"
    script.write_text(
        "import sys, mlflow, numpy as np\n"
        "from sklearn.linear_model import LinearRegression\n"
        "x = np.arange(12.0).reshape(4, 3)\n"
        "model = LinearRegression().fit(x, x[:, 0] * 2)\n"
        "with mlflow.start_run(experiment_id=sys.argv[1]):\n"
        "    print(mlflow.sklearn.log_model(model, name='m', serialization_format=sys.argv[2], "
        "pip_requirements=[]).model_uri)\n"
    )
    printed = run_python(
        STOCK_PYTHON, script, experiment, form, cwd=tmp_path, variables={"MLFLOW_TRACKING_URI": tracking}
    )
    (uri,) = [line for line in printed.stdout.splitlines() if line.startswith("models:/m-")]
    # The server recorded the checksum of the pickle when the stock client uploaded it.
    assert np.allclose(trackhelm.sklearn.load_model(uri).predict(np.ones((1, 3))), 2, atol=3)


def artifact_on_disk(server: ServerProcess, name: str, model_id: str) -> Path:
    (found,) = [file for file in Path(server.data).rglob(name) if model_id in str(file)]
    return found


def test_a_pickle_is_loaded_by_another_process_if_it_is_what_was_uploaded(
    line: Any, experiment: str, server: ServerProcess, tracking: str, tmp_path: Path
) -> None:
    info = trackhelm.sklearn.log_model(line, name="model", serialization_format="pickle")
    script = tmp_path / "load.py"
    script.write_text(
        "import sys, trackhelm\nprint(type(trackhelm.sklearn.load_model(sys.argv[1])).__name__)\n"
    )

    def load(variables: dict[str, str] | None = None) -> tuple[int, str]:
        told = {"MLFLOW_TRACKING_URI": tracking, **(variables or {})}
        ended = run_python(sys.executable, script, info.model_uri, cwd=tmp_path, check=False, variables=told)
        return ended.returncode, ended.stdout + ended.stderr

    assert load() == (0, "LinearRegression\n")
    code, told = load({"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"})
    assert code == 1
    assert "MLFLOW_ALLOW_PICKLE_DESERIALIZATION is 'false'" in told
    # Somebody who can write to the store, but not to the server, puts another pickle there.
    stored = artifact_on_disk(server, "model.pkl", str(info.model_id))
    stored.write_bytes(stored.read_bytes().replace(b"LinearRegression", b"linearregression"))
    code, told = load()
    assert code == 1
    assert "it is not what" in told
    assert "allow_pickle()" in told
    stored.write_bytes(stored.read_bytes().replace(b"linearregression", b"LinearRegression"))
    assert load({"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"})[0] == 0


def test_a_model_that_cannot_be_saved_is_marked(experiment: str, client: trackhelm.MlflowClient) -> None:
    with trackhelm.start_run(), pytest.raises(MlflowException):
        trackhelm.sklearn.log_model(lambda: None, name="broken")
    (found,) = client.search_logged_models([experiment])
    assert (found.name, str(found.status)) == ("broken", "FAILED")


def test_offline_a_model_is_with_its_run(line: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # there is no server to start
    trackhelm.set_tracking_uri(str(tmp_path / "data"))
    with trackhelm.start_run() as run:
        info = trackhelm.sklearn.log_model(line, name="model")
    assert info.model_uri == f"runs:/{run.info.run_id}/model"
    assert predicted(trackhelm.sklearn.load_model(info.model_uri)) == doubled()


def test_a_signature_is_set_later(line: Any, experiment: str) -> None:
    info = trackhelm.sklearn.log_model(line, name="model")
    assert trackhelm.models.get_model_info(info.model_uri).signature is None
    trackhelm.models.set_signature(info.model_uri, trackhelm.models.infer_signature(frame()))
    found = trackhelm.models.get_model_info(info.model_uri).signature
    assert found is not None
    assert found.inputs is not None
    assert found.inputs.input_names() == ["a", "b", "c"]
    with pytest.raises(MlflowException, match="Model is missing inputs"):
        trackhelm.pyfunc.load_model(info.model_uri).predict(frame()[["a"]])


def test_a_registered_copy_says_which_version_it_is(line: Any, experiment: str, tmp_path: Path) -> None:
    name = f"copy-{experiment}"
    trackhelm.sklearn.log_model(line, name="model", registered_model_name=name)
    trackhelm.pyfunc.load_model(f"models:/{name}/1", dst_path=str(tmp_path / "copy"))
    assert (
        tmp_path / "copy" / "registered_model_meta"
    ).read_text() == f"model_name: {name}\nmodel_version: '1'\n"


def test_a_forest_is_saved_as_skops_and_loaded_where_it_is_trusted(experiment: str) -> None:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(3).fit(frame(), [0, 1, 1, 0])
    info = trackhelm.sklearn.log_model(forest, name="forest")
    flavor = info.flavors["sklearn"]
    assert flavor["serialization_format"] == "skops"
    assert flavor["skops_trusted_types"] == ["sklearn.tree._tree.Tree"]
    assert predicted(trackhelm.sklearn.load_model(info.model_uri)) == forest.predict(frame()).tolist()
