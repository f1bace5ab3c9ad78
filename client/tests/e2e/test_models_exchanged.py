"""Models go both ways: what one client saves, the other loads, natively and behind `predict`."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.conftest import STOCK_PYTHON, needs_stock, run_python
from client.tests.e2e.test_same_scripts import SCRIPTS, ours
from trackhelm.exceptions import MlflowException

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")
pytest.importorskip("skops")

OLD_PYTHON = os.environ.get("STOCK2_PYTHON", "")
KINDS = ["cloudpickle", "pickle", "proba", "pipeline", "skops", "own", "function", "code", "loader", "hints"]
NATIVE = {"cloudpickle", "pickle", "pipeline", "skops"}
FRAME = {
    "columns": ["a", "b", "c"],
    "data": [[0.5, -1.0, 2.0], [-3.0, 0.25, 1.0], [1.5, 1.0, -0.5], [-1.0, -1.0, 0.0]],
}


def frame() -> Any:
    return pd.DataFrame(**FRAME)


def saved_by(python: str, script: Path, folder: Path) -> Path:
    """Let a client save its models, and return their folder."""
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "frame.json").write_text(json.dumps(FRAME))
    run_python(python, script, models, folder / "frame.json", cwd=folder)
    return models


@pytest.fixture(scope="module")
def by_ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ours")
    return saved_by(sys.executable, ours(SCRIPTS / "save_models.py", place), place)


def stock_predicts(asked: dict[str, list[str]], folder: Path, **variables: str) -> dict[tuple[str, str], Any]:
    """Return what the stock client predicts, for each URI by each of its flavours."""
    (folder / "asked.json").write_text(json.dumps(FRAME))
    words = [f"{uri}={','.join(flavours)}" for uri, flavours in asked.items()]
    script = SCRIPTS / "ask_model.py"
    printed = run_python(
        STOCK_PYTHON, script, folder / "asked.json", *words, cwd=folder, variables=variables
    ).stdout
    found = map(json.loads, printed.splitlines())
    return {(uri, flavour): predicted for uri, flavour, predicted in found}


@needs_stock
def test_saved_by_ours_and_loaded_by_the_stock_client(by_ours: Path, tmp_path: Path) -> None:
    expected = json.loads((by_ours / "expected.json").read_text())
    asked = {
        str(by_ours / kind): ["texts"] if kind == "hints" else ["pyfunc"] + ["sklearn"] * (kind in NATIVE)
        for kind in KINDS
    }
    found = stock_predicts(asked, tmp_path)
    assert len(found) == len(KINDS) + len(NATIVE)
    assert found.pop((str(by_ours / "hints"), "texts")) == ["A", "B"]
    for (uri, flavour), predicted in found.items():
        assert not isinstance(predicted, str), (uri, flavour, predicted)
        np.testing.assert_allclose(predicted, expected[Path(uri).name], err_msg=f"{uri} {flavour}")


@pytest.fixture(scope="module", params=["3", "2"])
def by_stock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = {"3": STOCK_PYTHON, "2": OLD_PYTHON}[request.param]
    if not python:
        pytest.skip(f"no Python with MLflow {request.param} is named")
    place = tmp_path_factory.mktemp(f"stock{request.param}")
    return saved_by(python, SCRIPTS / "save_models.py", place)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_by_the_stock_client_and_loaded_by_ours(kind: str, by_stock: Path) -> None:
    expected = json.loads((by_stock / "expected.json").read_text())
    if not (by_stock / kind).exists():
        assert kind == "skops", "2.22 has no other format less"
        return
    with trackhelm.models.allow_pickle():
        model = trackhelm.pyfunc.load_model(by_stock / kind, suppress_warnings=True)
        if kind == "hints":
            assert model.predict(["a", "b"]) == ["A", "B"]
            return
        np.testing.assert_allclose(model.predict(frame()), expected[kind])
        if kind in NATIVE:
            native = trackhelm.sklearn.load_model(by_stock / kind)
            np.testing.assert_allclose(native.predict(frame()), expected[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_run_code_is_not_loaded_of_an_unknown_folder(kind: str, by_stock: Path) -> None:
    if not (by_stock / kind).exists():
        return
    if kind == "skops":
        np.testing.assert_allclose(
            trackhelm.sklearn.load_model(by_stock / kind).predict(frame()),
            json.loads((by_stock / "expected.json").read_text())[kind],
        )
        return
    with pytest.raises(
        MlflowException, match=r"allow_pickle\(\).*--allow-pickle.*MLFLOW_ALLOW_PICKLE"
    ) as refused:
        trackhelm.pyfunc.load_model(by_stock / kind, suppress_warnings=True)
    assert refused.value.error_code == "PERMISSION_DENIED"


def test_the_files_and_fields_are_the_stock_clients(by_ours: Path, by_stock: Path) -> None:
    from trackhelm.models.model import read_yaml

    for kind in KINDS:
        if not (by_stock / kind).exists():
            continue
        files = [
            {
                file.relative_to(place / kind).as_posix()
                for file in (place / kind).rglob("*")
                if "__pycache__" not in str(file)
            }
            for place in (by_stock, by_ours)
        ]
        stock, own = (read_yaml(place / kind / "MLmodel") for place in (by_stock, by_ours))
        if kind != "hints":  # of hints, a signature is inferred only by MLflow
            assert files[0] == files[1], kind
            assert set(stock) - {"is_signature_from_type_hint", "type_hint_from_example", "model_id"} <= set(
                own
            ), kind
            assert stock.get("signature") == own.get("signature"), kind
        assert set(stock["flavors"]) == set(own["flavors"])
        for name, fields in stock["flavors"].items():
            lacking = {field for field, value in fields.items() if value is not None} - set(
                own["flavors"][name]
            )
            assert not lacking, (kind, name)
            for field in {
                "loader_module",
                "model_path",
                "predict_fn",
                "data",
                "config",
                "python_model",
                "code",
            } & set(fields):
                assert fields[field] == own["flavors"][name].get(field), (kind, name, field)
