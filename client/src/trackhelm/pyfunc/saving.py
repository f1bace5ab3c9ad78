"""Saving models of one's own, and of libraries that have no flavour."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trackhelm.exceptions import MlflowException
from trackhelm.models import requirements
from trackhelm.models.config import config_of
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder
from trackhelm.models.storing import log_given
from trackhelm.models.trust import note_written
from trackhelm.pyfunc.model import (
    PythonModel,
    PythonModelContext,
    _FunctionPythonModel,
    _PythonModelPyfuncWrapper,
    load_code,
)
from trackhelm.pyfunc.stand_in import dump_python_model

_PICKLE = "python_model.pkl"


def save_model(
    path: str | Path,
    loader_module: str | None = None,
    data_path: str | None = None,
    code_paths: Iterable[str] | None = None,
    infer_code_paths: bool = False,
    conda_env: Any = None,
    mlflow_model: Model | None = None,
    python_model: Any = None,
    artifacts: Mapping[str, str] | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    model_config: Any = None,
    streamable: bool | None = None,
    resources: Any = None,
    auth_policy: Any = None,
) -> None:
    """Save a model of one's own as a folder.

    Args:
        path: The folder.
        loader_module: A module of the user's that has `_load_pyfunc(path)`, instead of `python_model`.
        data_path: The file or folder that this module loads.
        code_paths: Python files and folders that the model imports.
        infer_code_paths: Copy, too, the modules beside the program that the model comes from.
        conda_env: A conda environment, instead of the requirements that are found.
        mlflow_model: The description to which it is added.
        python_model: A `PythonModel`, a function of one argument, or the path of a Python file that calls
            `set_model`. The file is kept as it is, the others become pickles.
        artifacts: Files or folders that the model needs, by name: paths or URIs.
        signature: What it takes and gives.
        input_example: An example of what it takes.
        pip_requirements: The requirements, instead of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        metadata: What the user notes.
        model_config: The configuration: a dictionary, or the path of a YAML file.
        streamable: Whether `predict_stream` may be called; by default if there is one.
        resources: What else it needs, as MLflow describes that.
        auth_policy: Kept as it is.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.pyfunc.save_model("doubled", python_model=lambda model_input: model_input * 2)
    """
    if (loader_module is None) == (python_model is None):
        raise MlflowException.invalid_parameter_value(
            "Either `loader_module` or `python_model` must be specified. A `loader_module` should be a "
            "python module. A `python_model` should be a subclass of PythonModel"
        )
    config = None if model_config is None else config_of(model_config)
    code = [*(code_paths or ()), *(_modules_of(python_model) if infer_code_paths else ())] or None
    model = mlflow_model or Model()
    model.resources, model.auth_policy = resources or model.resources, auth_policy or model.auth_policy
    folder = ModelFolder(
        path,
        model,
        signature=signature,
        input_example=input_example,
        metadata=metadata,
        code_paths=code,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
    )
    if loader_module is not None:
        _add_loader(folder, loader_module, data_path, config, bool(streamable))
        folder.finish([])
        return
    saved = _saved_artifacts(folder, artifacts)
    fields: dict[str, Any] = {"artifacts": saved} if saved else {}
    modules: set[str] = set()
    if isinstance(python_model, (str, Path)):
        source = Path(python_model)
        if source.suffix != ".py" or not source.is_file():
            raise MlflowException.invalid_parameter_value(
                f"The provided model path {str(source)!r} is not a Python file (.py) that exists"
            )
        shutil.copy(source, folder.path / source.name)
        note_written(folder.path)
        fields["model_code_path"] = source.name
        loader = "mlflow.pyfunc.loaders.code_model"
        modules |= requirements.modules_of_code(folder.path / source.name)
        python_model = load_code(folder.path / source.name, config)
    else:
        python_model = _as_model(python_model)
        dump_python_model(python_model, folder.path / _PICKLE)
        fields["python_model"] = _PICKLE
        loader = "mlflow.pyfunc.model"
        modules |= requirements.modules_of_object(getattr(python_model, "func", python_model))
    if streamable is None:
        streamable = getattr(type(python_model), "predict_stream", None) not in {
            None,
            PythonModel.predict_stream,
        }
    folder.add_pyfunc(
        loader,
        cloudpickle_version=_cloudpickle_version(),
        streamable=streamable,
        **fields,
        **({"config": config} if config else {}),
    )
    folder.infer_signature(
        lambda data, params=None: _ask(python_model, folder.path, saved, config, data, params)
    )
    folder.finish(["cloudpickle"], modules)


def log_model(
    artifact_path: str | None = None,
    loader_module: str | None = None,
    data_path: str | None = None,
    code_paths: Iterable[str] | None = None,
    infer_code_paths: bool = False,
    conda_env: Any = None,
    python_model: Any = None,
    artifacts: Mapping[str, str] | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    model_config: Any = None,
    streamable: bool | None = None,
    resources: Any = None,
    auth_policy: Any = None,
    prompts: list[Any] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
) -> ModelInfo:
    """Log a model of one's own: see `save_model` and `models.storing.log_model` for the arguments."""
    return log_given(save_model, locals())


