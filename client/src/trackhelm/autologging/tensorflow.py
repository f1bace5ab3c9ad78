"""Autologging of TensorFlow's Keras, of version 2 or 3.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.tensorflow.autolog()
    >>> model.fit(x, y, validation_data=(x_valid, y_valid), epochs=3)
"""

import functools
import os
import shutil
from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import imports, keras_training, patching
from trackhelm.autologging.checkpoints import Checkpoints, download_checkpoint
from trackhelm.autologging.integrations import Integration
from trackhelm.autologging.training_data import Example, argument, first_rows
from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from types import ModuleType

    from trackhelm.autologging.patching import Original
    from trackhelm.autologging.recording import Recorder

INTEGRATION: Final = Integration("tensorflow", tensorflow="2.12", tensorflow_cpu="2.12")


def autolog(
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    saved_model_kwargs: dict[str, Any] | None = None,
    keras_model_kwargs: dict[str, Any] | None = None,
    extra_tags: dict[str, str] | None = None,
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    checkpoint: bool = True,
    checkpoint_monitor: str = "val_loss",
    checkpoint_mode: str = "min",
    checkpoint_save_best_only: bool = True,
    checkpoint_save_weights_only: bool = False,
    checkpoint_save_freq: str | int = "epoch",
) -> None:
    """Let TensorFlow's Keras log its trainings.

    Args:
        log_models: Log the trained model.
        log_datasets: Note the data as inputs of the run.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for TensorFlow 2.12 and later.
        silent: Log no warnings.
        registered_model_name: Register each model under this name.
        log_input_examples: Store the first rows of the training data with the model.
        log_model_signatures: Store the model's inputs and outputs.
        saved_model_kwargs: More arguments of what saves a model of TensorFlow.
        keras_model_kwargs: More arguments of what saves a model of Keras.
        extra_tags: Tags of the runs that are started.
        log_every_epoch: Log metrics after each epoch.
        log_every_n_steps: Log metrics after so many steps instead; `log_every_epoch` must then be False.
        checkpoint: Store checkpoints.
        checkpoint_monitor: The metric that says which checkpoint is best.
        checkpoint_mode: `min` or `max`.
        checkpoint_save_best_only: Store a checkpoint only if it is better than those before, and keep one.
        checkpoint_save_weights_only: Store the weights, and not the whole model.
        checkpoint_save_freq: `epoch`, or a number of steps.

    Raises:
        ModuleNotFoundError: TensorFlow is not installed.
        ValueError: Metrics are wanted both by epoch and by step, or by neither.
    """
    options = {**locals()}
    if not disable:
        keras_training.check_frequency(by_epoch=log_every_epoch, steps=log_every_n_steps)
    INTEGRATION.configure(options, _apply)


def load_checkpoint(
    model: Any = None, run_id: str | None = None, epoch: int | None = None, global_step: int | None = None
) -> Any:
    """Return a model of Keras from a checkpoint that autologging stored.

    Args:
        model: The model into which weights are loaded, if only these were stored.
        run_id: The run; the active one by default.
        epoch: The epoch, or
        global_step: the step of the checkpoint; the latest by default.

    Raises:
        MlflowException: There is no such checkpoint, or it has weights alone and no model is given.
    """
    import tensorflow as tf

    with TemporaryDirectory(prefix="trackhelm-") as place:
        path = download_checkpoint(run_id, epoch, global_step, place)
        if not path.rpartition(".")[0].endswith(".weights"):
            return tf.keras.models.load_model(path)
        if model is None:
            raise MlflowException(
                "The latest checkpoint is weights-only, 'model' argument must be provided",
                error_code="INVALID_PARAMETER_VALUE",
            )
        model.load_weights(path)
        return model


def _apply() -> None:
    import tensorflow as tf  # noqa: F401 - so that it is missed now, and not at a `fit` that logs nothing

    # What `tf.keras` is. It is imported when the program uses it, which takes seconds.
    is_old = os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in {"1", "true"}
    imports.on_import("tf_keras" if is_old else "keras", _patch_keras)


def _patch_keras(keras: "ModuleType") -> None:
    if INTEGRATION.is_on:
        behaviour = functools.partial(keras_training.fit, INTEGRATION, _around)
        patching.patch(INTEGRATION, keras.Model, "fit", behaviour)


