"""The flavour of TensorFlow: models of `tf.keras` as `.keras` or HDF5 files, and modules as SavedModel."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.keras.flavor import check_tensors
from trackhelm.models import requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, shared
from trackhelm.models.storing import log_given
from trackhelm.models.trust import require_trusted
from trackhelm.pyfunc.loading import add_code

FLAVOR_NAME: Final = "tensorflow"
_DATA: Final = "data"
_SAVED_MODEL: Final = "tf2model"
_KERAS: Final = "keras"
_MODULE: Final = "tf2-module"
_OBJECTS: Final = ("global_custom_objects.cloudpickle", "custom_objects.cloudpickle")
_GRAPH: Final = "a graph of TensorFlow, which can read and write files"


def get_default_pip_requirements(include_cloudpickle: bool = False) -> list[str]:
    """Return what every model of this flavour needs, pinned."""
    found = [name for name in ("tensorflow", "tensorflow-cpu") if requirements.is_installed(name)]
    names = found[:1] + ["cloudpickle"] * include_cloudpickle
    return [requirements.pinned(name) for name in names]


def get_default_conda_env() -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements())


def save_model(
    model: Any,
    path: str | Path,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    mlflow_model: Model | None = None,
    custom_objects: dict[str, Any] | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    saved_model_kwargs: dict[str, Any] | None = None,
    keras_model_kwargs: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    extra_files: Iterable[str] | None = None,
) -> None:
    """Save a model as a folder.

    Args:
        model: A model of `tf.keras`, or a `tf.Module`.
        path: The folder.
        conda_env: A conda environment, instead of the requirements that are found.
        code_paths: Python files and folders that the model imports.
        mlflow_model: The description to which it is added.
        signature: What it takes and gives; inferred of the input example by default, False for none.
        input_example: An example of what it takes.
        pip_requirements: The requirements, instead of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        metadata: What the user notes.
        extra_files: Files that are kept beside the model.
        custom_objects: Classes and functions that a model of Keras names; they become a pickle.
        saved_model_kwargs: Arguments of `tf.saved_model.save`, for modules.
        keras_model_kwargs: Arguments of `keras.Model.save`; `save_format="h5"` for an HDF5 file.
    """
    import tensorflow as tf

    is_keras = isinstance(model, tf.keras.Model)
    if not is_keras and not isinstance(model, tf.Module):
        raise MlflowException(f"Unknown model type: {type(model)}")
    folder = ModelFolder(path, mlflow_model, **shared(locals()))
    wrapper: Any = _KerasWrapper(model) if is_keras else _ModuleWrapper(model)
    folder.infer_signature(wrapper.predict)
    schema = folder.model.get_input_schema()
    if is_keras:
        check_tensors(schema)
        fields = _save_keras(model, folder.path / _DATA, custom_objects, dict(keras_model_kwargs or {}))
        folder.add_pyfunc("mlflow.tensorflow", data=_DATA)
    else:
        if schema is not None and not schema.is_tensor_spec():
            check_tensors(schema)
        tf.saved_model.save(model, str(folder.path / _SAVED_MODEL), **(saved_model_kwargs or {}))
        fields = {"saved_model_dir": _SAVED_MODEL, "model_type": _MODULE}
        folder.add_pyfunc("mlflow.tensorflow")
    folder.model.add_flavor(FLAVOR_NAME, code=folder.code, **fields, **folder.add_extra_files())
    needed = get_default_pip_requirements(include_cloudpickle=custom_objects is not None)
    folder.finish([*(one.partition("==")[0] for one in needed), "numpy", "pandas"])


def log_model(
    model: Any,
    artifact_path: str | None = None,
    custom_objects: dict[str, Any] | None = None,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    signature: Any = None,
    input_example: Any = None,
    registered_model_name: str | None = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    extra_files: Iterable[str] | None = None,
    saved_model_kwargs: dict[str, Any] | None = None,
    keras_model_kwargs: dict[str, Any] | None = None,
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
    saved_model_kwargs: dict[str, Any] | None = None,
    keras_model_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Load a model as TensorFlow has it.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION` and so on.
        dst_path: The folder into which it is downloaded.
        saved_model_kwargs: Arguments of `tf.saved_model.load`, for modules.
        keras_model_kwargs: Arguments of `keras.models.load_model`, for models of Keras.
    """
    folder = fetch(model_uri, dst_path)
    model = Model.load(folder)
    flavor = _flavor(model)
    add_code(folder, flavor.get("code"))
    if _is_keras(model):
        return _load_keras(folder / flavor.get("data", _DATA), flavor, keras_model_kwargs or {})
    return _load_saved_model(folder / flavor["saved_model_dir"], saved_model_kwargs or {})


