"""The Open Inference Protocol v2: tensors by name, type and shape, as JSON or as Triton's binary extension.

https://github.com/kserve/open-inference-protocol. This module turns requests into questions, and answers into
responses; it knows no HTTP but the header that says where binary data begins.
"""

import json
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import BAD_REQUEST, MlflowException
from trackhelm.serving.batching import Question
from trackhelm.serving.questions import of_data
from trackhelm.types.schema import DataType, Schema, TensorSpec

EXTENSIONS: Final = ["binary_tensor_data"]
_TYPES: Final = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
_NAMES: Final = {np.dtype(dtype): name for name, dtype in _TYPES.items()}
_LENGTH_BYTES: Final = 4


def model_metadata(name: str, version: str | None, metadata: Any) -> dict[str, Any]:
    """Return the description of a model: its inputs and outputs with their types and shapes."""
    flavor = metadata.flavors["python_function"]
    return {
        "name": name,
        "versions": [] if version is None else [version],
        "platform": str(flavor.get("loader_module", "")).replace(".", "_"),
        "inputs": _described(metadata.get_input_schema(), "input"),
        "outputs": _described(metadata.get_output_schema(), "output"),
    }


def _described(schema: Schema | None, kind: str) -> list[dict[str, Any]]:
    found = []
    for place, one in enumerate(schema or ()):
        name = f"{kind}-{place}" if one.name is None else str(one.name)
        if isinstance(one, TensorSpec):
            found.append({"name": name, "datatype": _name_of(one.type), "shape": list(one.shape)})
        else:
            dtype = one.type.to_numpy() if isinstance(one.type, DataType) else np.dtype(object)
            found.append({"name": name, "datatype": _name_of(dtype), "shape": [-1]})
    return found


def _name_of(dtype: Any) -> str:
    return _NAMES.get(np.dtype(dtype), "BYTES")


