"""The flavour of PyTorch: how its models are saved, logged and loaded.

The default is pt2, a graph that `torch.export` makes of an input example. A pickle needs no example, but the
code of the model's class, and is loaded only if it can be trusted.
"""

import importlib
import io
import json
import logging
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from trackhelm import environment
from trackhelm.exceptions import MlflowException
from trackhelm.models import requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, shared
from trackhelm.models.storing import log_given
from trackhelm.models.trust import require_trusted
from trackhelm.pyfunc.loading import add_code
from trackhelm.types.schema import Schema

FLAVOR_NAME: Final = "pytorch"
_PICKLE_MODULE: Final = "mlflow.pytorch.pickle_module"
_MODULE_FILE: Final = "pickle_module_info.txt"
_PT2: Final = "model.pt2"
_PICKLE: Final = "model.pth"
_STATE: Final = "state_dict.pth"
_TEXTS: Final = ("archive_format", "version", "byteorder", "archive_version", ".data/serialization_id")
_PICKLE_START: Final = b"\x80"
_ZIP_START: Final = b"PK"

_logger = logging.getLogger("trackhelm")


def get_default_pip_requirements() -> list[str]:
    """Return what every model of this flavour needs, pinned."""
    found = [requirements.pinned(name) for name in ("torch", "cloudpickle")]
    return found + ([requirements.pinned("torchvision")] if requirements.is_installed("torchvision") else [])


def get_default_conda_env() -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements())


def save_model(
    pytorch_model: Any,
    path: str | Path,
    conda_env: Any = None,
    mlflow_model: Model | None = None,
    code_paths: Iterable[str] | None = None,
    pickle_module: Any = None,
    signature: Any = None,
    input_example: Any = None,
    extra_files: Iterable[str] | None = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    export_model: bool = False,
    serialization_format: str | None = None,
    **kwargs: Any,
) -> None:
    """Save a model as a folder.

    Args:
        pytorch_model: A `torch.nn.Module`, scripted or not.
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
        pickle_module: The module by which `torch.save` writes a pickle; cloudpickle by default.
        export_model: The old word for `serialization_format="pt2"`.
        serialization_format: `pt2`, which is the default and needs an input example of arrays or tensors with
            two rows at the least; or `pickle`.
        kwargs: Arguments of `torch.save`.
    """
    import torch

    if not isinstance(pytorch_model, torch.nn.Module):
        raise TypeError("Argument 'pytorch_model' should be a torch.nn.Module")
    kind = serialization_format or "pt2"
    if kind not in {"pickle", "pt2"} or (export_model and kind == "pickle"):
        raise MlflowException.invalid_parameter_value(
            "The `serialization_format` param value must be one of 'pickle' or 'pt2'."
        )
    given = shared(locals())
    arrays = _arrays(input_example)
    if arrays is not None:
        # Of several inputs there is no example that a server could be asked with.
        given["input_example"] = arrays[0] if len(arrays) == 1 else None
    folder = ModelFolder(path, mlflow_model, **given)
    folder.infer_signature(_Wrapper(pytorch_model, _device_of(pytorch_model)).predict)
    data = folder.path / "data"
    data.mkdir()
    if kind == "pt2":
        _export(pytorch_model, arrays, folder.model.get_input_schema(), data / _PT2)
    else:
        _dump(pytorch_model, data, pickle_module, kwargs)
    if kind == "pickle" or arrays is None or len(arrays) == 1:
        folder.add_pyfunc(
            "mlflow.pytorch", data="data", pickle_module_name=_PICKLE_MODULE, config={"device": None}
        )
    folder.model.add_flavor(
        FLAVOR_NAME,
        model_data="data",
        pytorch_version=str(torch.__version__),
        code=folder.code,
        **folder.add_extra_files(),
    )
    needed = ["torch", "cloudpickle", "numpy", "pandas"]
    folder.finish(needed, {type(pytorch_model).__module__.partition(".")[0]} if kind == "pickle" else ())


def log_model(
    pytorch_model: Any,
    artifact_path: str | None = None,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    pickle_module: Any = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    extra_files: Iterable[str] | None = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    export_model: bool = False,
    serialization_format: str | None = None,
    **kwargs: Any,
) -> ModelInfo:
    """Log a model: see `save_model` and `models.storing.log_model` for the arguments."""
    return log_given(save_model, locals())