def _flavor(model: Model) -> dict[str, Any]:
    return model.flavors[_KERAS] if _KERAS in model.flavors else model.flavor(FLAVOR_NAME)


def _is_keras(model: Model) -> bool:
    return _flavor(model).get("model_type", _KERAS if _KERAS in model.flavors else None) == _KERAS


def _save_keras(model: Any, data: Path, custom_objects: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    data.mkdir()
    (data / "keras_module.txt").write_text("tensorflow.keras", encoding="utf-8")
    form = arguments.get("save_format", "tf")
    (data / "save_format.txt").write_text(form, encoding="utf-8")
    if custom_objects is not None:
        import cloudpickle

        with (data / _OBJECTS[1]).open("wb") as file:
            cloudpickle.dump(custom_objects, file)
    if form == "h5":
        arguments.pop("save_format")
        model.save(data / "model.h5", **arguments)
    elif tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 16):
        model.save(data / "model.keras", **arguments)
    else:
        model.save(data / "model", **arguments)
    return {"data": _DATA, "model_type": _KERAS, "keras_version": tf.__version__, "save_format": form}


def _load_keras(data: Path, flavor: dict[str, Any], arguments: dict[str, Any]) -> Any:
    named = data / "keras_module.txt"
    module = named.read_text(encoding="utf-8").strip() if named.is_file() else "tensorflow.keras"
    if module not in {"keras", "tensorflow.keras", "tf_keras"}:
        raise MlflowException(f"The model is of the module {module!r}, which is none of Keras")
    objects: dict[str, Any] = {}
    for name in _OBJECTS:
        if (data / name).is_file():
            require_trusted(data / name, "a pickle of classes and functions of a model of Keras")
            import cloudpickle

            with (data / name).open("rb") as content:
                objects |= cloudpickle.load(content)
    objects |= arguments.pop("custom_objects", None) or {}
    file = next((one for one in (data / "model.keras", data / "model.h5") if one.is_file()), data / "model")
    if file.is_dir():
        require_trusted(file, _GRAPH)
    models = importlib.import_module(f"{module}.models")
    return models.load_model(file, custom_objects=objects or None, **arguments)


def _load_saved_model(place: Path, arguments: dict[str, Any]) -> Any:
    import tensorflow as tf

    require_trusted(place, _GRAPH)
    return tf.saved_model.load(str(place), **arguments)


class _KerasWrapper:
    """Asks a model of Keras in the way of `PyFuncModel`."""

    def __init__(self, keras_model: Any) -> None:
        self.keras_model = keras_model

    def get_raw_model(self) -> Any:
        """Return the model of Keras."""
        return self.keras_model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions, as an array, or a data frame for a data frame."""
        import pandas as pd

        if isinstance(data, pd.DataFrame):
            return pd.DataFrame(self.keras_model.predict(data.to_numpy(), verbose=0), index=data.index)
        return self.keras_model.predict(data, verbose=0)


class _ModuleWrapper:
    """Asks a `tf.Module` in the way of `PyFuncModel`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def get_raw_model(self) -> Any:
        """Return the module."""
        return self.model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return what the module gives for an array or a list."""
        import numpy as np
        import tensorflow as tf

        if not isinstance(data, (np.ndarray, list)):
            raise MlflowException(
                f"Unsupported input data type: {type(data)}, the input data must be numpy array or a list."
            )
        found = self.model(tf.convert_to_tensor(data))
        return found.numpy() if isinstance(found, tf.Tensor) else found


def _load_pyfunc(path: str) -> Any:
    """Return the model of a folder, ready to be asked."""
    folder = Path(path) if (Path(path) / "MLmodel").is_file() else Path(path).parent
    model = Model.load(folder)
    flavor = _flavor(model)
    if _is_keras(model):
        return _KerasWrapper(_load_keras(folder / flavor.get("data", _DATA), flavor, {}))
    return _ModuleWrapper(_load_saved_model(folder / flavor["saved_model_dir"], {}))
