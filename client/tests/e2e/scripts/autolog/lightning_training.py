"""Modules of Lightning that log themselves."""

import os
import sys
import warnings
from importlib import import_module

import mlflow
import torch
from torch.utils.data import DataLoader, TensorDataset

# Lightning has two packages of the same content, whose classes are others.
lightning = import_module(os.environ.get("LIGHTNING_PACKAGE", "pytorch_lightning"))
warnings.filterwarnings("ignore")
mlflow.set_experiment(sys.argv[1])
mlflow.pytorch.autolog()


class Network(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x):
        return self.layer(x)

    def training_step(self, batch, _number):
        loss = torch.nn.functional.mse_loss(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, _number):
        self.log("val_loss", torch.nn.functional.mse_loss(self(batch[0]), batch[1]))

    def test_step(self, batch, _number):
        self.log("test_loss", torch.nn.functional.mse_loss(self(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def trainer(**more):
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
    }
    return lightning.Trainer(**{"max_epochs": 3, "enable_checkpointing": False, **quiet, **more})


torch.manual_seed(7)
X = torch.randn(40, 4)
rows = DataLoader(TensorDataset(X, X.sum(dim=1, keepdim=True)), batch_size=10)

with mlflow.start_run(run_name="epochs"):
    torch.manual_seed(7)
    fitted = trainer()
    network = Network()
    fitted.fit(network, rows, rows)
    fitted.test(network, rows, verbose=False)

with mlflow.start_run(run_name="stopped early"):
    torch.manual_seed(7)
    stop = lightning.callbacks.EarlyStopping("val_loss", patience=1, min_delta=100.0)
    trainer(max_epochs=9, enable_checkpointing=True, callbacks=[stop]).fit(Network(), rows, rows)

mlflow.pytorch.autolog(log_every_n_step=2, checkpoint_save_best_only=False, log_models=False)
with mlflow.start_run(run_name="steps"):
    torch.manual_seed(7)
    trainer().fit(Network(), rows)

mlflow.pytorch.autolog(disable=True)
trainer(max_epochs=1).fit(Network(), rows)
