"""The flavour of Keras 3: models as `.keras` files, which are loaded in Keras's safe mode."""

from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.models import requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, shared
from trackhelm.models.storing import log_given
from trackhelm.models.trust import require_trusted
from trackhelm.types.schema import Schema

FLAVOR_NAME: Final = "keras"
_DATA: Final = "data"


def get_default_pip_requirements() -> list[str]:
    """Return what every model of this flavour needs, pinned: Keras and its backend."""
    import keras

    backends = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "torch": ("torch",), "jax": ("jax",)}
    of_backend = backends.get(keras.backend.backend(), ())
    found = [name for name in of_backend if requirements.is_installed(name)]
    return [requirements.pinned(name) for name in ["keras", *found[:1]]]


def get_default_conda_env() -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements())


def save_model(
    model: Any,
    path: str | Path,
    save_exported_model: bool = False,
    conda_env: Any = None,
    mlflow_model: Model | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    save_model_kwargs: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Save a model as a folder.

    Args:
        model: A `keras.Model`.
        path: The folder.
        save_exported_model: Save it as a SavedModel of TensorFlow, with the inputs of its signature.
        conda_env: A conda environment, instead of the requirements that are found.
        mlflow_model: The description to which it is added.
        signature: What it takes and gives: tensors of which the first dimension varies.
        input_example: An example of what it takes.
        pip_requirements: The requirements, instead of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        save_model_kwargs: Arguments of `keras.Model.save`.
        metadata: What the user notes.
    """
    import keras

    folder = ModelFolder(path, mlflow_model, **shared(locals()))
    folder.infer_signature(_Wrapper(model).predict)
    check_tensors(folder.model.get_input_schema())
    data = folder.path / _DATA
    data.mkdir()
    (data / "keras_module.txt").write_text("keras", encoding="utf-8")
    if save_exported_model:
        _export(model, data / "model", folder.model.get_input_schema())
    else:
        model.save(data / "model.keras", **(save_model_kwargs or {}))
    folder.add_pyfunc("mlflow.keras")
    folder.model.add_flavor(
        FLAVOR_NAME,
        data=_DATA,
        keras_version=keras.__version__,
        keras_backend=keras.backend.backend(),
        save_exported_model=save_exported_model,
    )
    folder.finish([*(one.partition("==")[0] for one in get_default_pip_requirements()), "numpy", "pandas"])


def log_model(
    model: Any,
    artifact_path: str | None = None,
    save_exported_model: bool = False,
    conda_env: Any = None,
    signature: Any = None,
    input_example: Any = None,
    registered_model_name: str | None = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    save_model_kwargs: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
) -> ModelInfo:
    """Log a model: see `save_model` and `models.storing.log_model` for the arguments."""
    return log_given(save_model, locals())


def load_model(
    model_uri: str | Path,
    dst_path: str | None = None,
    custom_objects: dict[str, Any] | None = None,
    load_model_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Load a model.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION` and so on.
        dst_path: The folder into which it is downloaded.
        custom_objects: Classes and functions that it names, by their names.
        load_model_kwargs: More arguments of `keras.saving.load_model`.
    """
    folder = fetch(model_uri, dst_path)
    return _load(folder, Model.load(folder).flavor(FLAVOR_NAME), custom_objects, **(load_model_kwargs or {}))


def check_tensors(schema: Schema | None) -> None:
    """Check that a model takes tensors of which the first dimension varies.

    Raises:
        MlflowException: It takes columns, or tensors of one size.
    """
    if schema is None:
        return
    if not schema.is_tensor_spec():
        raise MlflowException.invalid_parameter_value(
            "All fields in the model signature's input schema must be of type TensorSpec."
        )
    if any(one.shape[0] != -1 for one in schema):  # type: ignore[union-attr]  # of tensors
        raise MlflowException.invalid_parameter_value(
            "All fields in the model signature's input schema must have a shape in which the first dimension "
            "is a variable dimension."
        )


def _export(model: Any, target: Path, schema: Schema | None) -> None:
    if schema is None:
        raise MlflowException.invalid_parameter_value(
            "`save_exported_model` needs a signature, or an input example: what the exported model takes"
        )
    model.export(str(target), format="tf_saved_model")


def _load(folder: Path, flavor: dict[str, Any], custom_objects: Any = None, **arguments: Any) -> Any:
    data = folder / flavor.get("data", _DATA)
    if flavor.get("save_exported_model"):
        import tensorflow as tf

        require_trusted(data / "model", "a graph of TensorFlow, which can read and write files")
        return tf.saved_model.load(str(data / "model"))
    import keras

    return keras.saving.load_model(data / "model.keras", custom_objects=custom_objects, **arguments)


class _Wrapper:
    """Asks a model in the way of `PyFuncModel`."""

    def __init__(self, model: Any, is_exported: bool = False) -> None:
        self.model = model
        self._predict = model.serve if is_exported else model.predict
        self._arguments: dict[str, Any] = {} if is_exported else {"verbose": 0}

    def get_raw_model(self) -> Any:
        """Return the model of Keras."""
        return self.model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions, as an array, or a data frame for a data frame."""
        import keras
        import pandas as pd

        if isinstance(data, pd.DataFrame):
            return pd.DataFrame(self._predict(data.to_numpy(), **self._arguments), index=data.index)
        return keras.ops.convert_to_numpy(self._predict(data, **self._arguments))


def _load_pyfunc(path: str) -> _Wrapper:
    """Return the model of a folder, ready to be asked."""
    folder = Path(path) if (Path(path) / "MLmodel").is_file() else Path(path).parent
    flavor = Model.load(folder).flavor(FLAVOR_NAME)
    return _Wrapper(_load(folder, flavor), bool(flavor.get("save_exported_model")))