def load_model(model_uri: str | Path, dst_path: str | None = None, **kwargs: Any) -> Any:
    """Load a module.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION` and so on.
        dst_path: The folder into which it is downloaded.
        kwargs: Arguments of `torch.load`, such as `map_location`, for pickles.
    """
    folder = fetch(model_uri, dst_path)
    flavor = Model.load(folder).flavor(FLAVOR_NAME)
    add_code(folder, flavor.get("code"))
    return _load(folder / flavor["model_data"], kwargs)


def _device_of(model: Any) -> str:
    first = next(iter(model.parameters()), None)
    return "cpu" if first is None else str(first.device)


def _arrays(example: Any) -> list[Any] | None:
    """Return the inputs of an example as a list of arrays; None if it is none of arrays."""
    import numpy as np
    import torch

    several = list(example) if isinstance(example, (list, tuple)) else [example]
    if not several or not all(isinstance(one, (np.ndarray, torch.Tensor)) for one in several):
        return None
    return [one.detach().cpu().numpy() if isinstance(one, torch.Tensor) else one for one in several]


def _export(model: Any, arrays: list[Any] | None, schema: Schema | None, file: Path) -> None:
    import torch

    if isinstance(model, torch.jit.ScriptModule):
        raise MlflowException.invalid_parameter_value(
            "A scripted module cannot be exported as 'pt2': pass serialization_format='pickle'"
        )
    if arrays is None:
        raise MlflowException.invalid_parameter_value(
            "If `serialization_format` is set to 'pt2', which is the default, then input_example is "
            "required: an array or tensor, or a list of them, with which the graph of the model is traced. "
            "Pass one, or serialization_format='pickle'"
        )
    if schema is not None and not schema.is_tensor_spec():
        raise MlflowException.invalid_parameter_value(
            "A model that is exported as 'pt2' takes tensors: give its signature as TensorSpec, or pass "
            "serialization_format='pickle'"
        )
    device = _device_of(model)
    tensors = tuple(torch.from_numpy(array).to(device) for array in arrays)
    shapes = [one.shape for one in schema] if schema is not None else [(-1,)] * len(tensors)  # type: ignore[union-attr]  # tensors
    automatic = torch.export.Dim.AUTO
    dynamic = [
        {place: automatic for place, size in enumerate(shape) if size == -1} or None for shape in shapes
    ]
    exported = torch.export.export(model, tensors, dynamic_shapes=dynamic)
    torch.export.save(exported, file)


def _dump(model: Any, data: Path, pickle_module: Any, arguments: dict[str, Any]) -> None:
    import torch

    from trackhelm.pytorch import pickle_module as ours

    name = _PICKLE_MODULE if pickle_module is None else pickle_module.__name__
    (data / _MODULE_FILE).write_text(name, encoding="utf-8")
    if isinstance(model, torch.jit.ScriptModule):
        model.save(str(data / _PICKLE))
    else:
        torch.save(model, data / _PICKLE, pickle_module=pickle_module or ours, **arguments)


def _load(data: Path, arguments: dict[str, Any], device: str | None = None) -> Any:
    import torch

    exported = data / _PT2 if data.is_dir() else data
    if exported.name == _PT2 and exported.is_file():
        if not is_free_of_code(exported):
            require_trusted(exported, "a pt2 archive with more in it than tensors")
        return torch.export.load(exported).module()
    file = data / _PICKLE if data.is_dir() else data
    require_trusted(file, "a pickle of PyTorch")
    if device is not None:
        arguments = {"map_location": device, **arguments}
    if _is_scripted(file):
        found = torch.jit.load(file, map_location=arguments.get("map_location"))
    else:
        found = torch.load(file, **{"weights_only": False, "pickle_module": _module_of(data), **arguments})
    found.eval()
    return found.to(device) if device is not None else found


