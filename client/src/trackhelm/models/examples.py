"""Input examples: how they are written beside a model, and read again.

`input_example.json` holds the example, and `serving_input_example.json` the request that asks a scoring
server about it. This module must not know of flavours.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.models.model import Model

EXAMPLE_FILE: Final = "input_example.json"
SERVING_FILE: Final = "serving_input_example.json"
_DATA: Final = "data"
_PARAMS: Final = "params"
LLM_KEYS: Final = frozenset({"messages", "prompt", "input"})
"""The names of which one in a request means that it is of a language model, and is not wrapped."""


def jsonable(value: Any) -> Any:
    """Return what `json` cannot write in a form that it can, as `default` of `json.dumps`."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class Example:
    """An input example as it is saved: `info` for the MLmodel file, and the contents of both files.

    Args:
        given: A data frame, an array, a sparse matrix, a dictionary or list of values or arrays, or a tuple
            of one of these and the params of the inference.
    """

    def __init__(self, given: Any) -> None:
        self.data, self.params = _split(deepcopy(given))
        self.info: dict[str, str] = {"artifact_path": EXAMPLE_FILE}
        if self.params:
            self.info[_PARAMS] = "true"
        stored, serving = self._forms(self.data)
        if self.params is not None:
            stored = {_DATA: stored, _PARAMS: self.params}
            is_llm = isinstance(self.data, dict) and LLM_KEYS & self.data.keys()
            serving = {**serving, **(self.params if is_llm else {_PARAMS: self.params})}
        self.content = json.dumps(stored, default=jsonable)
        self.serving_content = json.dumps(serving, default=jsonable, indent=2)
        self.info["serving_input_path"] = SERVING_FILE

    def _forms(self, data: Any) -> tuple[Any, dict[str, Any]]:
        """Return what is stored and what is sent to a server, and note the type."""
        kind = type(data).__module__.partition(".")[0]
        if hasattr(data, "model_dump"):
            data = data.model_dump()
        if isinstance(data, dict):
            arrays = [isinstance(value, np.ndarray) for value in data.values()]
            if any(arrays) and not all(arrays):
                raise MlflowException.invalid_parameter_value(
                    "Mixed types in dictionary are not supported as input examples. Found numpy arrays and "
                    "other types."
                )
            self.info["type"] = "ndarray" if any(arrays) else "json_object"
            if any(arrays):
                data = {name: _without_missing(value) for name, value in data.items()}
            return data, data if LLM_KEYS & data.keys() and not any(arrays) else {"inputs": data}
        if isinstance(data, np.ndarray):
            self.info["type"] = "ndarray"
            stored = _without_missing(data)
            return stored, {"inputs": stored}
        if kind == "scipy":
            self.info["type"] = f"sparse_matrix_{data.format}"
            parts = {"data": data.data, "indices": data.indices, "indptr": data.indptr, "shape": data.shape}
            return parts, {"inputs": data.toarray()}
        if kind == "pandas" and hasattr(data, "columns"):
            self.info |= {"type": "dataframe", "pandas_orient": "split"}
            stored = _split_dict(data)
            return stored, {"dataframe_split": stored}
        if isinstance(data, list) or np.isscalar(data) or isinstance(data, dt.datetime):
            if _has_array(data):
                raise MlflowException.invalid_parameter_value(
                    "Numpy arrays in list are not supported as input examples."
                )
            self.info["type"] = "json_object"
            return data, {"inputs": data}
        raise MlflowException.invalid_parameter_value(
            "An input example is a pandas.DataFrame, a numpy.ndarray, a sparse matrix of scipy, a dictionary "
            f"or list of them or of values, a scalar, or a datetime, but got '{type(data)}'"
        )

    def save(self, folder: Path, model: "Model") -> None:
        """Write both files into a folder, and note them in a model."""
        (folder / EXAMPLE_FILE).write_text(self.content, encoding="utf-8")
        (folder / SERVING_FILE).write_text(self.serving_content, encoding="utf-8")
        model.saved_input_example_info = dict(self.info)


def convert_input_example_to_serving_input(input_example: Any) -> str | None:
    """Return the request, as JSON, that asks a scoring server about an input example."""
    return None if input_example is None else Example(input_example).serving_content


def _split(given: Any) -> tuple[Any, dict[str, Any] | None]:
    if isinstance(given, tuple) and [isinstance(one, dict) for one in given][1:] == [True]:
        return given[0], given[1]
    return given, None


def _split_dict(frame: Any) -> dict[str, Any]:
    import pandas as pd

    found: dict[str, Any] = frame.astype(object).where(pd.notna(frame), None).to_dict(orient="split")
    # Models are not asked about the index, and names that are only numbers say nothing.
    del found["index"]
    if isinstance(frame.columns, pd.RangeIndex):
        del found["columns"]
    return found


def _without_missing(array: Any) -> Any:
    if array.dtype.kind == "f" and np.isnan(array).any():
        return np.where(np.isnan(array), None, array.astype(object))
    return array


def _has_array(data: Any) -> bool:
    if isinstance(data, np.ndarray):
        return True
    if isinstance(data, list):
        return any(_has_array(one) for one in data)
    return isinstance(data, dict) and any(_has_array(one) for one in data.values())


Read = Callable[[str], str]
"""Returns the text of a file of the model."""


def load_example(model: "Model", read: Read) -> Any:
    """Return the input example of a model, as it was given; None if there is none."""
    info = model.saved_input_example_info
    if info is None:
        return None
    stored = json.loads(read(info["artifact_path"]))
    if info.get(_PARAMS):
        stored = stored[_DATA]
    kind, schema = info["type"], model.get_input_schema()
    if kind == "json_object":
        return stored
    if kind == "dataframe":
        from trackhelm.models.payloads import frame_of_split

        return frame_of_split(stored, schema)
    if kind == "ndarray":
        from trackhelm.models.payloads import tensors_of_inputs

        return tensors_of_inputs(stored, schema)
    if kind.startswith("sparse_matrix_"):
        import scipy.sparse

        parts = stored["data"], stored["indices"], stored["indptr"]
        matrix = scipy.sparse.csc_matrix if kind.endswith("csc") else scipy.sparse.csr_matrix
        return matrix(parts, shape=tuple(stored["shape"]))
    raise MlflowException(f"The input example of this model is of the type {kind!r}, which is not known")


def load_example_params(model: "Model", read: Read) -> Mapping[str, Any] | None:
    """Return the params of a model's input example; None if it has none."""
    info = model.saved_input_example_info
    if info is None or not info.get(_PARAMS):
        return None
    params: Mapping[str, Any] = json.loads(read(info["artifact_path"]))[_PARAMS]
    return params
