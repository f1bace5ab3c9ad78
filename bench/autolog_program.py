"""The program that `make bench-autolog` runs in the frameworks' environment: it trains, with and without.

    python autolog_program.py SYSTEM FRAMEWORK URL FOLDER REPEATS      SYSTEM: ours or mlflow

Trainings with and without take turns in one process. It prints one line of JSON: for each training how many
seconds the whole call took, and how many lay between its first iteration and its last.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ITERATIONS = 100

Train = Callable[[Callable[[], None]], None]
"""Trains for so many iterations and calls what it is given after each."""


def sklearn_training() -> Train:
    """Return a gradient boosting of scikit-learn."""
    from sklearn.datasets import make_classification
    from sklearn.ensemble import GradientBoostingClassifier

    features, labels = make_classification(6_000, 20, random_state=7)

    def train(after: Callable[[], None]) -> None:
        model = GradientBoostingClassifier(n_estimators=ITERATIONS, max_depth=3, random_state=7)
        model.fit(features, labels, monitor=lambda *_: after())

    return train


def xgboost_training() -> Train:
    """Return a boosting of XGBoost whose rounds are evaluated on two datasets."""
    import xgboost
    from sklearn.datasets import make_classification

    features, labels = make_classification(30_000, 30, random_state=7)

    class Callback(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def __init__(self, after: Callable[[], None]) -> None:
            self._after = after

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self._after()
            return False

    def train(after: Callable[[], None]) -> None:
        data = xgboost.DMatrix(features[:25_000], labels[:25_000])
        valid = xgboost.DMatrix(features[25_000:], labels[25_000:])
        xgboost.train(
            {"objective": "binary:logistic", "max_depth": 6, "nthread": 1},
            data,
            ITERATIONS,
            evals=[(data, "train"), (valid, "valid")],
            verbose_eval=False,
            callbacks=[Callback(after)],
        )

    return train


def keras_training() -> Train:
    """Return a small network of Keras."""
    import keras
    import numpy as np

    features = np.random.default_rng(7).normal(size=(2_000, 20)).astype("float32")
    targets = features.sum(axis=1, keepdims=True)

    def train(after: Callable[[], None]) -> None:
        keras.utils.set_random_seed(7)
        model = keras.Sequential([keras.layers.Input((20,)), keras.layers.Dense(64), keras.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: after())
        model.fit(features, targets, batch_size=50, epochs=ITERATIONS, verbose=0, callbacks=[told])

    return train


def pytorch_training() -> Train:
    """Return a small network of Lightning."""
    import pytorch_lightning as lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(7)
    features = torch.randn(1_000, 20)
    rows = TensorDataset(features, features.sum(dim=1, keepdim=True))

    class Network(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.Linear(64, 1))

        def forward(self, inputs: Any) -> Any:
            return self.layers(inputs)

        def training_step(self, batch: Any, _number: int) -> Any:
            loss = torch.nn.functional.mse_loss(self(batch[0]), batch[1])
            self.log("loss", loss, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.001)

    class Callback(lightning.Callback):  # type: ignore[misc]
        def __init__(self, after: Callable[[], None]) -> None:
            self._after = after

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            self._after()

    def train(after: Callable[[], None]) -> None:
        trainer = lightning.Trainer(
            max_epochs=ITERATIONS,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[Callback(after)],
        )
        trainer.fit(Network(), DataLoader(rows, batch_size=50))

    return train


TRAININGS: dict[str, Callable[[], Train]] = {
    "sklearn": sklearn_training,
    "xgboost": xgboost_training,
    "keras": keras_training,
    "pytorch": pytorch_training,
}


def timed(train: Train) -> tuple[float, float]:
    """Return the seconds of a whole training, and those between its first iteration and its last."""
    moments: list[float] = []
    began = time.perf_counter()
    train(lambda: moments.append(time.perf_counter()))
    return time.perf_counter() - began, moments[-1] - moments[0]


def main() -> None:
    """Train, and print what it took."""
    system, framework, url, folder, repeats = sys.argv[1:]
    os.environ["TRACKHELM_SPOOL_DIR"] = str(Path(folder) / "spool")
    module = importlib.import_module("trackhelm" if system == "ours" else "mlflow")
    module.set_tracking_uri(url)
    module.set_experiment("bench")
    train = TRAININGS[framework]()
    flavour = getattr(module, framework)
    # Once for what is imported and compiled at the first time.
    flavour.autolog(silent=True)
    timed(train)
    flavour.autolog(disable=True)
    timed(train)
    found: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    for number in range(int(repeats)):
        for way in sorted(found, reverse=bool(number % 2)):
            flavour.autolog(disable=way == "without", silent=True)
            found[way].append(timed(train))
    flavour.autolog(disable=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
