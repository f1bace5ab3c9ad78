"""Models of any library behind one interface, `predict`, and models of one's own.

The names are those of `mlflow.pyfunc`. Each is imported when it is first used.

Example:
    >>> import trackhelm as mlflow
    >>> model = mlflow.pyfunc.load_model("models:/iris-forest@champion")
    >>> model.predict(frame)
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trackhelm.models.requirements import get_model_dependencies
    from trackhelm.pyfunc.loading import PyFuncModel, load_model, load_pyfunc
    from trackhelm.pyfunc.model import PythonModel, PythonModelContext
    from trackhelm.pyfunc.saving import add_to_model, log_model, save_model
    from trackhelm.pyfunc.spark import spark_udf

__all__ = [
    "FLAVOR_NAME",
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "add_to_model",
    "get_model_dependencies",
    "load_model",
    "load_pyfunc",
    "log_model",
    "save_model",
    "spark_udf",
]

FLAVOR_NAME: Final = "python_function"

_HOMES: Final = {
    "PyFuncModel": "pyfunc.loading",
    "PythonModel": "pyfunc.model",
    "PythonModelContext": "pyfunc.model",
    "add_to_model": "pyfunc.saving",
    "get_model_dependencies": "models.requirements",
    "load_model": "pyfunc.loading",
    "load_pyfunc": "pyfunc.loading",
    "log_model": "pyfunc.saving",
    "save_model": "pyfunc.saving",
    "spark_udf": "pyfunc.spark",
}


def __getattr__(name: str) -> Any:
    """Import a name from its module, once."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'trackhelm.pyfunc' has no attribute {name!r}")
    value = getattr(import_module(f"trackhelm.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
