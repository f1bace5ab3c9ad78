"""What the integrations of Keras 3 and of TensorFlow's Keras share: a `fit`, its data and its metrics."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import sessions
from trackhelm.autologging.checkpoints import Checkpoints
from trackhelm.autologging.patching import quiet_hooks
from trackhelm.autologging.recording import Recorder
from trackhelm.autologging.training_data import argument, call_params, dataset_of, with_argument

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original
    from trackhelm.data import Dataset

_NO_PARAMS: Final = ("x", "y", "callbacks", "validation_data", "verbose")

Around = Callable[..., None]
"""`around(recorder, train, model, args, kwargs)` logs around `train(args, kwargs)`."""


def fit(
    integration: "Integration", around: Around, original: "Original", model: Any, /, *args: Any, **kwargs: Any
) -> None:
    """Stand for `Model.fit` of Keras."""
    with sessions.training(model) as session:
        if not session.may_log:
            original(model, *args, **kwargs)
            return
        with sessions.run_of_training(integration, original) as run_id:
            recorder = Recorder(integration, run_id)
            batch, args, kwargs = _batch_size(integration, original, model, args, kwargs)
            params = call_params(original, args, kwargs, _NO_PARAMS)
            recorder.params(params if batch is None else {**params, "batch_size": batch})

            def train(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
                try:
                    return original(model, *args, **kwargs)
                except BaseException:
                    recorder.fail_model()
                    raise

            around(recorder, train, original, model, args, kwargs)


def with_callbacks(
    original: "Original", args: tuple[Any, ...], kwargs: Mapping[str, Any], *more: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a `fit` with more callbacks; the caller's list is left as it is."""
    given = argument(original, args, kwargs, "callbacks")
    # Keras takes a single callback and a whole CallbackList, too.
    if given is None:
        given = []
    elif not isinstance(given, list | tuple):
        given = getattr(given, "callbacks", [given])
    return with_argument(original, args, kwargs, "callbacks", [*given, *more])