def read_request(body: bytes, binary_from: int | None, metadata: Any) -> tuple[Question, dict[str, Any]]:
    """Return what a request asks, and the request without its data.

    Args:
        body: JSON, and behind it the binary data of tensors if there is any.
        binary_from: Where that begins, as the header `Inference-Header-Content-Length` says.
        metadata: The `Model`, whose signature says whether the tensors are columns.

    Raises:
        MlflowException: `BAD_REQUEST`: it is not of the protocol's form.
    """
    try:
        request = json.loads(body if binary_from is None else body[:binary_from])
    except ValueError as error:
        raise _bad(f"the request is no JSON: {error}") from error
    inputs = request.get("inputs") if isinstance(request, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise _bad("the request has no `inputs`: a list of tensors is expected")
    rest = b"" if binary_from is None else body[binary_from:]
    tensors: dict[str, Any] = {}
    for one in inputs:
        tensors[str(one.get("name"))], rest = _tensor(one, rest)
    params = request.get("parameters") or {}
    known = {one.name for one in metadata.get_params_schema() or ()}
    given = {name: value for name, value in params.items() if name in known}
    question = of_data(_as_input(tensors, metadata.get_input_schema()))
    if given:
        question.params, question.key = given, None
    return question, request


def _tensor(described: Any, rest: bytes) -> tuple[Any, bytes]:
    """Return a tensor, and the binary data behind its own."""
    if not isinstance(described, dict) or not {"name", "shape", "datatype"} <= described.keys():
        raise _bad("an input has no `name`, `shape` or `datatype`")
    name, datatype = described["name"], described["datatype"]
    shape = described["shape"]
    if datatype != "BYTES" and datatype not in _TYPES:
        raise _bad(f"the input {name!r} has the datatype {datatype!r}, which is none of the protocol's")
    size = (described.get("parameters") or {}).get("binary_data_size")
    try:
        if size is not None:
            content, rest = rest[:size], rest[size:]
            flat = _texts(content) if datatype == "BYTES" else np.frombuffer(content, _TYPES[datatype])
        else:
            flat = np.asarray(described["data"], object if datatype == "BYTES" else _TYPES[datatype]).ravel()
        return flat.reshape(shape), rest
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _bad(
            f"the input {name!r} cannot be read as {datatype} of the shape {shape}: {error!r}"
        ) from error


def _texts(content: bytes) -> Any:
    """Return texts that are written one behind the other, each with its length before it."""
    found, place = [], 0
    while place < len(content):
        length = int.from_bytes(content[place : place + _LENGTH_BYTES], "little")
        place += _LENGTH_BYTES
        found.append(content[place : place + length].decode("utf-8"))
        place += length
    return np.array(found, dtype=object)


def _as_input(tensors: dict[str, Any], schema: Schema | None) -> Any:
    """Return the tensors as the model takes them: a data frame, an array, or a dictionary of arrays."""
    is_columns = schema is not None and not schema.is_tensor_spec()
    flat = {name: one.reshape(-1) for name, one in tensors.items() if one.ndim == 1 or one.shape[1:] == (1,)}
    if is_columns or (schema is None and len(tensors) > 1 and len(flat) == len(tensors)):
        import pandas as pd

        if len(flat) == len(tensors) and len({len(one) for one in flat.values()}) == 1:
            frame = pd.DataFrame(flat)
            from trackhelm.models.payloads import typed_frame

            return typed_frame(frame, schema)
        only = next(iter(tensors.values()))
        if len(tensors) == 1 and only.ndim == 2 and schema is not None and only.shape[1] == len(schema):  # noqa: PLR2004 - rows and columns
            names = schema.input_names() if schema.has_input_names() else None
            return typed_frame_of(only, names, schema)
        raise _bad(
            "the model takes columns: one tensor of the shape [rows] for each, or one of [rows, columns]"
        )
    if len(tensors) == 1 and (schema is None or not schema.has_input_names()):
        return next(iter(tensors.values()))
    return tensors


def typed_frame_of(array: Any, names: list[Any] | None, schema: Schema) -> Any:
    """Return the data frame of rows that are one tensor, with the types of a schema."""
    import pandas as pd

    from trackhelm.models.payloads import typed_frame

    return typed_frame(pd.DataFrame(array, columns=names), schema)


def write_response(
    predicted: Any, request: dict[str, Any], name: str, version: str | None
) -> tuple[bytes, int | None]:
    """Return the body of a response, and where its binary data begins if the request asks for any."""
    wanted = {str(one.get("name")): one.get("parameters") or {} for one in request.get("outputs") or ()}
    all_binary = bool((request.get("parameters") or {}).get("binary_data_output"))
    outputs, chunks = [], []
    for output, array in _outputs(predicted).items():
        if wanted and output not in wanted and len(_outputs(predicted)) > 1:
            continue
        # A single output has whichever name is asked for, since models do not name theirs.
        named = next(iter(wanted)) if len(wanted) == 1 and output not in wanted else output
        one: dict[str, Any] = {"name": named, "shape": list(array.shape), "datatype": _name_of(array.dtype)}
        if wanted.get(named, {}).get("binary_data", all_binary):
            content = _bytes(array)
            one["parameters"] = {"binary_data_size": len(content)}
            chunks.append(content)
        else:
            one["data"] = _values(array)
        outputs.append(one)
    answer: dict[str, Any] = {"model_name": name}
    if version is not None:
        answer["model_version"] = version
    if request.get("id") is not None:
        answer["id"] = request["id"]
    head = json.dumps({**answer, "outputs": outputs}, default=str).encode()
    return head + b"".join(chunks), len(head) if chunks else None


def _outputs(predicted: Any) -> dict[str, Any]:
    if hasattr(predicted, "iloc") and hasattr(predicted, "columns"):
        return {str(name): _array(predicted[name].to_numpy()) for name in predicted.columns}
    if isinstance(predicted, dict):
        return {str(name): _array(one) for name, one in predicted.items()}
    return {"output-0": _array(predicted)}


def _array(value: Any) -> Any:
    found = np.asarray(value)
    found = found if found.ndim else found.reshape(1)
    return found if found.dtype in _NAMES else found.astype(object)


def _values(array: Any) -> list[Any]:
    flat = array.ravel().tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if np.isfinite(value) else None for value in flat]
    return [value if isinstance(value, (bool, int, float, str)) else str(value) for value in flat]


def _bytes(array: Any) -> bytes:
    if array.dtype != object:
        content: bytes = np.ascontiguousarray(array).tobytes()
        return content
    texts = [str(value).encode() for value in array.ravel()]
    return b"".join(len(text).to_bytes(_LENGTH_BYTES, "little") + text for text in texts)


def _bad(message: str) -> MlflowException:
    return MlflowException(message, error_code=BAD_REQUEST)
