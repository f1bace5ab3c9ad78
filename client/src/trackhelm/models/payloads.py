"""What scoring servers are asked: `dataframe_split`, `dataframe_records`, `instances` or `inputs` in JSON.

What is read here becomes what `PyFuncModel.predict` takes, with the types of the signature. CSV and Parquet
are read here, too. How a request came here, and what is answered, is no concern of this module.
"""

import base64
import io
import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import BAD_REQUEST, MlflowException
from trackhelm.models.enforcement import enforced_value
from trackhelm.models.examples import LLM_KEYS, jsonable
from trackhelm.types.schema import AnyType, Array, ColSpec, DataType, Map, Object, Schema, TensorSpec

FORMATS: Final = ("dataframe_records", "dataframe_split", "instances", "inputs")
_REQUIRED: Final = (
    "The input must be a JSON dictionary with exactly one of the input fields {'dataframe_records', "
    "'dataframe_split', 'instances', 'inputs'}"
)


@dataclass
class Payload:
    """What a request asks about: `data`, `params`, and whether it is of a language model, thus unwrapped."""

    data: Any
    params: dict[str, Any] | None
    is_llm: bool = False


def read_json(text: Any, model: Any) -> Payload:
    """Return what a JSON request asks a model about.

    Args:
        text: The body, or what it is as JSON.
        model: The `Model`, whose signature says of what types the values are.

    Raises:
        MlflowException: `BAD_REQUEST`: it is no JSON, or not of MLflow's form.
    """
    given = _decoded(text)
    schema, params_schema = model.get_input_schema(), model.get_params_schema()
    if LLM_KEYS & given.keys():
        known = {one.name for one in params_schema or ()}
        data = {name: value for name, value in given.items() if name not in known}
        return Payload(data, {name: value for name, value in given.items() if name in known}, is_llm=True)
    params = given.pop("params", None)
    if model.is_signature_from_type_hint():
        if "inputs" not in given:
            raise MlflowException.invalid_parameter_value(
                "Request payload must be a dictionary with 'inputs' key when the model contains a valid type "
                f"hint. Found keys in payload: {list(given)}."
            )
        return Payload(given["inputs"], params)
    formats = [name for name in FORMATS if name in given]
    if len(formats) != 1:
        raise _bad(f"{_REQUIRED}. Received dictionary with input fields: {list(given)}.")
    value = given[formats[0]]
    try:
        if formats[0] == "dataframe_split":
            data = frame_of_split(value, schema)
        elif formats[0] == "dataframe_records":
            data = frame_of_records(value, schema)
        elif formats[0] == "instances":
            data = tensors_of_instances(value, schema)
        else:
            data = tensors_of_inputs(value, schema)
    except MlflowException:
        raise
    except Exception as error:
        raise _bad(f"Ensure that the input is a valid JSON-formatted string.\nError: {error!r}") from error
    return Payload(data, params)


def read_csv(text: bytes, schema: Schema | None) -> Any:
    """Return the data frame of CSV in UTF-8, with the types of a schema."""
    import pandas as pd

    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"Ensure that input is a valid UTF-8 encoded string. Error: '{error!r}'") from error
    try:
        return pd.read_csv(io.StringIO(decoded), dtype=csv_types(schema))
    except Exception as error:
        raise _bad(
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid CSV-formatted "
            f"Pandas DataFrame produced using the `pandas.DataFrame.to_csv()` method. Error: '{error}'"
        ) from error


def csv_types(schema: Schema | None) -> dict[Any, Any] | None:
    """Return the types with which the columns of a CSV file are read; None where pandas finds them out."""
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    return {
        one.name: one.type.to_pandas()
        for one in schema
        if isinstance(one.type, DataType) and one.type is not DataType.datetime
    }


def read_parquet(content: bytes) -> Any:
    """Return the data frame of a Parquet file."""
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(content))
    except Exception as error:
        raise _bad(
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid Parquet Pandas "
            f"DataFrame produced using the `pandas.DataFrame.to_parquet()` method. Error: '{error}'"
        ) from error