def _batch_size(
    integration: "Integration",
    original: "Original",
    model: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> tuple[int | None, tuple[Any, ...], dict[str, Any]]:
    """Return the batch size of the data, and the arguments with a generator that begins anew."""
    data = argument(original, args, kwargs, "x")
    try:
        for name in ("batch_size", "_batch_size"):
            found = getattr(data, name, None)
            if found is not None:
                return int(found.numpy() if hasattr(found, "numpy") else found), args, dict(kwargs)
        if isinstance(data, Iterator):
            first = next(data)

            def again() -> Iterator[Any]:
                yield first
                yield from data

            inputs = first[0]
            rows = len(inputs) if isinstance(model.input_shape, tuple) else len(inputs[0])
            args, kwargs = with_argument(original, args, kwargs, "x", again())
            return rows, args, dict(kwargs)
        if hasattr(data, "__getitem__") and hasattr(data, "__len__") and hasattr(data, "on_epoch_end"):
            inputs, *_ = data[0]
            rows = len(inputs) if isinstance(model.input_shape, tuple) else len(inputs[0])
            return rows, args, dict(kwargs)
    except Exception as error:  # noqa: BLE001 - the training goes on without
        integration.warn("the batch size of the data is not known", error)
    return None, args, dict(kwargs)


def note_data(
    recorder: Recorder, original: "Original", args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> bool:
    """Note what a `fit` reads, with the logged model that is trained; return whether anything was."""
    if not recorder.integration.option("log_datasets"):
        return False
    data = argument(original, args, kwargs, "x")
    targets = argument(original, args, kwargs, "y")
    found = [_dataset(recorder.integration, data, targets)]
    recorder.input(found[0], "train", names_model=True)
    valid = argument(original, args, kwargs, "validation_data")
    if valid is not None:
        features, wanted, *_ = (*valid, None) if isinstance(valid, tuple) else (valid, None)
        found.append(_dataset(recorder.integration, features, wanted))
        recorder.input(found[1], "eval", names_model=True)
    return any(dataset is not None for dataset in found)


def _dataset(integration: "Integration", features: Any, targets: Any) -> "Dataset | None":
    if type(features).__module__.startswith("tensorflow"):
        return _of_tensorflow(integration, features, targets)
    return dataset_of(integration, features, targets)


def _of_tensorflow(integration: "Integration", features: Any, targets: Any) -> "Dataset | None":
    """Return a tensor or `tf.data.Dataset` as a dataset. Rows of the latter are not read."""
    import hashlib
    import json

    from trackhelm.context import context_tags
    from trackhelm.data import Dataset

    try:
        profile: dict[str, int] = {}
        schema: dict[str, str | None] | None = {}
        seen = hashlib.sha256()
        for part, data in (("features", features), ("targets", targets)):
            specs: dict[str, Any] = {}
            if hasattr(data, "element_spec"):
                profile[f"{part}_cardinality"] = int(data.cardinality())
                specs = _named(data.element_spec)
                if any(type(spec).__name__ != "TensorSpec" for spec in specs.values()):
                    schema = None  # as MLflow: tensors that are nested or ragged have none
                    seen.update(str(specs).encode())
            elif data is not None:
                array = data.numpy()
                profile[f"{part}_cardinality"] = int(array.size)
                specs = {"": data}
                seen.update(array.tobytes())
            if schema is not None:
                schema[part] = json.dumps([_described(*one) for one in specs.items()]) if specs else None
        seen.update(json.dumps([schema, profile]).encode())
    except Exception as error:  # noqa: BLE001 - the training goes on without
        integration.warn("a dataset could not be described", error)
        return None
    return Dataset(
        "dataset",
        seen.hexdigest()[:32],
        "code",
        {"tags": context_tags()},
        None if schema is None else {"mlflow_tensorspec": schema},
        profile,
        features,
    )


def _named(spec: Any) -> dict[str, Any]:
    if isinstance(spec, dict):
        return spec
    if isinstance(spec, tuple):
        return {str(number): one for number, one in enumerate(spec)}
    return {"": spec}


def _described(name: str, spec: Any) -> dict[str, Any]:
    """Return a tensor as a schema has it; the size of its first dimension, the rows, is left open."""
    shape = [-1, *(-1 if size is None else int(size) for size in list(spec.shape)[1:])]
    told = {"type": "tensor", "tensor-spec": {"dtype": spec.dtype.name, "shape": shape}}
    return {"name": name, **told} if name else told


@quiet_hooks
class _Hooks:
    """Logs params of the optimizer, metrics of epochs or steps, and checkpoints."""

    model: Any

    def __init__(self, recorder: Recorder, prefix: str, checkpoints: Checkpoints | None = None) -> None:
        super().__init__()
        self.recorder = recorder
        self._prefix = prefix
        self._checkpoints = checkpoints
        self._by_epoch: bool = recorder.integration.option("log_every_epoch")
        self._steps: int | None = recorder.integration.option("log_every_n_steps")
        self._epoch = 0
        self._step = 0
        self._last_batch = 0
        self._saved_step = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Log what is known before the first step."""
        config = self.model.optimizer.get_config()
        self.recorder.params({f"{self._prefix}{name}": value for name, value in config.items()})
        lines: list[str] = []
        self.model.summary(print_fn=lambda line, *_args, **_kwargs: lines.append(line))
        self.recorder.text("\n".join(lines), "model_summary.txt")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log the epoch's metrics."""
        if self._by_epoch and logs:
            self.recorder.metrics(logs, epoch)
        if self._checkpoints is not None and self._checkpoints.frequency == "epoch":
            self._save(self._checkpoints, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Log the metrics of a step that is due. It is called once for several steps if so compiled."""
        if self._steps and not self._by_epoch and logs:
            iteration = int(self.model.optimizer.iterations)
            if iteration % self._steps == 0:
                self.recorder.metrics(logs, iteration)
        self._step += batch + 1 if batch <= self._last_batch else batch - self._last_batch
        self._last_batch = batch
        checkpoints = self._checkpoints
        if (
            checkpoints is not None
            and isinstance(checkpoints.frequency, int)
            and self._step - self._saved_step >= checkpoints.frequency
        ):
            self._save(checkpoints, logs)
            self._saved_step = self._step

    def on_test_end(self, logs: Any = None) -> None:
        """Log the metrics of a validation."""
        if logs:
            self.recorder.metrics({f"validation_{name}": value for name, value in logs.items()})

    def _save(self, checkpoints: Checkpoints, logs: Any) -> None:
        save = self.model.save_weights if checkpoints.weights_only else self.model.save
        checkpoints.offer(logs or {}, self._epoch, self._step, functools.partial(save, overwrite=True))


@functools.cache
def callback_class(base: type) -> Any:
    """Return the class of the callback that logs a training, derived from that of a framework."""
    return type("TrackhelmCallback", (_Hooks, base), {})


def check_frequency(*, by_epoch: bool, steps: int | None) -> None:
    """Raise ValueError if metrics are wanted both by epoch and by step, or by neither."""
    if by_epoch and steps is not None:
        raise ValueError(
            "`log_every_n_steps` must be None if `log_every_epoch=True`, received "
            f"`log_every_epoch={by_epoch}` and `log_every_n_steps={steps}`."
        )
    if not by_epoch and steps is None:
        raise ValueError(
            "`log_every_n_steps` must be specified if `log_every_epoch=False`, received "
            "`log_every_epoch=False` and `log_every_n_steps=None`."
        )
