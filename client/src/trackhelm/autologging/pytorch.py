"""Autologging of PyTorch: trainings of Lightning, writers of TensorBoard, and loops of one's own by `watch`.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.pytorch.autolog()
    >>> trainer.fit(module, loader)
"""

import functools
from tempfile import TemporaryDirectory
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import imports, patching
from trackhelm.autologging.checkpoints import download_checkpoint
from trackhelm.autologging.integrations import Integration
from trackhelm.autologging.recording import Recorder

if TYPE_CHECKING:
    from typing_extensions import Self

    from trackhelm.autologging.patching import Original

INTEGRATION: Final = Integration("pytorch", pytorch_lightning="2.0", lightning="2.0")


def autolog(
    log_every_n_epoch: int = 1,
    log_every_n_step: int | None = None,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: dict[str, str] | None = None,
    checkpoint: bool = True,
    checkpoint_monitor: str = "val_loss",
    checkpoint_mode: str = "min",
    checkpoint_save_best_only: bool = True,
    checkpoint_save_weights_only: bool = False,
    checkpoint_save_freq: str | int = "epoch",
    log_model_signatures: bool = True,
) -> None:
    """Let PyTorch Lightning log its trainings, and TensorBoard's writers their scalars; see also `watch`.

    Args:
        log_every_n_epoch: Log metrics after so many epochs.
        log_every_n_step: Log metrics after so many steps, too.
        log_models: Log the trained model.
        log_datasets: Taken for scripts that pass it; data loaders are not described.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for Lightning 2.0 and later.
        silent: Log no warnings.
        registered_model_name: Register each model under this name.
        extra_tags: Tags of the runs that are started.
        checkpoint: Store checkpoints.
        checkpoint_monitor: The metric that says which checkpoint is best.
        checkpoint_mode: `min` or `max`.
        checkpoint_save_best_only: Store a checkpoint only if it is better than those before, and keep one.
        checkpoint_save_weights_only: Store the weights, and not the state of the training.
        checkpoint_save_freq: `epoch`, or a number of steps.
        log_model_signatures: Store the model's inputs and outputs.
    """
    INTEGRATION.configure({**locals()}, _apply)


def load_checkpoint(
    model_class: Any,
    run_id: str | None = None,
    epoch: int | None = None,
    global_step: int | None = None,
    kwargs: dict[str, Any] | None = None,
) -> Any:
    """Return a module of Lightning from a checkpoint that autologging stored.

    Args:
        model_class: The module's class.
        run_id: The run; the active one by default.
        epoch: The epoch, or
        global_step: the step of the checkpoint; the latest by default.
        kwargs: More arguments of the class.

    Raises:
        MlflowException: There is no such checkpoint.
    """
    with TemporaryDirectory(prefix="trackhelm-") as place:
        path = download_checkpoint(run_id, epoch, global_step, place)
        return model_class.load_from_checkpoint(path, **(kwargs or {}))


def _apply() -> None:
    for package in ("pytorch_lightning", "lightning.pytorch"):
        imports.on_import(package, _patch_lightning)
    imports.on_import("torch.utils.tensorboard.writer", _patch_tensorboard)


def _patch_lightning(package: ModuleType) -> None:
    if INTEGRATION.is_on:
        from trackhelm.autologging import lightning

        patching.patch(INTEGRATION, package.Trainer, "fit", functools.partial(lightning.fit, INTEGRATION))


def _patch_tensorboard(writer: ModuleType) -> None:
    if INTEGRATION.is_on:
        patching.patch(INTEGRATION, writer.FileWriter, "add_event", _add_event)
        patching.patch(INTEGRATION, writer.SummaryWriter, "add_hparams", _add_hparams)


def _run_id() -> str | None:
    from trackhelm.fluent.runs import active_run

    active = active_run()
    return None if active is None else active.info.run_id


def _add_event(original: "Original", writer: Any, event: Any, /, *args: Any, **kwargs: Any) -> None:
    """Stand for what writes the scalars of TensorBoard: log them as metrics of the active run."""
    original(writer, event, *args, **kwargs)
    every = INTEGRATION.option("log_every_n_step")
    run_id = _run_id()
    if not every or run_id is None or event.WhichOneof("what") != "summary":
        return
    step = (args[0] if args else kwargs.get("step")) or 0
    if step % every == 0:
        values = {one.tag: one.simple_value for one in event.summary.value if one.HasField("simple_value")}
        Recorder(INTEGRATION, run_id).metrics(values, step)


def _add_hparams(
    original: "Original", writer: Any, hparam_dict: Any, metric_dict: Any, /, *args: Any, **kwargs: Any
) -> None:
    """Stand for what writes hyperparameters and final metrics for TensorBoard."""
    run_id = _run_id()
    if run_id is not None and hparam_dict:
        recorder = Recorder(INTEGRATION, run_id)
        recorder.params(hparam_dict)
        recorder.metrics(metric_dict)
    original(writer, hparam_dict, metric_dict, *args, **kwargs)