def predictions_as_json(predictions: Any, *, wrapped: bool = True) -> bytes:
    """Return what is answered: `{"predictions": …}`, or them alone where the request was unwrapped."""
    value = as_plain(predictions)
    return json.dumps({"predictions": value} if wrapped else value, default=jsonable).encode()


def as_plain(predictions: Any) -> Any:
    """Return predictions as lists and dictionaries: the rows of a data frame as records."""
    import pandas as pd

    if isinstance(predictions, np.ndarray):
        if predictions.dtype.kind == "M":
            return [one.isoformat() for one in predictions.astype("datetime64[us]").tolist()]
        return predictions.tolist()
    if isinstance(predictions, pd.DataFrame):
        return predictions.to_dict(orient="records")
    if isinstance(predictions, pd.Series):
        return pd.DataFrame(predictions).to_dict(orient="records")
    return predictions


def _decoded(text: Any) -> dict[str, Any]:
    try:
        given = json.loads(text) if isinstance(text, (bytes, str)) else text
    except ValueError as error:
        raise _bad(
            f"Ensure that input is a valid JSON formatted string. Error: '{error!r}'\nInput: \n{text!r}\n"
        ) from error
    if isinstance(given, dict):
        return given
    if isinstance(given, list):
        raise _bad(f"{_REQUIRED}. Received a list.")
    raise _bad(f"{_REQUIRED}. Received unexpected input type '{type(given)}.")


def frame_of_split(value: Any, schema: Schema | None) -> Any:
    """Return the data frame of pandas' split form: `data`, and perhaps `columns` and `index`."""
    import pandas as pd

    if not isinstance(value, dict):
        raise _bad(f"Dataframe split format must be a dictionary. Got {_kind(value)}.")
    keys = set(value)
    if "data" not in keys or keys - {"columns", "data", "index"}:
        raise _bad(
            "Dataframe split format must have 'data' field and optionally 'columns' and 'index' fields. Got "
            f"{keys}.'"
        )
    try:
        frame = pd.DataFrame(index=value.get("index"), columns=value.get("columns"), data=value["data"])
    except Exception as error:
        raise _bad(
            "Provided dataframe_split field is not a valid dataframe representation in 'split' format. "
            f"Error: '{error}'"
        ) from error
    return typed_frame(frame, schema)


def frame_of_records(value: Any, schema: Schema | None) -> Any:
    """Return the data frame of a list of records."""
    import pandas as pd

    if not isinstance(value, list):
        raise _bad(f"Dataframe records format must be a list of records. Got {_kind(value)}.")
    try:
        frame = pd.DataFrame(data=value)
    except Exception as error:
        raise _bad(
            "Provided dataframe_records field is not a valid dataframe representation in 'records' format. "
            f"Error: '{error}'"
        ) from error
    return typed_frame(frame, schema)


def typed_frame(  # noqa: C901, PLR0912 - a case for each type
    frame: Any, schema: Schema | None
) -> Any:
    """Return a data frame whose columns have the types of a schema, as far as JSON has lost them."""
    import pandas as pd

    if schema is None:
        return frame
    if schema.has_input_names():
        pairs = [(one.name, one) for one in schema if one.name in frame]
    elif schema.is_tensor_spec():
        pairs = [(name, schema.inputs[0]) for name in frame.columns]
    else:
        pairs = list(zip(frame.columns, schema.inputs, strict=False))
    for name, spec in pairs:
        try:
            column = frame[name]
            if isinstance(spec, TensorSpec):
                if not isinstance(column.iloc[0], list):
                    frame[name] = column.astype(spec.type)
            elif isinstance(spec.type, (Array, Object, Map)):
                dtype, required = spec.type, spec.required
                frame[name] = [enforced_value(one, dtype, required) for one in column]
            elif spec.type is DataType.binary:
                frame[name] = [base64.decodebytes(one.encode()) for one in column]
            elif spec.type is DataType.datetime:
                frame[name] = pd.to_datetime(column).astype("datetime64[ns]")
            elif isinstance(spec.type, DataType) and not (
                spec.type is DataType.string and isinstance(column.dtype, pd.StringDtype)
            ):
                wanted = spec.type.to_pandas()
                if column.dtype != wanted:
                    frame[name] = column.astype(wanted)
        except Exception as error:
            wanted = spec.type.to_pandas() if isinstance(spec.type, DataType) else spec.type
            raise _bad(
                f"Data is not compatible with model signature. Failed to convert column {name} to type "
                f"'{wanted}'. Error: '{error!r}'"
            ) from error
    return frame


