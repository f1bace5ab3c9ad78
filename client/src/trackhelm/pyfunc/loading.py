"""Loading a model of any flavour behind `predict`, which holds its input to the signature."""

import inspect
import logging
import sys
from collections.abc import Mapping
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.models.config import config_of
from trackhelm.models.enforcement import enforced_input, enforced_params
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model
from trackhelm.models.trust import require_trusted
from trackhelm.pyfunc.stand_in import our_name, provide_mlflow

FLAVOR: Final = "python_function"
_SHOWN: Final = 1_000
"""The characters of data that a message shows."""

_logger = logging.getLogger("trackhelm")
_code_folders: list[str] = []


class PyFuncModel:
    """A loaded model, which is asked by `predict`.

    Args:
        model_meta: What its MLmodel file says.
        model_impl: What its flavour loaded.
        predict_fn: The name of the method of `model_impl` that predicts.
        predict_stream_fn: The name of the one that streams, if there is one.
        model_id: The id of the logged model.
    """

    def __init__(
        self,
        model_meta: Model,
        model_impl: Any,
        predict_fn: str = "predict",
        predict_stream_fn: str | None = None,
        model_id: str | None = None,
    ) -> None:
        if not hasattr(model_impl, predict_fn):
            raise MlflowException(f"Model implementation is missing required {predict_fn} method.")
        self._model_meta = model_meta
        self._model_impl = model_impl
        self._predict_fn = getattr(model_impl, predict_fn)
        self._predict_stream_fn = getattr(model_impl, predict_stream_fn) if predict_stream_fn else None
        self._model_id = model_id or model_meta.model_id
        self._takes_params = _takes_params(self._predict_fn)
        self.input_schema = model_meta.get_input_schema()
        self.params_schema = model_meta.get_params_schema()

    @property
    def metadata(self) -> Model:
        """What the MLmodel file says."""
        return self._model_meta

    @property
    def model_id(self) -> str | None:
        """The id of the logged model; None if it is none."""
        return self._model_id

    @property
    def model_config(self) -> dict[str, Any]:
        """The configuration that was saved with the model."""
        return dict(self._model_meta.flavors[FLAVOR].get("config") or {})

    @property
    def loader_module(self) -> str | None:
        """MLflow's name of the module that loads the model."""
        return self._model_meta.flavors[FLAVOR].get("loader_module")

    @property
    def input_example(self) -> Any:
        """The input example, if there is one."""
        return self._model_meta.load_input_example()

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions for data.

        Args:
            data: What the signature says: a data frame, an array, a dictionary or a list.
            params: Params of the inference; those that the signature does not name are ignored.

        Raises:
            MlflowException: The data does not fit the signature.
        """
        checked, known = self._checked(data, params)
        return self._predict_fn(checked, params=known) if self._takes_params else self._predict_fn(checked)

    def predict_stream(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return an iterator of the predictions for data, if the model can stream."""
        if self._predict_stream_fn is None:
            raise MlflowException("This model does not support predict_stream method.")
        checked, known = self._checked(data, params)
        if _takes_params(self._predict_stream_fn):
            return self._predict_stream_fn(checked, params=known)
        return self._predict_stream_fn(checked)

    def _checked(self, data: Any, params: Any) -> tuple[Any, dict[str, Any] | None]:
        known = enforced_params(params, self.params_schema)
        if self.input_schema is None or self._model_meta.is_signature_from_type_hint():
            return data, known
        try:
            return enforced_input(data, self.input_schema), known
        except MlflowException as error:
            raise MlflowException(
                f"Failed to enforce schema of data '{_shortened(data)}' with schema '{self.input_schema}'. "
                f"Error: {error.message}",
                error_code=error.error_code,
            ) from error

    def unwrap_python_model(self) -> Any:
        """Return the object that was saved as a model of one's own."""
        found = getattr(self._model_impl, "python_model", None)
        if found is None:
            raise MlflowException("Unable to retrieve base model object from pyfunc.")
        return found

    def get_raw_model(self) -> Any:
        """Return the model as its own library has it."""
        if hasattr(self._model_impl, "get_raw_model"):
            return self._model_impl.get_raw_model()
        raise NotImplementedError("`get_raw_model` is not implemented by the underlying model")

    def __repr__(self) -> str:
        meta = self._model_meta
        lines = {"artifact_path": meta.artifact_path, "flavor": self.loader_module, "run_id": meta.run_id}
        told = "".join(f"  {name}: {value}\n" for name, value in lines.items() if value is not None)
        return f"mlflow.pyfunc.loaded_model:\n{told}"


def _takes_params(function: Any) -> bool:
    try:
        found = inspect.signature(function).parameters.get("params")
    except (TypeError, ValueError):
        return False
    return found is not None and found.kind is not found.VAR_KEYWORD


