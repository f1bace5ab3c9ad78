"""What a training of PyTorch Lightning logs, of either of its packages: `pytorch_lightning` and `lightning`.

The callback may be pickled, since strategies that spawn processes do that: its class is found by its name in
this module. The process of rank 0 logs.
"""

import functools
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import sessions
from trackhelm.autologging.checkpoints import Checkpoints
from trackhelm.autologging.patching import quiet_hooks
from trackhelm.autologging.recording import Recorder

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original

_EXAMPLE: Final = "first_batch.pt"
_CLASSES: Final = {"PytorchLightningCallback": "pytorch_lightning", "LightningCallback": "lightning.pytorch"}
_EARLY_STOP_PARAMS: Final = ("monitor", "mode", "patience", "min_delta", "stopped_epoch")


def __getattr__(name: str) -> Any:
    """Return a class of callbacks, which is made when it is first asked for, also by pickle."""
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _callback_class(name)


def fit(integration: "Integration", original: "Original", trainer: Any, /, *args: Any, **kwargs: Any) -> None:
    """Stand for `Trainer.fit`."""
    with sessions.training(trainer) as session:
        if not session.may_log:
            original(trainer, *args, **kwargs)
            return
        with (
            sessions.run_of_training(integration, original) as run_id,
            TemporaryDirectory(prefix="trackhelm-") as place,
        ):
            _fit(Recorder(integration, run_id), Path(place), original, trainer, args, kwargs)