def tensors_of_inputs(value: Any, schema: Schema | None) -> Any:
    """Return what is given in columns: a value, an array, or a dictionary of them."""
    value = deepcopy(value)
    specs: dict[Any, Any] = schema.input_dict() if schema is not None and schema.has_input_names() else {}
    if schema is not None:
        is_list = isinstance(value, list)
        if len(specs) == 1 and is_list and not any(isinstance(one, dict) for one in value):
            value = {next(iter(specs)): value}
        elif not specs and not (is_list or np.isscalar(value)):
            raise _bad(
                "Failed to parse input data. This model contains an un-named  model signature which expects "
                "a single n-dimensional array or a single value as input, however, an input of type "
                f"{type(value)} was found."
            )
    first = schema.inputs[0] if schema is not None else None
    if isinstance(value, dict):
        return {name: _typed(one, specs.get(name)) for name, one in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return [{name: _typed(one, specs.get(name)) for name, one in row.items()} for row in value]
    return _typed(value, first)


def tensors_of_instances(value: Any, schema: Schema | None) -> Any:
    """Return what is given in rows, as a dictionary of columns if the rows have names."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        specs: dict[Any, Any] = schema.input_dict() if schema is not None and schema.has_input_names() else {}
        columns: dict[str, list[Any]] = {}
        for row in value:
            for name, one in row.items():
                columns.setdefault(name, []).append(_typed(one, specs.get(name)))
        data: Any = {name: np.array(column) for name, column in columns.items()}
    else:
        data = tensors_of_inputs(value, schema)
    if isinstance(data, dict):
        lengths = {
            len(one)
            for name, one in data.items()
            if isinstance(one, (list, np.ndarray)) and np.ndim(one) and not _is_array_column(schema, name)
        }
        if len(lengths) > 1:
            raise _bad("The length of values for each input/column name are not the same")
    return data


def _is_array_column(schema: Schema | None, name: Any) -> bool:
    if schema is None or not schema.has_input_names():
        return False
    spec = schema.input_dict().get(name)
    return spec is None or not spec.required or isinstance(spec.type, Array)


def _typed(value: Any, spec: ColSpec | TensorSpec | None) -> Any:
    """Return a value with the type of a column or tensor."""
    try:
        if spec is None:
            return np.array(value)
        if isinstance(spec, TensorSpec):
            return np.array(value, dtype=spec.type)
        if isinstance(spec.type, DataType):
            dtype = spec.type.to_numpy()
            return (
                np.array(value, dtype)
                if isinstance(value, (list, np.ndarray))
                else np.array([value], dtype)[0]
            )
        if isinstance(spec.type, Array):
            return np.array(enforced_value(value, spec.type, spec.required))
        if isinstance(spec.type, AnyType):
            return value
        return enforced_value(value, spec.type, spec.required)
    except (MlflowException, ValueError, TypeError, OverflowError) as error:
        raise _bad(str(error)) from error


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "dictionary"
    return "list" if isinstance(value, list) else f"type {type(value)}"


def _bad(message: str) -> MlflowException:
    return MlflowException(message, error_code=BAD_REQUEST)
