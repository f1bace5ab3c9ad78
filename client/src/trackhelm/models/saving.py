"""Saving a model as a folder: what all flavours have in common.

A flavour writes its own files into `ModelFolder.path` and calls `finish`, which adds everything else: the
input example, the signature, code, requirements, and the MLmodel file with the digests of all that is
executed.
"""

import logging
import platform
import shutil
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException
from trackhelm.models import requirements
from trackhelm.models.enforcement import enforced_input, enforced_params
from trackhelm.models.examples import Example
from trackhelm.models.model import MLMODEL, Model
from trackhelm.models.signature import ModelSignature
from trackhelm.models.trust import EXECUTED, digest_of, note_written
from trackhelm.types.inference import infer_param_schema, infer_schema
from trackhelm.types.schema import AnyType, ColSpec, Schema

CODE: Final = "code"
_logger = logging.getLogger("trackhelm")


class ModelFolder:
    """A folder in which a model is being saved.

    Args:
        path: The folder, which is not there yet or is empty.
        model: The description to fill; a new one by default.
        signature: What the model takes and gives; False for none, also where an example is given.
        input_example: An example of what it takes.
        metadata: What the user notes.
        code_paths: Python files and folders that the model imports.
        extra_files: Paths or URIs of files that are kept beside the model.
        conda_env: See `requirements.write_environment`, likewise the next two.
        pip_requirements: Likewise.
        extra_pip_requirements: Likewise.
    """

    def __init__(
        self,
        path: str | Path,
        model: Model | None = None,
        *,
        signature: Any = None,
        input_example: Any = None,
        metadata: dict[str, Any] | None = None,
        code_paths: Iterable[str] | None = None,
        extra_files: Iterable[str] | None = None,
        conda_env: Any = None,
        pip_requirements: Any = None,
        extra_pip_requirements: Any = None,
    ) -> None:
        self.path = Path(path)
        if self.path.exists() and any(self.path.iterdir()):
            raise MlflowException(
                message=f"Path '{path}' already exists and is not empty", error_code=RESOURCE_ALREADY_EXISTS
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self.model = model if model is not None else Model()
        self.example = None if input_example is None else Example(input_example)
        if self.example is not None:
            self.example.save(self.path, self.model)
        self._wants_signature = signature is None and self.example is not None
        if isinstance(signature, ModelSignature):
            self.model.signature = signature
        if metadata is not None:
            self.model.metadata = metadata
        self.code = self._copy_code(code_paths)
        self._extra_files = list(extra_files or ())
        self._environment = (conda_env, pip_requirements, extra_pip_requirements)

    def _copy_code(self, code_paths: Iterable[str] | None) -> str | None:
        if code_paths is None:
            return None
        if isinstance(code_paths, str):
            raise TypeError(f"Argument code_paths should be a list, not {type(code_paths)}")
        target = self.path / CODE
        target.mkdir()
        for one in map(Path, code_paths):
            if one.is_dir():
                shutil.copytree(
                    one,
                    target / one.resolve().name,
                    ignore=shutil.ignore_patterns("__pycache__"),
                    dirs_exist_ok=True,
                )
            else:
                shutil.copy(one, target / one.name)
        return CODE

    def infer_signature(self, predict: Callable[..., Any]) -> None:
        """Infer the signature of the input example, and what the model predicts for it, unless one was given.

        Nothing that goes wrong here keeps the model from being saved.
        """
        if not self._wants_signature or self.example is None:
            return
        try:
            self.model.signature = inferred_signature(self.example, predict)
        except Exception as error:  # noqa: BLE001 - the user's model may raise anything
            _logger.warning("The signature cannot be inferred of the input example: %r", error)

    def add_extra_files(self) -> dict[str, Any]:
        """Copy the extra files, and return what is written of them into a flavour."""
        if not self._extra_files:
            return {}
        from trackhelm.artifacts import download_artifacts

        folder = self.path / "extra_files"
        folder.mkdir()
        for one in self._extra_files:
            if ":/" in str(one):
                download_artifacts(str(one), dst_path=str(folder))
            else:
                shutil.copy(one, folder)
        names = [Path(str(one)).name for one in self._extra_files]
        return {"extra_files": [{"path": f"extra_files/{name}"} for name in names]}

    def add_pyfunc(self, loader_module: str, **fields: Any) -> None:
        """Add the flavour `python_function`, by which a model is served.

        Args:
            loader_module: MLflow's name of the module that loads it.
            fields: What that module reads.
        """
        code = {} if self.code is None else {"code": self.code}
        self.model.add_flavor(
            "python_function",
            loader_module=loader_module,
            python_version=platform.python_version(),
            env={"conda": requirements.CONDA, "virtualenv": requirements.PYTHON},
            **code,
            **fields,
        )

    def finish(self, default_requirements: Iterable[str], modules: Iterable[str] = ()) -> None:
        """Write everything that is still missing.

        Args:
            default_requirements: The distributions that the flavour needs.
            modules: The first names of more modules that the model needs.
        """
        named = set(modules)
        for file in self.path.rglob("*.pkl"):
            named |= requirements.modules_of_pickle(file)
        if self.code is not None:
            named |= requirements.modules_of_code(self.path / CODE)
            named -= {one.stem for one in (self.path / CODE).iterdir()}
        found = requirements.requirements_of_modules(named)
        pinned = {requirements.pinned(one) for one in default_requirements}
        requirements.write_environment(self.path, found | pinned, *self._environment)
        self.model.file_digests = {
            file.relative_to(self.path).as_posix(): digest_of(file)
            for file in sorted(self.path.rglob("*"))
            if file.is_file() and file.suffix in EXECUTED
        } or None
        own = {MLMODEL, *requirements.ENVIRONMENT_FILES}
        self.model.model_size_bytes = sum(
            file.stat().st_size for file in self.path.rglob("*") if file.is_file() and file.name not in own
        )
        self.model.save(self.path / MLMODEL)
        note_written(self.path)


def inferred_signature(example: Example, predict: Callable[..., Any]) -> ModelSignature:
    """Return the signature of an input example and what a model predicts for it."""
    inputs = infer_schema(example.data)
    params = infer_param_schema(example.params) if example.params else None
    data = enforced_input(deepcopy(example.data), inputs)
    predicted = predict(data, enforced_params(example.params, params)) if params else predict(data)
    # For rows with columns, an array has one value for each row: a column.
    is_column = isinstance(predicted, np.ndarray) and predicted.ndim == 1
    if not inputs.is_tensor_spec() and is_column:
        import pandas as pd

        predicted = pd.Series(predicted)
    try:
        outputs = infer_schema(predicted, is_input=False)
    except MlflowException as error:
        _logger.warning("The schema of the outputs cannot be inferred: %s", error)
        outputs = Schema([ColSpec(AnyType())])
    return ModelSignature(inputs, outputs, params)


def named_class(value: Any) -> str:
    """Return the name of an object's class, with that of its module."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


SHARED: Final = (
    "signature",
    "input_example",
    "metadata",
    "code_paths",
    "extra_files",
    "conda_env",
    "pip_requirements",
    "extra_pip_requirements",
)
"""The parameters of `ModelFolder` that every flavour's `save_model` has."""


def shared(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return, of the arguments of a `save_model`, those that are for its `ModelFolder`."""
    return {name: given[name] for name in SHARED if name in given}