def add_to_model(
    model: Model,
    loader_module: str,
    data: str | None = None,
    code: str | None = None,
    conda_env: str | None = None,
    python_env: str | None = None,
    model_config: Any = None,
    model_code_path: str | None = None,
    **kwargs: Any,
) -> None:
    """Add the flavour `python_function` to the description of a model that another program saves."""
    import platform

    optional = {"data": data, "code": code, "config": model_config, "model_code_path": model_code_path}
    env = {"conda": conda_env, "virtualenv": python_env}
    fields = {key: value for key, value in optional.items() if value is not None}
    environments = {key: value for key, value in env.items() if value is not None}
    if environments:
        fields["env"] = environments
    model.add_flavor(
        "python_function",
        loader_module=loader_module,
        python_version=platform.python_version(),
        **fields,
        **kwargs,
    )


def _add_loader(
    folder: ModelFolder, loader_module: str, data_path: str | None, config: Any, streamable: bool
) -> None:
    fields: dict[str, Any] = {"config": config} if config else {}
    if data_path is not None:
        source, target = Path(data_path), folder.path / "data"
        if source.is_dir():
            shutil.copytree(source, target)
            fields["data"] = "data"
        else:
            target.mkdir()
            shutil.copy(source, target / source.name)
            fields["data"] = f"data/{source.name}"
    folder.add_pyfunc(loader_module, streamable=streamable, **fields)


def _as_model(given: Any) -> Any:
    if hasattr(given, "predict"):
        return given
    if callable(given):
        import inspect

        if not inspect.signature(given).parameters:
            raise MlflowException.invalid_parameter_value(
                "When `python_model` is a callable object, it must accept exactly one argument."
            )
        return _FunctionPythonModel(given)
    raise MlflowException.invalid_parameter_value(
        "`python_model` must be a PythonModel instance, callable object, or path to a script that uses "
        f"set_model() to set a PythonModel instance or callable object, but got {type(given).__name__}"
    )


def _saved_artifacts(folder: ModelFolder, artifacts: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    """Copy the artifacts into the folder, and return where each is."""
    from trackhelm.artifacts import download_artifacts
    from trackhelm.models.loading import local_path_of

    found: dict[str, dict[str, str]] = {}
    target = folder.path / "artifacts"
    for name, uri in (artifacts or {}).items():
        target.mkdir(exist_ok=True)
        local = local_path_of(str(uri))
        source = local if local is not None else Path(download_artifacts(str(uri)))
        place = target / source.name
        if place.exists():  # of another artifact, whose file has the same name
            place = target / name / source.name
            place.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place)
        else:
            shutil.copy(source, place)
        found[name] = {"path": place.relative_to(folder.path).as_posix(), "uri": str(uri)}
    return found


def _ask(
    python_model: Any, folder: Path, saved: Mapping[str, Any], config: Any, data: Any, params: Any
) -> Any:
    """Ask a model that is being saved, with the artifacts that were copied."""
    from copy import deepcopy

    context = PythonModelContext({name: str(folder / one["path"]) for name, one in saved.items()}, config)
    asked = deepcopy(python_model)  # what it loads is no part of what is saved
    asked.load_context(context)
    return _PythonModelPyfuncWrapper(asked, context).predict(data, params)


def _modules_of(python_model: Any) -> list[str]:
    """Return the files, below the working folder, of the modules that are imported now."""
    import sys

    here = Path.cwd()
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name != "__main__" and Path(file).is_relative_to(here) and "site-packages" not in file:
            inner = Path(file).relative_to(here)
            found.add(str(here / inner.parts[0]))
    return sorted(found)


def _cloudpickle_version() -> str:
    try:
        import cloudpickle
    except ModuleNotFoundError:
        raise MlflowException(
            "Models of one's own are saved by cloudpickle: pip install 'trackhelm[models]'"
        ) from None
    return str(cloudpickle.__version__)