def _around(
    recorder: "Recorder",
    train: Callable[[tuple[Any, ...], Mapping[str, Any]], Any],
    original: "Original",
    model: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> None:
    import tensorflow as tf

    example = Example(lambda: _rows(argument(original, args, kwargs, "x")))
    given = argument(original, args, kwargs, "callbacks") or []
    early = next((one for one in given if isinstance(one, tf.keras.callbacks.EarlyStopping)), None)
    board = next((one for one in given if isinstance(one, tf.keras.callbacks.TensorBoard)), None)
    if early is not None:
        names = ("monitor", "min_delta", "patience", "baseline", "restore_best_weights")
        recorder.params({name: getattr(early, name, None) for name in names})
    recorder.begin_model()
    keras_training.note_data(recorder, original, args, kwargs)
    checkpoints = Checkpoints(recorder, ".h5") if INTEGRATION.option("checkpoint") else None
    # MLflow's metrics of TensorFlow belong to the run and to no logged model.
    of_run = type(recorder)(INTEGRATION, recorder.run_id)
    kind = keras_training.callback_class(tf.keras.callbacks.Callback)
    more = [kind(of_run, "opt_", checkpoints)]
    folder = None if board is not None else mkdtemp(prefix="trackhelm-")
    if folder is not None:
        more.insert(0, _board_class()(folder))
    try:
        history = train(*keras_training.with_callbacks(original, args, kwargs, *more))
        _log_model(recorder, model, example)
        _log_early_stop(recorder, early, history)
        recorder.folder(folder or board.log_dir, "tensorboard_logs")  # type: ignore[union-attr]  # one of both
    finally:
        if checkpoints is not None:
            checkpoints.finish()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _board_class() -> Any:
    """Return TensorBoard's callback, all methods of which raise nothing."""
    import tensorflow as tf

    hooks = {
        name: patching.quiet(INTEGRATION, getattr(tf.keras.callbacks.TensorBoard, name))
        for name in dir(tf.keras.callbacks.TensorBoard)
        if name.startswith("on_") and callable(getattr(tf.keras.callbacks.TensorBoard, name))
    }
    return type("TensorBoard", (tf.keras.callbacks.TensorBoard,), hooks)


def _rows(data: Any) -> Any:
    """Return the first rows of what `fit` takes: arrays, tensors, sequences, or datasets of TensorFlow."""
    if hasattr(data, "element_spec"):
        first = next(iter(data.take(1)))
        return _rows(first[0] if isinstance(first, tuple) else first)
    if hasattr(data, "on_epoch_end"):
        return _rows(data[0][0])
    if isinstance(data, Mapping):
        return {name: _rows(values) for name, values in data.items()}
    if hasattr(data, "numpy"):
        data = data.numpy()
    if type(data).__module__.partition(".")[0] != "numpy":
        raise TypeError(f"no rows can be taken of a {type(data).__name__}")
    return first_rows(data)


def _log_model(recorder: "Recorder", model: Any, example: Example) -> None:
    if recorder.model_id is None:
        return

    def outputs(rows: Any) -> Any:
        # In some versions a prediction changes whether the training was stopped.
        stopped = model.stop_training
        try:
            return model.predict(rows, verbose=0)
        finally:
            model.stop_training = stopped

    rows, signature = example.for_model(INTEGRATION, outputs)
    recorder.model(
        "tensorflow",
        model,
        input_example=rows,
        signature=signature,
        saved_model_kwargs=INTEGRATION.option("saved_model_kwargs"),
        keras_model_kwargs=INTEGRATION.option("keras_model_kwargs"),
    )


def _log_early_stop(recorder: "Recorder", early: Any, history: Any) -> None:
    """Log when a training was stopped, and the metrics of the epoch whose weights it has again."""
    if early is None or not early.model.stop_training:
        return
    recorder.metrics({"stopped_epoch": early.stopped_epoch})
    monitored = history.history.get(early.monitor)
    if not early.restore_best_weights or early.best_weights is None or not monitored:
        return
    index = monitored.index(early.best)
    recorder.metrics({"restored_epoch": history.epoch[0] + index})
    restored = {name: values[index] for name, values in history.history.items()}
    recorder.metrics(restored, early.stopped_epoch + 1)
