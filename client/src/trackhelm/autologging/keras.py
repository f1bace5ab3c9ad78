"""Autologging of Keras 3, whatever its backend.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.keras.autolog()
    >>> model.fit(x, y, epochs=3)
"""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import keras_training, patching
from trackhelm.autologging.integrations import Integration

if TYPE_CHECKING:
    from trackhelm.autologging.patching import Original
    from trackhelm.autologging.recording import Recorder

INTEGRATION: Final = Integration("keras", keras="3.0")


def autolog(
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    log_models: bool = True,
    log_model_signatures: bool = True,
    save_exported_model: bool = False,
    log_datasets: bool = True,
    log_input_examples: bool = False,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    save_model_kwargs: dict[str, Any] | None = None,
    extra_tags: dict[str, str] | None = None,
) -> None:
    """Let Keras 3 log its trainings.

    Args:
        log_every_epoch: Log metrics after each epoch.
        log_every_n_steps: Log metrics after so many steps instead; `log_every_epoch` must then be False.
        log_models: Log the trained model.
        log_model_signatures: Store the model's inputs and outputs.
        save_exported_model: Log the model as its backend exports it for serving, and not as Keras saves it.
        log_datasets: Note the data as inputs of the run.
        log_input_examples: Taken for scripts that pass it; Keras' models have no input example.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for Keras 3.0 and later.
        silent: Log no warnings.
        registered_model_name: Register each model under this name.
        save_model_kwargs: More arguments of what saves the model.
        extra_tags: Tags of the runs that are started.

    Raises:
        ModuleNotFoundError: Keras is not installed.
        ValueError: Metrics are wanted both by epoch and by step, or by neither.
    """
    options = {**locals()}
    if not disable:
        keras_training.check_frequency(by_epoch=log_every_epoch, steps=log_every_n_steps)
    INTEGRATION.configure(options, _apply)


def _apply() -> None:
    import keras

    if int(keras.__version__.partition(".")[0]) < 3:  # noqa: PLR2004 - the integration of TensorFlow logs Keras 2
        INTEGRATION.warn(f"Keras {keras.__version__} is logged by `tensorflow.autolog`")
        return
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
    import keras

    recorder.begin_model()
    if not keras_training.note_data(recorder, original, args, kwargs):
        recorder.input_model()
    callback = keras_training.callback_class(keras.callbacks.Callback)(recorder, "optimizer_")
    train(*keras_training.with_callbacks(original, args, kwargs, callback))
    if recorder.model_id is None:
        return
    signature = None
    if INTEGRATION.option("log_model_signatures"):
        try:
            signature = _signature(model)
        except Exception as error:  # noqa: BLE001 - the model is logged without
            INTEGRATION.warn("the signature could not be inferred", error)
    recorder.model(
        "keras",
        model,
        save_exported_model=INTEGRATION.option("save_exported_model"),
        signature=signature,
        save_model_kwargs=INTEGRATION.option("save_model_kwargs"),
    )


def _signature(model: Any) -> Any:
    """Return the signature that the model's own shapes give."""
    import numpy as np

    from trackhelm.models import ModelSignature
    from trackhelm.types import Schema, TensorSpec

    def schema(shape: Any, kind: str) -> Any:
        shapes = shape if isinstance(shape, list) else [shape]
        return Schema(
            [TensorSpec(np.dtype(kind), [-1 if size is None else size for size in one]) for one in shapes]
        )

    return ModelSignature(
        inputs=schema(model.input_shape, model.input_dtype),
        outputs=schema(model.output_shape, model.compute_dtype),
    )
