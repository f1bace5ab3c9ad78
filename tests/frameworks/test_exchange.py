"""Models of each library go both ways between this client and MLflow's 3.17 and 2.22."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
OLD = Path(sys.prefix) / "mlflow2"
# What can run code when it is loaded, so that this client refuses it of a folder of unknown origin.
REFUSED = {"lightgbm-estimator", "lightgbm-pickle", "torch-pickle", "torch-script", "tf-module"}
LIBRARIES = ["boosting", "torch", "tensorflow"]


@cache
def place_of(library: str, client: str) -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix=f"exchange-{library}-{client}-"))


def run(action: str, client: str, library: str, place: Path) -> str:
    name = "trackhelm" if client == "trackhelm" else "mlflow"
    path = {"trackhelm": str(ROOT / "client" / "src"), "mlflow2": str(OLD), "mlflow3": ""}[client]
    ended = subprocess.run(
        [sys.executable, Path(__file__).with_name("exchange.py"), action, name, library, place],
        env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr[-4_000:]
    return ended.stdout


@cache
def saved(library: str, client: str) -> Path:
    """The folder with the models of a library that a client saved."""
    place = place_of(library, client)
    run("save", client, library, place)
    return place


def answers(client: str, library: str, place: Path) -> dict[str, tuple[str | None, list[Any]]]:
    lines = [line for line in run("load", client, library, place).splitlines() if line.startswith("[")]
    return {kind: (refused, found) for kind, refused, found in map(json.loads, lines)}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("by", "to"),
    [
        ("trackhelm", "mlflow3"),
        ("trackhelm", "trackhelm"),
        ("mlflow3", "trackhelm"),
        ("mlflow2", "trackhelm"),
    ],
)
def test_models_are_exchanged(library: str, by: str, to: str) -> None:
    if by == "mlflow2" and not OLD.is_dir():
        pytest.skip("MLflow 2.22 is not beside the frameworks")
    place = saved(library, by)
    expected = json.loads((place / "expected.json").read_text())
    found = answers(to, library, place)
    assert set(found) == set(expected)
    for kind, (refused, predicted) in found.items():
        for one in predicted:
            np.testing.assert_allclose(
                np.ravel(one), np.ravel(expected[kind]), rtol=1e-4, atol=1e-5, err_msg=kind
            )
        if to == "trackhelm":
            assert (refused == "PERMISSION_DENIED") == (kind in REFUSED), (kind, refused)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_files_are_the_stock_clients(library: str) -> None:
    from mlflow.models import Model

    stock, own = saved(library, "mlflow3"), saved(library, "trackhelm")
    for kind in json.loads((own / "expected.json").read_text()):
        files = [
            {
                file.relative_to(place / kind).as_posix()
                for file in (place / kind).rglob("*")
                if file.is_file()
            }
            for place in (stock, own)
        ]
        if kind != "tf-h5":  # which MLflow cannot save with this version of Keras
            assert files[0] == files[1], kind
        theirs, ours = Model.load(stock / kind), Model.load(own / kind)
        assert theirs.signature == ours.signature, kind
        assert set(theirs.flavors) == set(ours.flavors), kind
        for name, fields in theirs.flavors.items():
            given = {field for field, value in fields.items() if value is not None}
            assert given - {"skops_trusted_types"} <= set(ours.flavors[name]), (kind, name)