def _shortened(data: Any) -> str:
    text = str(data)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def load_model(
    model_uri: str | Path,
    suppress_warnings: bool = False,
    dst_path: str | None = None,
    model_config: str | Path | Mapping[str, Any] | None = None,
) -> PyFuncModel:
    """Load a model of any flavour, to be asked by `predict`.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION`, `models:/NAME/STAGE`,
            `models:/NAME@ALIAS` or `models:/MODEL_ID`.
        suppress_warnings: Do not warn of versions that differ from those with which the model was saved.
        dst_path: The folder into which it is downloaded.
        model_config: A configuration that changes the saved one: a dictionary, or the path of a YAML file.

    Raises:
        MlflowException: There is no such model, it cannot be served, or it holds a pickle of unknown origin.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.pyfunc.load_model("models:/iris-forest/Production").predict(frame)
    """
    folder = fetch(model_uri, dst_path)
    meta = Model.load(folder)
    flavor = meta.flavors.get(FLAVOR)
    if flavor is None:
        raise MlflowException(
            f'Model does not have the "{FLAVOR}" flavor: it is loaded by {", ".join(sorted(meta.flavors))}',
            error_code="RESOURCE_DOES_NOT_EXIST",
        )
    if not suppress_warnings:
        _warn_of_versions(folder, flavor)
    add_code(folder, flavor.get("code"))
    saved = flavor.get("config") or None
    config = saved if model_config is None else {**(saved or {}), **config_of(model_config)}
    implementation = _loaded(folder, flavor, config)
    stream = (
        "predict_stream" if flavor.get("streamable") and hasattr(implementation, "predict_stream") else None
    )
    return PyFuncModel(meta, implementation, flavor.get("predict_fn") or "predict", stream)


def load_pyfunc(model_uri: str, suppress_warnings: bool = False) -> PyFuncModel:
    """Load a model: the old name of `load_model`."""
    return load_model(model_uri, suppress_warnings)


def _loaded(folder: Path, flavor: Mapping[str, Any], config: dict[str, Any] | None) -> Any:
    named = flavor["loader_module"]
    module = _module(named)
    data = flavor.get("data")
    path = str(folder / data) if data else str(folder)
    if config and "model_config" in inspect.signature(module._load_pyfunc).parameters:  # noqa: SLF001 - the interface of flavours
        return module._load_pyfunc(path, deepcopy(config))  # noqa: SLF001 - likewise
    return module._load_pyfunc(path)  # noqa: SLF001 - likewise


def _module(name: str) -> Any:
    """Return the module that loads a flavour: ours for MLflow's name, and else the one of that name."""
    provide_mlflow()
    try:
        return import_module(our_name(name))
    except ModuleNotFoundError as error:
        if our_name(name) == name or not (error.name or "").startswith("trackhelm"):
            raise
    # A flavour that this package does not have: MLflow's own, if it is there.
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MlflowException(
            f"This model is loaded by {name!r}, which this client does not have: install mlflow to load it",
            error_code="NOT_IMPLEMENTED",
        ) from error


def add_code(folder: Path, code: str | None) -> None:
    """Let the code beside a model be imported, before that of models that were loaded earlier."""
    if not code:
        return
    place = folder / code
    require_trusted(place, "code of a model")
    for old in _code_folders:
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and file.startswith(f"{old}/") and (place / Path(file).relative_to(old)).exists():
                del sys.modules[name]
    text = str(place.resolve())
    if text in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)
    _code_folders.append(text)


def _warn_of_versions(folder: Path, flavor: Mapping[str, Any]) -> None:
    """Warn if Python or a package that the model needs has another version here, or is not there."""
    import platform
    from importlib import metadata

    saved = str(flavor.get("python_version") or "")
    if saved and saved.rpartition(".")[0] != platform.python_version().rpartition(".")[0]:
        _logger.warning(
            "The model was saved with Python %s, and this is %s", saved, platform.python_version()
        )
    file = folder / "requirements.txt"
    if not file.is_file():
        return
    differs = []
    for line in file.read_text(encoding="utf-8").splitlines():
        name, equal, version = line.partition("==")
        name, version = name.strip().partition("[")[0], version.partition(";")[0].strip()
        if not equal or name.startswith("mlflow"):
            continue
        try:
            found = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            found = "not installed"
        if found != version:
            differs.append(f"{name} ({version} wanted, {found})")
    if differs:
        _logger.warning(
            "The model was saved with other versions of packages: %s. "
            "`trackhelm.pyfunc.get_model_dependencies` returns the file of what it needs",
            ", ".join(differs),
        )
