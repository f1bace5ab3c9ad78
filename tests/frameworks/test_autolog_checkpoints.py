"""Checkpoints that a training of our own client stored are loaded again."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trackhelm

from tests.e2e.server import ServerProcess
from tests.frameworks.cases import FEATURES, LABELS, keras_network


@pytest.fixture(autouse=True)
def own(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("MLFLOW_AUTOLOGGING_TESTING", "true")
    monkeypatch.chdir(tmp_path)
    trackhelm.set_tracking_uri(server.url)
    yield
    trackhelm.pytorch.autolog(disable=True)
    trackhelm.tensorflow.autolog(disable=True)
    trackhelm.set_tracking_uri("")


def files(run_id: str, path: str = "checkpoints") -> set[str]:
    found: set[str] = set()
    for file in trackhelm.MlflowClient().list_artifacts(run_id, path):
        found |= files(run_id, file.path) if file.is_dir else {file.path.removeprefix("checkpoints/")}
    return found


def train_lightning() -> tuple[type, Any]:
    import pytorch_lightning as lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Network(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, _number: int) -> torch.Tensor:
            loss = torch.nn.functional.mse_loss(self.layer(batch[0]).squeeze(1), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    network = Network()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    rows = TensorDataset(torch.from_numpy(FEATURES), torch.from_numpy(LABELS).float())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(network, DataLoader(rows, batch_size=20))
    return Network, network


@pytest.mark.parametrize(
    ("frequency", "names", "which"),
    [
        ("epoch", {"epoch_0", "epoch_1"}, {"epoch": 1}),
        (4, {"global_step_4", "global_step_8"}, {"global_step": 8}),
    ],
)
def test_of_lightning(frequency: str | int, names: set[str], which: dict[str, int]) -> None:
    import torch

    trackhelm.pytorch.autolog(
        checkpoint_save_best_only=False, checkpoint_save_freq=frequency, log_models=False
    )
    with trackhelm.start_run() as run:
        kind, network = train_lightning()
    assert files(run.info.run_id) == {
        f"{name}/{file}" for name in names for file in ("checkpoint.pth", "checkpoint_metrics.json")
    }
    for how in ({}, which):
        loaded = trackhelm.pytorch.load_checkpoint(kind, run.info.run_id, **how)
        torch.testing.assert_close(loaded.layer.weight, network.layer.weight)


def test_the_best_of_lightning() -> None:
    trackhelm.pytorch.autolog(
        checkpoint_monitor="train_loss", checkpoint_save_weights_only=True, log_models=False
    )
    with trackhelm.start_run() as run:
        train_lightning()
    assert files(run.info.run_id) == {"latest_checkpoint.weights.pth", "latest_checkpoint_metrics.json"}


@pytest.mark.parametrize("weights_only", [True, False])
def test_of_tensorflow(
    weights_only: bool,  # noqa: FBT001 - of a parametrization
) -> None:
    import tensorflow  # noqa: F401, ICN001 - Keras' own, which is what is logged

    trackhelm.tensorflow.autolog(
        checkpoint_monitor="loss", checkpoint_save_weights_only=weights_only, log_models=False
    )
    model = keras_network()
    with trackhelm.start_run() as run:
        model.fit(FEATURES, LABELS.astype("float32"), epochs=3, verbose=0)
    empty = keras_network() if weights_only else None
    loaded = trackhelm.tensorflow.load_checkpoint(empty, run.info.run_id)
    np.testing.assert_allclose(
        loaded.predict(FEATURES, verbose=0), model.predict(FEATURES, verbose=0), rtol=1e-5
    )
