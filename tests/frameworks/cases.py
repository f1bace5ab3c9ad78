"""A small model of each framework: how it is trained, logged, loaded and asked.

Frameworks are imported where they are used: a test pays for its own alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models.model import ModelInfo

rng = np.random.default_rng(7)
FEATURES = rng.normal(size=(80, 4)).astype(np.float32)
LABELS = (FEATURES.sum(axis=1) > 0).astype(np.int64)


@dataclass(frozen=True)
class Case:
    """A trained model, and what the stock client does with it."""

    model: Any
    log: Callable[..., ModelInfo]
    """Logs the model, given `name` and so on."""
    load: Callable[[str], Any]
    """Loads it from a URI, as the framework's own object."""
    predict: Callable[[Any], np.ndarray]
    """Asks the framework's own object about `FEATURES`."""
    files: frozenset[str]
    """Some of the files or directories that the model must have."""


def sklearn_case() -> Case:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(FEATURES, LABELS)
    return Case(
        model,
        lambda **how: mlflow.sklearn.log_model(
            model, serialization_format="cloudpickle", pip_requirements=["scikit-learn"], **how
        ),
        mlflow.sklearn.load_model,
        lambda loaded: loaded.predict(FEATURES),
        frozenset({"model.pkl"}),
    )


def xgboost_case() -> Case:
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=5, max_depth=2).fit(FEATURES, LABELS)
    return Case(
        model,
        lambda **how: mlflow.xgboost.log_model(model, pip_requirements=["xgboost"], **how),
        mlflow.xgboost.load_model,
        lambda loaded: loaded.predict(FEATURES),
        frozenset({"model.ubj"}),
    )


def lightgbm_case() -> Case:
    import lightgbm

    data = lightgbm.Dataset(FEATURES, LABELS)
    model = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, num_boost_round=5)
    return Case(
        model,
        lambda **how: mlflow.lightgbm.log_model(model, pip_requirements=["lightgbm"], **how),
        mlflow.lightgbm.load_model,
        lambda loaded: loaded.predict(FEATURES),
        frozenset({"model.lgb"}),
    )


def pytorch_case() -> Case:
    import torch

    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)).eval()

    def predict(loaded: torch.nn.Module) -> np.ndarray:
        with torch.no_grad():
            return loaded(torch.from_numpy(FEATURES)).numpy()

    return Case(
        model,
        lambda **how: mlflow.pytorch.log_model(
            model, serialization_format="pickle", pip_requirements=["torch"], **how
        ),
        mlflow.pytorch.load_model,
        predict,
        frozenset({"data"}),
    )


def keras_case() -> Case:
    model = keras_network()
    model.fit(FEATURES, LABELS, epochs=1, verbose=0)
    return Case(
        model,
        lambda **how: mlflow.tensorflow.log_model(model, pip_requirements=["tensorflow"], **how),
        mlflow.tensorflow.load_model,
        lambda loaded: loaded.predict(FEATURES, verbose=0),
        frozenset({"data"}),
    )


def tensorflow_case() -> Case:
    import tensorflow as tf

    class Linear(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable([[1.0], [-2.0], [3.0], [0.5]])

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return x @ self.weight

    model = Linear()
    signature = mlflow.models.infer_signature(FEATURES, model(FEATURES).numpy())

    def log(**how: Any) -> ModelInfo:
        return mlflow.tensorflow.log_model(
            model, **{"signature": signature, "pip_requirements": ["tensorflow"]} | how
        )

    return Case(
        model,
        log,
        mlflow.tensorflow.load_model,
        lambda loaded: loaded(tf.constant(FEATURES)).numpy(),
        frozenset({"tf2model"}),
    )


class Shifted(mlflow.pyfunc.PythonModel):
    """A model of one's own, which answers the rows' sums and a shift."""

    def __init__(self, shift: float) -> None:
        self.shift = shift

    def predict(self, _context: object, model_input: Any) -> np.ndarray:
        """Add up each row."""
        return np.asarray(model_input).sum(axis=1) + self.shift


def python_case() -> Case:
    model = Shifted(2.5)
    return Case(
        model,
        lambda **how: mlflow.pyfunc.log_model(python_model=model, pip_requirements=["numpy"], **how),
        lambda uri: mlflow.pyfunc.load_model(uri).unwrap_python_model(),
        lambda loaded: loaded.predict(None, FEATURES),
        frozenset({"python_model.pkl"}),
    )


def keras_network() -> Any:
    """Return a compiled Keras model."""
    import keras

    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    return model


CASES: dict[str, Callable[[], Case]] = {
    "sklearn": sklearn_case,
    "xgboost": xgboost_case,
    "lightgbm": lightgbm_case,
    "pytorch": pytorch_case,
    "keras": keras_case,
    "tensorflow": tensorflow_case,
    "python": python_case,
}


def frame() -> pd.DataFrame:
    """The features with a name each, as autologging meets them most."""
    return pd.DataFrame(FEATURES, columns=[f"x{number}" for number in range(FEATURES.shape[1])])
