"""What MLflow's pickles of models with type hints name, under the names that they name.

Here data is not checked against the hints: what is converted for them is in `pyfunc.model`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])


class FuncInfo(NamedTuple):
    """The hint of the input of a `predict`, and the name of that parameter."""

    input_type_hint: Any
    input_param_name: str


def pyfunc(func: _Function) -> _Function:
    """Mark a `predict`. In MLflow, its input is checked against its hints then."""
    vars(func)["_is_pyfunc"] = True  # an attribute of MLflow's
    return func


def _validate_model_input(
    args: tuple[Any, ...], kwargs: dict[str, Any], _index: int, _hint: Any, _name: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs
