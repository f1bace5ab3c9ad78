"""Saves or loads models of one library by one client, as a program of its own.

exchange.py save CLIENT LIBRARY FOLDER: saves each kind of model below the folder, with what it predicts.
exchange.py load CLIENT LIBRARY FOLDER: prints what each predicts, natively and behind `predict`, as JSON.

CLIENT is `mlflow` or `trackhelm`; the latter runs as if MLflow were not installed.
"""

import importlib
import json
import logging
import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
ACTION, CLIENT, LIBRARY, PLACE = sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])


class WithoutMlflow:
    """Finds every module on the path except MLflow's."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """Find a module as usual."""
        return None if name.partition(".")[0] == "mlflow" else PathFinder.find_spec(name, path, target)


if CLIENT == "trackhelm":
    sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutMlflow  # type: ignore[call-overload]

import numpy as np  # noqa: E402 - what is imported depends on the client
import pandas as pd  # noqa: E402

client = importlib.import_module(CLIENT)
logging.getLogger(CLIENT).setLevel(logging.ERROR)

FEATURES = np.random.default_rng(7).normal(size=(80, 4)).astype(np.float32)
LABELS = (FEATURES.sum(axis=1) > 0).astype(np.int64)
QUICK = {"pip_requirements": ["numpy"]}
IS_NEW = CLIENT == "trackhelm" or int(getattr(client, "__version__", "3").split(".")[0]) > 2


def boosting() -> dict[str, tuple[Any, str, dict[str, Any]]]:
    """Models of XGBoost and LightGBM."""
    import lightgbm
    import xgboost

    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(FEATURES, LABELS), 5)
    light = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(FEATURES, LABELS), 5)
    classifier = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(FEATURES, LABELS)
    return {
        "xgboost-booster": (booster, "xgboost", {"model_format": "json"}),
        "xgboost-estimator": (xgboost.XGBClassifier(n_estimators=5).fit(FEATURES, LABELS), "xgboost", {}),
        "lightgbm-booster": (light, "lightgbm", {}),
        "lightgbm-estimator": (classifier, "lightgbm", {}),
        "lightgbm-pickle": (
            classifier,
            "lightgbm",
            {"serialization_format": "cloudpickle"} if IS_NEW else {},
        ),
    }


def torch() -> dict[str, tuple[Any, str, dict[str, Any]]]:
    """Models of PyTorch."""
    import torch

    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)).eval()
    pickled = {"serialization_format": "pickle"} if IS_NEW else {}
    found: dict[str, tuple[Any, str, dict[str, Any]]] = {"torch-pickle": (model, "pytorch", pickled)}
    if IS_NEW:
        found["torch-pt2"] = (model, "pytorch", {})
        found["torch-script"] = (torch.jit.script(model), "pytorch", pickled)
    return found


def tensorflow() -> dict[str, tuple[Any, str, dict[str, Any]]]:
    """Models of Keras and TensorFlow."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])

    class Linear(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable([[1.0], [-2.0], [3.0], [0.5]])

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x @ self.weight

    return {
        "keras": (model, "keras", {}),
        "tf-keras": (model, "tensorflow", {}),
        "tf-h5": (
            model,
            "tensorflow",
            {"keras_model_kwargs": {"save_format": "h5"}} if CLIENT == "trackhelm" else {},
        ),
        "tf-module": (Linear(), "tensorflow", {}),
    }


LIBRARIES: dict[str, Callable[[], dict[str, tuple[Any, str, dict[str, Any]]]]] = {
    "boosting": boosting,
    "torch": torch,
    "tensorflow": tensorflow,
}


def asked(model: Any, kind: str) -> Any:
    """What a model of a library's own predicts for the features."""
    if kind == "xgboost-booster":
        import xgboost

        return model.predict(xgboost.DMatrix(FEATURES))
    if kind.startswith("torch"):
        import torch

        with torch.no_grad():
            return model(torch.from_numpy(FEATURES)).numpy()
    if kind == "tf-module":
        return model(FEATURES).numpy()
    return model.predict(FEATURES)


def save() -> None:
    """Save every kind of model, and what each predicts."""
    expected = {}
    for kind, (model, flavour, how) in LIBRARIES[LIBRARY]().items():
        expected[kind] = np.asarray(asked(model, kind)).tolist()
        module = getattr(client, flavour)
        if kind in {"tf-module", "keras"}:
            given = {"signature": client.models.infer_signature(FEATURES, np.asarray(asked(model, kind)))}
        else:
            given = {"input_example": FEATURES[:4]}
        module.save_model(model, str(PLACE / kind), **given, **how, **QUICK)
    (PLACE / "expected.json").write_text(json.dumps(expected))


def load() -> None:
    """Print what every model predicts, and how those are refused that are not allowed."""
    expected = json.loads((PLACE / "expected.json").read_text())
    flavours = {
        "xgboost": "xgboost",
        "lightgbm": "lightgbm",
        "torch": "pytorch",
        "keras": "keras",
        "tf": "tensorflow",
    }
    for kind in expected:
        flavour = getattr(client, flavours[kind.partition("-")[0]])
        refused = None
        if CLIENT == "trackhelm":
            try:
                client.pyfunc.load_model(str(PLACE / kind), suppress_warnings=True)
            except client.MlflowException as error:
                refused = error.error_code
        with client.models.allow_pickle() if CLIENT == "trackhelm" else nullcontext():
            native = asked(flavour.load_model(str(PLACE / kind)), kind)
            model = client.pyfunc.load_model(str(PLACE / kind), suppress_warnings=True)
            behind = model.predict(FEATURES)
            frame = model.predict(pd.DataFrame(FEATURES)) if not kind.startswith("tf-module") else behind
        found = [np.asarray(one).tolist() for one in (native, behind, frame)]
        sys.stdout.write(json.dumps([kind, refused, found]) + "\n")


save() if ACTION == "save" else load()
if CLIENT == "trackhelm":
    real = [
        name
        for name, one in sys.modules.items()
        if name.partition(".")[0] == "mlflow" and "mlflow" in (getattr(one, "__file__", "") or "")
    ]
    assert not real, f"MLflow itself was imported: {real}"
