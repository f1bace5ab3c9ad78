"""Models of one's own: a class with `predict`, a function, or a Python file that says which is the model.

MLflow's pickles name the classes of this module, whose names and attributes are therefore MLflow's.
"""

import inspect
import logging
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from trackhelm.exceptions import MlflowException
from trackhelm.models.config import running
from trackhelm.models.model import Model
from trackhelm.models.trust import require_trusted

_logger = logging.getLogger("trackhelm")


class PythonModelContext:
    """What a model of one's own has when it is loaded and asked.

    Args:
        artifacts: The local paths of its artifacts by their names.
        model_config: The configuration with which it is loaded.
    """

    def __init__(self, artifacts: dict[str, str], model_config: dict[str, Any] | None) -> None:
        self._artifacts = artifacts
        self._model_config = model_config

    @property
    def artifacts(self) -> dict[str, str]:
        """The local paths of the artifacts by their names."""
        return self._artifacts

    @property
    def model_config(self) -> dict[str, Any] | None:
        """The configuration."""
        return self._model_config


class PythonModel:
    """The base of models of one's own. `predict` may do without `context` and without `params`.

    Example:
        >>> import trackhelm as mlflow
        >>> class Doubled(mlflow.pyfunc.PythonModel):
        ...     def predict(self, context, model_input, params=None):
        ...         return model_input * 2
        >>> mlflow.pyfunc.log_model(name="doubled", python_model=Doubled())
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Prepare what `predict` needs, such as the artifacts. Called once, when the model is loaded."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions for an input."""
        raise NotImplementedError("a model has a method `predict`")

    def predict_stream(
        self, context: Any, model_input: Any, params: dict[str, Any] | None = None
    ) -> Iterator[Any]:
        """Yield the predictions for an input, piece by piece."""
        raise NotImplementedError("this model has no method `predict_stream`")


class _FunctionPythonModel(PythonModel):
    """A function as a model. `signature` is an attribute of MLflow's, and is None here."""

    def __init__(self, func: Any, signature: Any = None) -> None:
        self.func = func
        self.signature = signature

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Call the function."""
        if "params" in inspect.signature(self.func).parameters:
            return self.func(model_input, params=params)
        return self.func(model_input)


class _PythonModelPyfuncWrapper:
    """Asks a model in the way that its `predict` is written."""

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        self.python_model = python_model
        self.context = context

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions."""
        return self._call(self.python_model.predict, model_input, params)

    def predict_stream(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return an iterator of the predictions."""
        return self._call(self.python_model.predict_stream, model_input, params)

    def get_raw_model(self) -> Any:
        """Return the model itself."""
        return self.python_model

    def _call(self, predict: Any, model_input: Any, params: dict[str, Any] | None) -> Any:
        parameters = inspect.signature(predict).parameters
        named = {"params": params} if "params" in parameters else {}
        if not named and params:
            _logger.warning(
                "`params` can only be specified at inference time if the model's `predict` takes them: %s "
                "are ignored",
                sorted(params),
            )
        model_input = self._converted(model_input)
        # `context` is the first of two or more, as MLflow's rule has it.
        places = [
            name
            for name, one in parameters.items()
            if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}
        ]
        if "context" in parameters or len([name for name in places if name != "params"]) > 1:
            return predict(self.context, model_input, **named)
        return predict(model_input, **named)

    def _converted(self, model_input: Any) -> Any:
        """Return a data frame as the list that the hint of `predict` asks for."""
        if not hasattr(model_input, "iloc") or not hasattr(model_input, "columns"):
            return model_input
        function = getattr(self.python_model, "func", None) or self.python_model.predict
        try:
            hints = get_type_hints(function)
        except Exception:  # noqa: BLE001 - hints may name anything, and are only hints
            return model_input
        hint = next(
            (
                hints[name]
                for name in inspect.signature(function).parameters
                if name in hints and name not in {"context", "params"}
            ),
            None,
        )
        if get_origin(hint) is not list:
            return model_input
        (item,) = get_args(hint)
        if item is str:
            texts = [name for name in model_input if isinstance(model_input[name].iloc[0], str)]
            if not texts:
                raise MlflowException.invalid_parameter_value(
                    "Expected model input to contain at least one string column"
                )
            return model_input[texts[0]].tolist()
        if item is dict or get_origin(item) is dict:
            return model_input.to_dict(orient="records")
        return model_input


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> _PythonModelPyfuncWrapper:
    """Return the model of a folder, ready to be asked."""
    folder = Path(path)
    flavor = Model.load(folder).flavor("python_function")
    if flavor.get("model_code_path") is not None:
        # Only the name counts: files of old versions have the path of the machine that saved it.
        python_model = load_code(folder / Path(flavor["model_code_path"]).name, model_config)
    else:
        from trackhelm.pyfunc.stand_in import load_python_model

        file = folder / flavor["python_model"]
        require_trusted(file, "a pickle of a model of its author's own")
        python_model = load_python_model(file, flavor.get("python_model_compression"))
    artifacts: Mapping[str, Any] = flavor.get("artifacts") or {}
    context = PythonModelContext(
        {name: str(folder / one["path"]) for name, one in artifacts.items()}, model_config
    )
    python_model.load_context(context)
    return _PythonModelPyfuncWrapper(python_model, context)


def load_code(file: Path, model_config: Any) -> Any:
    """Run a Python file that calls `set_model`, and return that model.

    Args:
        file: The file.
        model_config: What `ModelConfig` gives while it runs.
    """
    import importlib.util

    from trackhelm.pyfunc.stand_in import provide_mlflow

    require_trusted(file, "the code of a model")
    provide_mlflow()
    name = f"code_model_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "the name ends in .py"
    assert spec.loader is not None, "likewise"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with running(model_config) as held:
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise MlflowException(f"Failed to run user code from {file}. Error: {error}") from error
        python_model = held.get()
        if python_model is None:
            python_model = _set_in_mlflow()
    if python_model is None:
        raise MlflowException(
            "If the model is logged as code, ensure the model is set using mlflow.models.set_model() within "
            "the code file code file."
        )
    return python_model if hasattr(python_model, "predict") else _FunctionPythonModel(python_model)


def _set_in_mlflow() -> Any:
    """Return the model that the code gave to MLflow's own `set_model`, where MLflow is installed, too."""
    module = sys.modules.get("mlflow.models.model")
    found = getattr(module, "__mlflow_model__", None)
    if found is not None:
        module.__mlflow_model__ = None  # type: ignore[union-attr]  # it is there, since it has a model
    return found