def _is_scripted(file: Path) -> bool:
    """Return whether a file is of a scripted module, which is a zip archive with its code."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any("/code/" in name for name in archive.namelist())


def _module_of(data: Path) -> Any:
    """Return the module that reads the pickle, as the file beside it names it."""
    from trackhelm.pytorch import pickle_module as ours

    named = data / _MODULE_FILE
    name = named.read_text(encoding="utf-8").strip() if named.is_file() else _PICKLE_MODULE
    return ours if name in {_PICKLE_MODULE, ours.__name__} else importlib.import_module(name)


def is_free_of_code(file: Path) -> bool:
    """Return whether nothing in a pt2 archive can run code when it is loaded.

    `torch.export.load` unpickles what is in the archive without limits. An archive in which every record is
    text, raw numbers, or loaded by torch with `weights_only` runs nothing.
    """
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return all(
            _is_harmless(name, archive.read(name)) for name in archive.namelist() if not name.endswith("/")
        )


def _is_harmless(name: str, content: bytes) -> bool:
    import torch

    if name.endswith(_TEXTS) or not content:
        return True
    if name.endswith((".so", ".o", ".cubin", ".cpp", ".py", ".dll", ".dylib")):
        return False
    if name.endswith(".json"):
        try:
            json.loads(content)
        except ValueError:
            return False
        return True
    if content.startswith((_ZIP_START, _PICKLE_START)):
        try:
            torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        except Exception:  # noqa: BLE001 - whatever torch refuses
            return False
        return True
    # The numbers of a tensor, or text, of which the archive says the type: nothing of it is unpickled.
    return "/data/weights/" in name or "/data/constants/" in name


class _Wrapper:
    """Asks a module in the way of `PyFuncModel`."""

    def __init__(self, pytorch_model: Any, device: str) -> None:
        self.pytorch_model = pytorch_model
        self.device = device

    def get_raw_model(self) -> Any:
        """Return the module."""
        return self.pytorch_model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions, as an array, or a data frame for a data frame."""
        import numpy as np
        import pandas as pd
        import torch

        is_frame = isinstance(data, pd.DataFrame)
        if not is_frame and not isinstance(data, np.ndarray):
            raise TypeError("Input data should be pandas.DataFrame or numpy.ndarray")
        array = data.to_numpy(dtype=np.float32) if is_frame else data
        with torch.no_grad():
            found = self.pytorch_model(torch.from_numpy(array).to(self.device), **(params or {}))
        if not isinstance(found, torch.Tensor):
            raise TypeError(
                "Expected PyTorch model to output a single output tensor, but got output of type "
                f"'{type(found)}'"
            )
        predicted = found.cpu().numpy()
        return pd.DataFrame(predicted, index=data.index) if is_frame else predicted


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> _Wrapper:
    """Return the model of a folder, on the device of its configuration or the first GPU."""
    import torch

    told = (model_config or {}).get("device") or environment.text("DEFAULT_PREDICTION_DEVICE")
    device = str(told or ("cuda:0" if torch.cuda.is_available() else "cpu"))
    return _Wrapper(_load(Path(path), {}, device), device)


def save_state_dict(state_dict: dict[str, Any], path: str | Path, **kwargs: Any) -> None:
    """Save the state of a module into a folder, as `state_dict.pth`."""
    import torch

    if not isinstance(state_dict, dict):
        raise TypeError(
            f"Invalid object type for `state_dict`: {type(state_dict)}. Must be an instance of `dict`"
        )
    Path(path).mkdir(parents=True, exist_ok=True)
    torch.save(state_dict, Path(path) / _STATE, **kwargs)


def log_state_dict(state_dict: dict[str, Any], artifact_path: str, **kwargs: Any) -> None:
    """Store the state of a module among the artifacts of the active run."""
    import tempfile

    from trackhelm.fluent.artifacts import log_artifacts

    with tempfile.TemporaryDirectory(prefix="trackhelm-") as folder:
        save_state_dict(state_dict, folder, **kwargs)
        log_artifacts(folder, artifact_path)


def load_state_dict(state_dict_uri: str, **kwargs: Any) -> dict[str, Any]:
    """Return the state of a module at a path or URI. Only tensors and plain values are loaded."""
    import torch

    from trackhelm.artifacts import download_artifacts
    from trackhelm.models.loading import local_path_of

    local = local_path_of(state_dict_uri)
    folder = local if local is not None else Path(download_artifacts(state_dict_uri))
    found: dict[str, Any] = torch.load(folder / _STATE, **{"weights_only": True, **kwargs})
    return found
