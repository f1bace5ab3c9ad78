"""What the code of a model says and asks while it runs: `set_model` and `ModelConfig`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from trackhelm.exceptions import MlflowException
from trackhelm.models.model import read_yaml

_model: ContextVar[Any] = ContextVar("trackhelm_model_of_code", default=None)
_config: ContextVar[Any] = ContextVar("trackhelm_model_config", default=None)


class ModelConfig:
    """The configuration with which a model is loaded; while it is developed, a YAML file or dictionary.

    Args:
        development_config: The configuration where the code does not run as that of a model.

    Example:
        >>> import trackhelm as mlflow
        >>> config = mlflow.models.ModelConfig(development_config={"threshold": 0.5})
        >>> config.get("threshold")
        0.5
    """

    def __init__(self, *, development_config: str | Path | Mapping[str, Any] | None = None) -> None:
        given = _config.get()
        given = development_config if given is None else given
        if given is None:
            raise FileNotFoundError(
                "Config file is not provided which is needed to load the model. Please provide a valid path."
            )
        self.config = config_of(given)

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration."""
        return dict(self.config)

    def get(self, key: str) -> Any:
        """Return a value.

        Raises:
            KeyError: There is none.
        """
        if key not in self.config:
            raise KeyError(f"Key {key} not found in configuration: {self.config}.")
        return self.config[key]


def config_of(given: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that a dictionary or a YAML or JSON file is."""
    return dict(given) if isinstance(given, Mapping) else read_yaml(Path(given))


def set_model(model: Any) -> None:
    """Say which object is the model, in a Python file that is saved as a model.

    Args:
        model: A `PythonModel`, or a function that takes the input.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.models.set_model(lambda model_input: model_input)
    """
    if not (hasattr(model, "predict") or callable(model)):
        raise MlflowException(
            "Model should either be an instance of PyFuncModel, Langchain type, or callable, but a "
            f"{type(model).__name__} was given"
        )
    _model.set(model)


@contextmanager
def running(config: Any) -> Iterator[ContextVar[Any]]:
    """Let the code of a model run in this block; yields what holds the model that it sets."""
    tokens = _model.set(None), _config.set({} if config is None else config)
    try:
        yield _model
    finally:
        _model.reset(tokens[0])
        _config.reset(tokens[1])
