"""What `client/tests/e2e/test_autolog_safety.py` asks of scikit-learn, of the other frameworks.

Each trains without autologging, and then while the server is away, fails, or the logging itself fails: the
training does the same, and raises nothing. Our own client is tested.
"""

import logging
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trackhelm

from client.tests.e2e.failing_proxy import FailingProxy
from tests.e2e.server import ServerProcess
from tests.frameworks.cases import FEATURES, LABELS, keras_network

LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Training:
    """A small training of a framework."""

    flavour: str
    train: Callable[[Callable[[], None] | None], Any]
    """Trains, calls what it is given in the middle of it, and returns what the model predicts."""
    metric: str
    """A metric that is logged for each round."""


def xgboost_training(meanwhile: Callable[[], None] | None) -> Any:
    import xgboost

    class Callback(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if epoch == 1 and meanwhile is not None:
                meanwhile()
            return False

    data = xgboost.DMatrix(FEATURES, LABELS)
    booster = xgboost.train(
        {"max_depth": 2, "nthread": 1},
        data,
        4,
        evals=[(data, "train")],
        callbacks=[Callback()],
        verbose_eval=False,
    )
    return pickle.loads(pickle.dumps(booster)).predict(data)


def lightgbm_training(meanwhile: Callable[[], None] | None) -> Any:
    import lightgbm

    def callback(env: Any) -> None:
        if env.iteration == 1 and meanwhile is not None:
            meanwhile()

    data = lightgbm.Dataset(FEATURES, LABELS)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1},
        data,
        4,
        valid_sets=[data],
        valid_names=["train"],
        callbacks=[callback],
    )
    return pickle.loads(pickle.dumps(booster)).predict(FEATURES)