def _fit(
    recorder: Recorder,
    place: Path,
    original: "Original",
    trainer: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> None:
    integration = recorder.integration
    package = _package_of(trainer)
    early = next((one for one in trainer.callbacks if _is_early_stopping(one)), None)
    if early is not None:
        recorder.params({name: getattr(early, name) for name in _EARLY_STOP_PARAMS if hasattr(early, name)})
    recorder.begin_model()
    checkpoints = Checkpoints(recorder, ".pth") if integration.option("checkpoint") else None
    name = next(name for name, known in _CLASSES.items() if known == package)
    kind = _callback_class(name)
    # That of an earlier fit of this trainer would log to an earlier run.
    trainer.callbacks = [one for one in trainer.callbacks if not isinstance(one, kind)]
    trainer.callbacks.append(kind(recorder, checkpoints, str(place / _EXAMPLE)))
    try:
        original(trainer, *args, **kwargs)
    except BaseException:
        recorder.fail_model()
        raise
    finally:
        if checkpoints is not None:
            checkpoints.finish()
    if early is not None:
        _log_early_stop(recorder, early)
    summary = import_module(f"{package}.utilities.model_summary").ModelSummary(trainer.model, max_depth=-1)
    recorder.text(str(summary), "model_summary.txt")
    if recorder.model_id is not None:
        recorder.model(
            "pytorch", trainer.model, signature=_signature(integration, place), serialization_format="pickle"
        )
    best = getattr(trainer.checkpoint_callback, "best_model_path", None)
    if early is not None and best and integration.option("log_models"):
        recorder.file(best, "restored_model_checkpoint")


def _package_of(trainer: Any) -> str:
    for kind in type(trainer).__mro__:
        for package in _CLASSES.values():
            if kind.__module__.startswith(f"{package}."):
                return package
    raise TypeError(f"{type(trainer).__name__} is no trainer of Lightning")


def _is_early_stopping(callback: Any) -> bool:
    return any(kind.__name__ == "EarlyStopping" for kind in type(callback).__mro__)


def _log_early_stop(recorder: Recorder, early: Any) -> None:
    if early.stopped_epoch == 0:
        return
    metrics = {
        "stopped_epoch": early.stopped_epoch,
        "restored_epoch": early.stopped_epoch - max(1, early.patience),
    }
    if hasattr(early, "best_score"):
        metrics["best_score"] = float(early.best_score)
    if hasattr(early, "wait_count"):
        metrics["wait_count"] = early.wait_count
    recorder.metrics(metrics)


def _signature(integration: "Integration", place: Path) -> Any:
    """Return the signature of the first batch that the module was called with; None if there is none."""
    if not (place / _EXAMPLE).exists():
        return None
    import torch

    from trackhelm.models import infer_signature

    try:
        inputs, outputs = torch.load(place / _EXAMPLE)
        return infer_signature(inputs.cpu().numpy(), outputs.detach().cpu().numpy())
    except Exception as error:  # noqa: BLE001 - the model is logged without
        integration.warn("the signature could not be inferred", error)
        return None


@quiet_hooks
class _Hooks:
    """Logs params, metrics and checkpoints of a training."""

    def __init__(self, recorder: Recorder, checkpoints: Checkpoints | None, example: str) -> None:
        super().__init__()
        self.recorder = recorder
        self._checkpoints = checkpoints
        self._example = example
        self._hook: Any = None
        # A metric is logged for each step or for each epoch, and not for both.
        self._of_steps: set[str] = set()
        self._of_epochs: set[str] = set()
        self._steps_a_batch = 1
        self._every_step: int | None = recorder.integration.option("log_every_n_step")
        self._saves_steps = checkpoints is not None and isinstance(checkpoints.frequency, int)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Log what is known before the first step."""
        if not trainer.is_global_zero:
            return
        self.recorder.tags({"Mode": "training"})
        params = {"epochs": trainer.max_epochs}
        if trainer.optimizers:
            self._steps_a_batch = len(trainer.optimizers)
            optimizer = getattr(trainer.optimizers[0], "_optimizer", trainer.optimizers[0])
            params["optimizer_name"] = type(optimizer).__name__
            params |= getattr(optimizer, "defaults", {})
        self.recorder.params(params)
        option = self.recorder.integration.option
        if option("log_models") and option("log_model_signatures"):
            self._hook = pl_module.register_forward_hook(self.keep_example)

    def keep_example(self, _module: Any, inputs: tuple[Any, ...], outputs: Any) -> None:
        """Write the first batch to a file, which the process that logs the model reads."""
        import torch

        hook, self._hook = self._hook, None
        if hook is not None:
            hook.remove()
        if len(inputs) == 1 and isinstance(inputs[0], torch.Tensor) and isinstance(outputs, torch.Tensor):
            torch.save((inputs[0].detach(), outputs.detach()), self._example)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_args: Any) -> None:
        """Log the metrics of a step that is due."""
        # First, since it is asked after each batch, and Lightning looks up the other conditions slowly.
        if not (self._every_step or self._saves_steps) or not trainer.is_global_zero:
            return
        step = trainer.global_step
        if self._every_step:
            metrics = {
                name: value
                for name, value in trainer.callback_metrics.items()
                if name not in self._of_epochs and f"{name}_step" not in trainer.callback_metrics
            }
            self._of_steps.update(metrics)
            if (step // self._steps_a_batch + 1) % self._every_step == 0:
                self._log(trainer, metrics, step)
        checkpoints = self._checkpoints
        if checkpoints is not None and self._saves_steps and step > 0 and step % checkpoints.frequency == 0:
            self._save(trainer, checkpoints)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any, *_args: Any) -> None:
        """Log the epoch's metrics."""
        if not trainer.is_global_zero:
            return
        metrics = {
            name: value for name, value in trainer.callback_metrics.items() if name not in self._of_steps
        }
        self._of_epochs.update(metrics)
        every = self.recorder.integration.option("log_every_n_epoch")
        if (pl_module.current_epoch + 1) % every == 0:
            self._log(trainer, metrics, pl_module.current_epoch)
        if self._checkpoints is not None and self._checkpoints.frequency == "epoch":
            self._save(trainer, self._checkpoints)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Wait until all checkpoints are sent: a process that was spawned may end at once."""
        if self._checkpoints is not None:
            self._checkpoints.finish()
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Log the metrics of a test."""
        if trainer.is_global_zero:
            self.recorder.tags({"Mode": "testing"})
            self._log(trainer, trainer.callback_metrics, 0)

    def _log(self, trainer: Any, metrics: Mapping[str, Any], step: int) -> None:
        # Some validation is tried before the training, with few batches.
        if not trainer.sanity_checking:
            self.recorder.metrics({name: float(value) for name, value in metrics.items()}, step)

    @staticmethod
    def _save(trainer: Any, checkpoints: Checkpoints) -> None:
        def save(path: str) -> None:
            # Not by `trainer.save_checkpoint`, which waits for the other ranks: they are not here.
            connector = trainer._checkpoint_connector  # noqa: SLF001 - it has no public name
            trainer.strategy.save_checkpoint(connector.dump_checkpoint(checkpoints.weights_only), path)

        checkpoints.offer(trainer.callback_metrics, trainer.current_epoch, trainer.global_step, save)


@functools.cache
def _callback_class(name: str) -> Any:
    base: Any = import_module(f"{_CLASSES[name]}.callbacks").Callback
    return type(name, (_Hooks, base), {"__module__": __name__})