class Watch:
    """Logs the steps of a training loop; see `watch`."""

    def __init__(
        self, recorder: Recorder, model: Any, optimizer: Any, every: int, *, gradients: bool, log_model: bool
    ) -> None:
        self.step = 0
        """The steps that the optimizer has taken."""
        self._recorder = recorder
        self._model = model
        self._optimizer = optimizer
        self._every = every
        self._gradients = gradients
        self._log_model = log_model
        self._loss: Any = None
        self._example: Any = None
        careful = functools.partial(patching.quiet, recorder.integration)
        self._handles: list[Any] = [
            model.register_forward_hook(careful(self._after_forward)),
            optimizer.register_step_post_hook(careful(self._after_step)),
        ]
        self._backward = _patched_backward(careful(self._before_backward))

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None and self._log_model:
            patching.quiet(self._recorder.integration, self._store_model)()

    def stop(self) -> None:
        """Log no further steps."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._backward.remove()

    @property
    def _is_due(self) -> bool:
        return self.step % self._every == 0

    def _after_forward(self, _module: Any, inputs: tuple[Any, ...], outputs: Any) -> None:
        if self._example is None and len(inputs) == 1:
            self._example = inputs[0].detach().cpu().numpy(), outputs.detach().cpu().numpy()

    def _before_backward(self, loss: Any) -> None:
        # Only where it is logged: reading a number of a GPU waits for all that it has to do.
        if self._handles and self._is_due and loss.numel() == 1:
            self._loss = loss.detach()

    def _after_step(self, _optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._is_due:
            groups = self._optimizer.param_groups
            metrics = {
                "lr" if len(groups) == 1 else f"lr-{number}": float(group["lr"])
                for number, group in enumerate(groups)
                if "lr" in group
            }
            if self._loss is not None:
                metrics["loss"] = float(self._loss)
            if self._gradients:
                metrics["gradient_norm"] = self._gradient_norm()
            self._recorder.metrics(metrics, self.step)
        self._loss = None
        self.step += 1

    def _gradient_norm(self) -> float:
        import torch

        norms = [one.grad.norm() for one in self._model.parameters() if one.grad is not None]
        return float(torch.stack(norms).norm()) if norms else 0.0

    def _store_model(self) -> None:
        from trackhelm.models import infer_signature

        signature = None if self._example is None else infer_signature(*self._example)
        self._recorder.model("pytorch", self._model, signature=signature, serialization_format="pickle")


class _Backward:
    """The hook that each `backward` of a tensor calls, for all watched loops of the process."""

    watchers: Final[list[Any]] = []
    integration: Final = Integration("pytorch watch")

    def __init__(self, watcher: Any) -> None:
        self._watcher = watcher
        self.watchers.append(watcher)

    def remove(self) -> None:
        if self._watcher in self.watchers:
            self.watchers.remove(self._watcher)
        if not self.watchers:
            self.integration.configure({"disable": True}, lambda: None)


def _patched_backward(watcher: Any) -> _Backward:
    import torch

    handle = _Backward(watcher)
    if not _Backward.integration.is_on:
        _Backward.integration.configure(
            {}, lambda: patching.patch(_Backward.integration, torch.Tensor, "backward", _tell_of_backward)
        )
    return handle


def _tell_of_backward(original: "Original", loss: Any, /, *args: Any, **kwargs: Any) -> None:
    for watcher in list(_Backward.watchers):
        watcher(loss)
    original(loss, *args, **kwargs)


def watch(
    model: Any,
    optimizer: Any,
    *,
    log_every_n_step: int = 10,
    log_gradients: bool = False,
    log_model: bool = True,
) -> Watch:
    """Log a training loop that is written by hand: params now, metrics as the optimizer steps.

    Params are the optimizer's name and defaults, the model's class and its number of parameters. Metrics
    are `loss`, of the tensor whose `backward` was called, `lr`, and `gradient_norm` if that is wanted. The
    step is the number of the optimizer's steps before.

    Used as a context manager, it logs the model at the end of the block, with the signature of the first
    batch. It logs to the active run, which is started if there is none.

    Args:
        model: The `torch.nn.Module`.
        optimizer: The `torch.optim.Optimizer`.
        log_every_n_step: Log metrics after so many steps. Each time waits for the GPU.
        log_gradients: Log the norm of all gradients, too.
        log_model: Log the model at the end of the block.

    Example:
        >>> import trackhelm as mlflow
        >>> with mlflow.start_run(), mlflow.pytorch.watch(model, optimizer):
        ...     for x, y in loader:
        ...         optimizer.zero_grad()
        ...         loss_function(model(x), y).backward()
        ...         optimizer.step()
    """
    from trackhelm.fluent.logging import current_run

    recorder = Recorder(INTEGRATION, current_run().info.run_id)
    recorder.params(
        {
            "model_class": type(model).__name__,
            "model_parameters": sum(one.numel() for one in model.parameters()),
            "optimizer_name": type(optimizer).__name__,
            **getattr(optimizer, "defaults", {}),
        }
    )
    recorder.text(str(model), "model_summary.txt")
    return Watch(
        recorder,
        model,
        optimizer,
        max(1, log_every_n_step),
        gradients=log_gradients,
        log_model=log_model,
    )