def keras_training(meanwhile: Callable[[], None] | None) -> Any:
    import keras

    class Callback(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1 and meanwhile is not None:
                meanwhile()

    model = keras_network()
    model.fit(FEATURES, LABELS, epochs=4, shuffle=False, verbose=0, callbacks=[Callback()])
    return model.predict(FEATURES, verbose=0)


def lightning_training(meanwhile: Callable[[], None] | None) -> Any:
    import pytorch_lightning as lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Network(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

        def training_step(self, batch: Any, _number: int) -> torch.Tensor:
            loss = torch.nn.functional.mse_loss(self(batch[0]).squeeze(1), batch[1])
            self.log("loss", loss, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    class Callback(lightning.Callback):
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            if pl_module.current_epoch == 1 and meanwhile is not None:
                meanwhile()

    torch.manual_seed(7)
    network = Network()
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Callback()],
    )
    rows = TensorDataset(torch.from_numpy(FEATURES), torch.from_numpy(LABELS).float())
    trainer.fit(network, DataLoader(rows, batch_size=20))
    with torch.no_grad():
        return network(torch.from_numpy(FEATURES)).numpy()


TRAININGS = {
    "xgboost": Training("xgboost", xgboost_training, "train-rmse"),
    "lightgbm": Training("lightgbm", lightgbm_training, "train-binary_logloss"),
    "keras": Training("keras", keras_training, "loss"),
    "tensorflow": Training("tensorflow", keras_training, "loss"),
    "lightning": Training("pytorch", lightning_training, "loss"),
}


@pytest.fixture(params=TRAININGS)
def training(request: pytest.FixtureRequest) -> Training:
    return TRAININGS[request.param]


@pytest.fixture
def expected(training: Training) -> Any:
    return training.train(None)


@pytest.fixture
def proxy(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingProxy]:
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("TRACKHELM_LOG_ENVIRONMENT", "false")
    monkeypatch.chdir(tmp_path)
    with FailingProxy(server.url) as made:
        trackhelm.set_tracking_uri(made.url)
        trackhelm.set_experiment(f"safety-{time.time_ns()}")
        yield made
        while trackhelm.active_run() is not None:
            trackhelm.end_run()
        trackhelm.set_tracking_uri("")


@pytest.fixture
def autolog(training: Training) -> Iterator[None]:
    from importlib import import_module

    flavour = import_module(f"trackhelm.{training.flavour}")
    flavour.autolog()
    yield
    flavour.autolog(disable=True)


@pytest.mark.usefixtures("autolog")
@pytest.mark.parametrize("fault", ["none", "away", "500"])
def test_a_server_that_fails_stops_no_training(
    training: Training,
    fault: str,
    expected: Any,
    proxy: FailingProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_it() -> None:
        if fault == "away":
            proxy.stop()
        proxy.fails = fault == "500"

    began = time.monotonic()
    with trackhelm.start_run() as run:
        np.testing.assert_allclose(training.train(break_it), expected, rtol=1e-4)
    assert time.monotonic() - began < LONGEST_SECONDS
    proxy.fails = False
    if fault == "away":
        proxy.start()
    monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "120")
    found = trackhelm.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    history = trackhelm.MlflowClient().get_metric_history(run.info.run_id, training.metric)
    assert [point.step for point in history] == [0, 1, 2, 3]
    if fault == "none":
        assert found.outputs is not None
        (model,) = found.outputs.model_outputs
        assert str(trackhelm.get_logged_model(model.model_id).status) == "READY"


@pytest.mark.parametrize(
    "broken",
    [
        "trackhelm.destinations.CheckedLog.metrics",
        "trackhelm.destinations.CheckedLog.params",
        "trackhelm.autologging.recording.Recorder.params",
        "trackhelm.autologging.recording.Recorder.metrics",
        "trackhelm.autologging.recording.Recorder.begin_model",
        "trackhelm.autologging.recording.Recorder.model",
        "trackhelm.autologging.sessions.run_of_training",
        "trackhelm.client.MlflowClient.log_text",
        "trackhelm.client.MlflowClient.log_inputs",
    ],
)
@pytest.mark.usefixtures("proxy", "autolog")
def test_a_failure_of_the_logging_is_a_warning(
    training: Training,
    broken: str,
    expected: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("of the test")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "trackhelm"):
        patched.setattr(broken, fails)
        np.testing.assert_allclose(training.train(None), expected, rtol=1e-4)
    if broken.endswith("log_text") and training.flavour in {"xgboost", "lightgbm"}:
        return  # they store no text
    if broken.endswith("log_inputs") and training.flavour == "pytorch":
        return  # its loaders are not described
    assert "of the test" in caplog.text


@pytest.mark.parametrize("error", [ValueError("of the user"), KeyboardInterrupt()])
def test_what_a_training_raises_is_the_users(
    training: Training, error: BaseException, proxy: FailingProxy, autolog: None
) -> None:
    def fails() -> None:
        raise error

    if training.flavour == "pytorch" and isinstance(error, KeyboardInterrupt):
        # Lightning makes an exit of it.
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            training.train(fails)
    else:
        with pytest.raises(type(error)) as raised:
            training.train(fails)
        assert raised.value is error
    assert trackhelm.active_run() is None
    (run,) = trackhelm.search_runs(output_format="list")
    assert run.info.status == "FAILED"
    # The model that was begun has failed, too.
    (model,) = trackhelm.search_logged_models([run.info.experiment_id], output_format="list")
    assert str(model.status) == "FAILED"


def test_threads_that_train_at_once_log_runs_of_their_own(proxy: FailingProxy) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    trackhelm.xgboost.autolog(log_models=False)
    both = Barrier(2, timeout=120)
    try:
        with ThreadPoolExecutor(2) as threads:
            for one in [threads.submit(xgboost_training, both.wait) for _ in range(2)]:
                one.result()
    finally:
        trackhelm.xgboost.autolog(disable=True)
    runs = trackhelm.search_runs(output_format="list")
    assert [run.info.status for run in runs] == ["FINISHED"] * 2
    assert all("train-rmse" in run.data.metrics for run in runs)


def test_a_callback_is_pickled_as_strategies_that_spawn_do(proxy: FailingProxy) -> None:
    from trackhelm.autologging import lightning as ours
    from trackhelm.autologging.checkpoints import Checkpoints
    from trackhelm.autologging.pytorch import INTEGRATION
    from trackhelm.autologging.recording import Recorder

    recorder = Recorder(INTEGRATION, "a" * 32)
    callback = ours.PytorchLightningCallback(recorder, Checkpoints(recorder, ".pth"), "example.pt")
    loaded = pickle.loads(pickle.dumps(callback))
    assert type(loaded) is type(callback)
    assert loaded.recorder.integration is INTEGRATION
    assert loaded.recorder.run_id == "a" * 32


def test_a_loop_is_watched(proxy: FailingProxy) -> None:
    import torch

    torch.manual_seed(7)
    inputs, wanted = torch.from_numpy(FEATURES), torch.from_numpy(LABELS).float().reshape(-1, 1)
    plain = torch.Tensor.backward

    def loop(model: Any, optimizer: Any, meanwhile: Callable[[], None]) -> None:
        for number in range(12):
            if number == 6:
                meanwhile()
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(inputs), wanted).backward()
            optimizer.step()

    def made() -> tuple[Any, Any]:
        torch.manual_seed(7)
        model = torch.nn.Linear(4, 1)
        return model, torch.optim.SGD(model.parameters(), lr=0.1)

    unwatched, optimizer = made()
    loop(unwatched, optimizer, lambda: None)
    model, optimizer = made()
    with (
        trackhelm.start_run() as run,
        trackhelm.pytorch.watch(model, optimizer, log_every_n_step=4, log_gradients=True),
    ):
        loop(model, optimizer, lambda: None)
    torch.testing.assert_close(model.weight, unwatched.weight)
    assert torch.Tensor.backward is plain
    found = trackhelm.get_run(run.info.run_id)
    assert found.data.params["optimizer_name"] == "SGD"
    assert (found.data.params["lr"], found.data.params["model_parameters"]) == ("0.1", "5")
    client = trackhelm.MlflowClient()
    for name in ("loss", "lr", "gradient_norm"):
        history = client.get_metric_history(run.info.run_id, name)
        assert [point.step for point in history] == [0, 4, 8]
    losses = [point.value for point in client.get_metric_history(run.info.run_id, "loss")]
    assert losses == sorted(losses, reverse=True)
    assert found.outputs is not None
    (logged,) = found.outputs.model_outputs
    loaded = trackhelm.pytorch.load_model(f"models:/{logged.model_id}")
    torch.testing.assert_close(loaded(inputs), model(inputs))

    # What the loop raises is the user's, and the loop is watched no longer.
    model, optimizer = made()
    with pytest.raises(ZeroDivisionError), trackhelm.start_run(), trackhelm.pytorch.watch(model, optimizer):
        loop(model, optimizer, lambda: 1 // 0)
    assert torch.Tensor.backward is plain
