"""Autologging of each framework: what it trains leaves params, metrics and a model that answers the same."""

from collections.abc import Callable, Iterator
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow.entities import Experiment, Run

from tests.frameworks.cases import FEATURES, LABELS, frame, keras_network

Flavour = Any


@pytest.fixture
def autolog() -> Iterator[Callable[..., None]]:
    """Turn a flavour's autologging on, and off in the end."""
    on: list[Flavour] = []

    def turn_on(flavour: Flavour, **options: Any) -> None:
        flavour.autolog(**options)
        on.append(flavour)

    yield turn_on
    for flavour in on:
        flavour.autolog(disable=True)


def of(run: Run) -> Run:
    """Return the run as the server has it in the end."""
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    return found


def logged_model_of(run: Run) -> str:
    """Return the URI of the one model that the run put out."""
    (output,) = run.outputs.model_outputs
    return f"models:/{output.model_id}"


def test_sklearn(autolog: Callable[..., None], experiment: Experiment) -> None:
    from sklearn.ensemble import RandomForestClassifier

    autolog(mlflow.sklearn)
    with mlflow.start_run() as active:
        model = RandomForestClassifier(n_estimators=5, random_state=7).fit(frame(), LABELS)
    run = of(active)
    assert run.data.params["n_estimators"] == "5"
    assert {"training_score", "training_log_loss", "training_roc_auc"} <= set(run.data.metrics)
    loaded = mlflow.pyfunc.load_model(logged_model_of(run))
    np.testing.assert_array_equal(loaded.predict(frame()), model.predict(frame()))


def test_xgboost(autolog: Callable[..., None], experiment: Experiment) -> None:
    import xgboost

    autolog(mlflow.xgboost)
    data = xgboost.DMatrix(frame(), LABELS)
    with mlflow.start_run() as active:
        model = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 2},
            data,
            6,
            evals=[(data, "train")],
            verbose_eval=False,
        )
    run = of(active)
    assert run.data.params["max_depth"] == "2"
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "train-logloss")
    assert [point.step for point in history] == list(range(6))
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert {"feature_importance_weight.json", "feature_importance_weight.png"} <= names
    loaded = mlflow.xgboost.load_model(logged_model_of(run))
    np.testing.assert_allclose(loaded.predict(data), model.predict(data), rtol=1e-6)


def test_lightgbm(autolog: Callable[..., None], experiment: Experiment) -> None:
    import lightgbm

    autolog(mlflow.lightgbm)
    data = lightgbm.Dataset(frame(), LABELS)
    with mlflow.start_run() as active:
        model = lightgbm.train(
            {"objective": "binary", "metric": "binary_logloss", "verbose": -1, "num_threads": 1},
            data,
            num_boost_round=6,
            valid_sets=[data],
            valid_names=["train"],
        )
    run = of(active)
    assert run.data.params["num_boost_round"] == "6"
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "train-binary_logloss")
    assert [point.step for point in history] == list(range(6))
    loaded = mlflow.lightgbm.load_model(logged_model_of(run))
    np.testing.assert_allclose(loaded.predict(frame()), model.predict(frame()), rtol=1e-6)


def test_keras(autolog: Callable[..., None], experiment: Experiment) -> None:
    autolog(mlflow.tensorflow)
    model = keras_network()
    with mlflow.start_run() as active:
        model.fit(FEATURES, LABELS, epochs=3, batch_size=16, verbose=0)
    run = of(active)
    assert (run.data.params["epochs"], run.data.params["batch_size"]) == ("3", "16")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in history] == [0, 1, 2]
    assert "model_summary.txt" in {
        file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)
    }
    loaded = mlflow.tensorflow.load_model(logged_model_of(run))
    np.testing.assert_allclose(
        loaded.predict(FEATURES, verbose=0), model.predict(FEATURES, verbose=0), rtol=1e-5
    )


def test_pytorch_lightning(autolog: Callable[..., None], experiment: Experiment) -> None:
    import pytorch_lightning as lightning
    import torch

    class Network(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

        def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _number: int) -> torch.Tensor:
            loss = torch.nn.functional.mse_loss(self(batch[0]).squeeze(1), batch[1])
            self.log("train_loss", loss, on_epoch=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    rows = torch.utils.data.TensorDataset(torch.from_numpy(FEATURES), torch.from_numpy(LABELS).float())
    autolog(mlflow.pytorch, log_models=True)
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    network = Network()
    with mlflow.start_run() as active:
        trainer.fit(network, torch.utils.data.DataLoader(rows, batch_size=16))
    run = of(active)
    assert run.data.params["epochs"] == "3"
    assert run.data.params["optimizer_name"] == "SGD"
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "train_loss_epoch")
    assert len(history) == 3
    assert "model_summary.txt" in {
        file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)
    }
    loaded = mlflow.pytorch.load_model(logged_model_of(run))
    with torch.no_grad():
        torch.testing.assert_close(loaded(torch.from_numpy(FEATURES)), network(torch.from_numpy(FEATURES)))
