"""Checking data against a signature, and widening it where nothing is lost.

Columns that a signature does not name are left out, those that are missing are refused. Integers become
longer integers, floats doubles, and integers of at most 32 bits doubles; nothing is narrowed.
"""

import datetime as dt
import logging
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from trackhelm.types.inference import is_missing, tensor_type
from trackhelm.types.schema import (
    AnyColumnType,
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSchema,
    Schema,
    TensorSpec,
)

_logger = logging.getLogger("trackhelm")

_WIDER: Final = {
    DataType.long: (DataType.integer,),
    DataType.float: (DataType.integer, DataType.long),
    DataType.double: (DataType.integer, DataType.long, DataType.float),
}


def enforced_input(data: Any, schema: Schema) -> Any:
    """Return data as a model with a schema takes it: a data frame for columns, arrays for tensors.

    Raises:
        MlflowException: Something is missing, or of a type that cannot be widened to that of the schema.
    """
    import pandas as pd

    if isinstance(data, pd.Series):
        data = pd.DataFrame(data)
    if not schema.is_tensor_spec():
        data = _as_frame(data, schema)
    if schema.has_input_names():
        data = _checked_names(data, schema)
    elif not schema.is_tensor_spec() and len(data.columns) < len(schema):
        raise _invalid(
            f"Model inference is missing inputs. The model signature declares {len(schema)} inputs  but the "
            f"provided value only has {len(data.columns)} inputs. Note: the inputs were not named in the "
            "signature so we can only verify their count."
        )
    return _enforced_tensors(data, schema) if schema.is_tensor_spec() else _enforced_columns(data, schema)


def enforced_params(params: Any, schema: ParamSchema | None) -> dict[str, Any] | None:
    """Return the params of an inference, with the defaults of those that are not given.

    Params that the schema does not name are ignored with a warning, all of them if there is no schema.
    """
    if schema is None:
        if not params:
            return params  # type: ignore[no-any-return]  # nothing, as it was given
        _logger.warning(
            "`params` can only be specified at inference time if the model signature defines a params "
            "schema. This model does not define a params schema. Ignoring provided params: %s",
            list(params) if isinstance(params, dict) else params,
        )
        return {}
    if params is not None and not isinstance(params, dict):
        raise _invalid(f"Parameters must be a dictionary. Got type '{type(params).__name__}'.")
    given = {str(name): value for name, value in (params or {}).items()}
    known = {one.name for one in schema}
    if set(given) - known:
        _logger.warning(
            "Unrecognized params %s are ignored for inference. Supported params are: %s. To enable them, "
            "please add corresponding schema in ModelSignature.",
            sorted(set(given) - known),
            sorted(known),
        )
    found, invalid = {}, []
    for one in schema:
        try:
            found[one.name] = one.checked(given[one.name]) if one.name in given else one.default
        except MlflowException as error:
            invalid.append((one.name, error.message))
    if invalid:
        raise _invalid(f"Invalid parameters found: {invalid!r}")
    return found


def enforced_param(value: Any, dtype: DataType) -> Any:
    """Return a single value of a param as Python's type, widened if need be."""
    if value is None:
        return None
    if dtype is DataType.datetime:
        try:
            found = np.datetime64(value).item()
        except ValueError as error:
            raise _invalid(
                f"Failed to convert value `{value}` from type `{type(value)}` to `{dtype}`"
            ) from error
        if isinstance(found, int):
            raise _invalid(
                f"Failed to convert value to `{dtype}`. It must be convertible to datetime.date/datetime, "
                f"got `{value}`"
            )
        return found
    if not np.isscalar(value):
        raise _invalid(f"Value must be a scalar for type `{dtype}`, got `{value!r}`")
    if any(DataType.check_type(one, value) for one in (dtype, *_WIDER.get(dtype, ()))):
        return dtype.to_python()(value)
    raise _invalid(f"Can not safely convert `{type(value)}` to `{dtype}` for value `{value!s}`")


def enforced_value(value: Any, dtype: AnyColumnType, required: bool = True) -> Any:
    """Return one value of a column, which may be a list or a dictionary."""
    if isinstance(dtype, AnyType) or (not required and is_missing(value)):
        return value
    if isinstance(dtype, DataType):
        return _enforced_scalar(value, dtype)
    if isinstance(dtype, Array):
        return _enforced_array(value, dtype, required)
    if isinstance(dtype, Object):
        return _enforced_object(value, dtype, required)
    if isinstance(dtype, Map):
        return _enforced_map(value, dtype, required)
    return value


def _as_frame(data: Any, schema: Schema) -> Any:
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if np.isscalar(data):
        return pd.DataFrame([data])
    if isinstance(data, dict):
        try:
            return pd.DataFrame([data] if _is_row(data, schema) else _columns(data))
        except (ValueError, TypeError) as error:
            raise _invalid(
                "This model contains a column-based signature, which suggests a DataFrame input. There was "
                f"an error casting the input data to a DataFrame: {error}"
            ) from error
    if isinstance(data, (list, np.ndarray)):
        return pd.DataFrame(data)
    raise _invalid(f"Expected input to be DataFrame. Found: {type(data).__name__}")


def _is_row(data: dict[str, Any], schema: Schema) -> bool:
    """Return whether a dictionary is one row, and not columns with several values."""
    if any(isinstance(one.type, (Array, Object)) for one in schema):
        return True

    def single(value: Any) -> bool:
        if isinstance(value, list):
            return all(isinstance(one, str) for one in value)
        return value is None or np.isscalar(value) or (isinstance(value, np.ndarray) and value.shape == ())

    return all(single(value) for value in data.values())


def _columns(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) and value.ndim > 1 else value
        for name, value in data.items()
    }


def _checked_names(data: Any, schema: Schema) -> Any:
    required = schema.required_input_names()
    if len(required) == 1 and isinstance(data, np.ndarray):
        data = {required[0]: data}
    names = list(data) if hasattr(data, "keys") else []
    missing = [name for name in required if name not in names]
    known = set(schema.input_names())
    more = [name for name in names if name not in known]
    if missing:
        also = f" Note that there were extra inputs: {more}." if more else ""
        raise _invalid(f"Model is missing inputs {missing}.{also}")
    if more:
        _logger.warning(
            "Found extra inputs in the model input that are not defined in the model signature: `%s`. These "
            "inputs will be ignored.",
            more,
        )
    return data


def _enforced_columns(frame: Any, schema: Schema) -> Any:
    import pandas as pd

    if schema.has_input_names():
        pairs = [(one.name, one) for one in schema if one.name in frame]
    else:
        pairs = list(zip(frame.columns[: len(schema)], schema, strict=True))
    # Taken once each: pandas 3 makes another object whenever a column is asked for.
    given = {name: frame[name] for name, _ in pairs}
    found = {name: _enforced_column(name, given[name], one) for name, one in pairs}
    if list(given) == list(frame.columns) and all(found[name] is given[name] for name in given):
        return frame
    return pd.DataFrame(found)


def _enforced_column(name: Any, column: Any, spec: Any) -> Any:
    import pandas as pd

    assert isinstance(spec, ColSpec), "a schema of columns"
    if isinstance(spec.type, DataType):
        return _enforced_simple_column(name, column, spec.type)
    return pd.Series(
        [enforced_value(one, spec.type, spec.required) for one in column], index=column.index, name=name
    )


def _enforced_simple_column(name: Any, column: Any, dtype: DataType) -> Any:
    import pandas as pd

    if column.dtype == object and dtype not in {DataType.binary, DataType.string}:
        column = column.infer_objects()
    is_text = isinstance(column.dtype, pd.StringDtype)
    if dtype in {DataType.string, DataType.binary} and (is_text or column.dtype == object):
        return column
    wanted, kind = dtype.to_numpy(), column.dtype.kind
    if column.dtype == wanted or column.dtype == dtype.to_pandas():
        return column
    if dtype is DataType.binary and kind == wanted.kind:
        return column
    if dtype is DataType.datetime and (kind == "M" or column.dtype == object):
        return _as_times(name, column, wanted)
    if dtype is DataType.boolean and column.dtype == object:
        return column
    if dtype is DataType.double and column.dtype == object:
        return _as_doubles(name, column)
    if _is_widening(column.dtype, wanted) or _is_zeros_and_ones(column, wanted):
        return column.astype(wanted, errors="raise")
    raise _invalid(
        f"Incompatible input types for column {name}. Can not safely convert {column.dtype} to {wanted}."
        f"{_hint_of_missing(column, wanted)}"
    )


def _is_widening(dtype: Any, wanted: Any) -> bool:
    if dtype.kind == wanted.kind:
        return bool(dtype.itemsize <= wanted.itemsize)
    if dtype.kind == "u" and wanted.kind == "i":
        return bool(dtype.itemsize < wanted.itemsize)
    return dtype.kind in {"i", "u"} and wanted == np.float64 and dtype.itemsize <= np.dtype(np.int32).itemsize


def _is_zeros_and_ones(column: Any, wanted: Any) -> bool:
    """Return whether integers may become floats all the same, as flags that a model takes as numbers."""
    return bool(column.dtype == np.int64 and wanted.kind == "f" and column.isin([0, 1]).all())


def _hint_of_missing(column: Any, wanted: Any) -> str:
    if column.dtype == np.float64 and wanted.kind in {"i", "u"} and column.hasnans:
        present = column.dropna()
        if (present == present.astype(np.int64)).all():
            return (
                " Hint: the type mismatch is likely caused by missing values, with which integers are "
                "encoded as floats: infer the signature of data that has missing values, or declare such "
                "columns as doubles."
            )
    return ""


def _as_times(name: Any, column: Any, wanted: Any) -> Any:
    try:
        return column.astype(wanted)
    except TypeError as error:
        raise _invalid(
            "Please ensure that the input data of datetime column only contains timezone-naive datetime "
            f"objects. Error: {error}"
        ) from error
    except ValueError as error:
        raise _invalid(
            f"Failed to convert column {name} from type {column.dtype} to {DataType.datetime}."
        ) from error


def _as_doubles(name: Any, column: Any) -> Any:
    """Return a column of decimals, as Spark has them, as doubles."""
    from decimal import Decimal

    import pandas as pd

    if all(isinstance(one, Decimal) or is_missing(one) for one in column):
        return pd.to_numeric(column, errors="raise").astype(np.float64)
    raise _invalid(
        f"Incompatible input types for column {name}. Can not safely convert {column.dtype} to float64."
    )


def _enforced_scalar(value: Any, dtype: DataType) -> Any:
    import pandas as pd

    if not (np.isscalar(value) or isinstance(value, dt.date)):
        raise _invalid(f"Expected data to be scalar, got {type(value).__name__}")
    try:
        return _enforced_simple_column("", pd.Series(value), dtype)[0]
    except MlflowException as error:
        raise _invalid(f"Failed to enforce schema of data `{value!s}` with dtype `{dtype.name}`") from error


def _enforced_array(value: Any, array: Array, required: bool) -> Any:
    import pandas as pd

    if not isinstance(value, (list, np.ndarray)):
        if value is None and isinstance(array.dtype, AnyType):
            return value
        raise _invalid(f"Expected data to be list or numpy array, got {type(value).__name__}")
    if not len(value):
        return value
    if isinstance(array.dtype, DataType):
        column = _enforced_simple_column("", pd.Series(value), array.dtype)
        found = column.to_numpy(dtype=array.dtype.to_numpy())
        return found.tolist() if isinstance(value, list) else found
    items = [enforced_value(one, array.dtype, required) for one in value]
    return items if isinstance(value, list) else np.array(items)


def _enforced_object(value: Any, described: Object, required: bool) -> Any:
    if not required and not value:
        return value
    if hasattr(value, "asDict"):  # a row of Spark
        value = value.asDict(recursive=True)
    if not isinstance(value, dict):
        raise _invalid(
            f"Failed to enforce schema of '{value}' with type '{described}'. Expected data to be dictionary, "
            f"got {type(value).__name__}"
        )
    known = {one.name: one for one in described.properties}
    missing = {name for name, one in known.items() if one.required} - value.keys()
    if missing:
        raise _invalid(f"Missing required properties: {missing}")
    if value.keys() - known.keys():
        raise _invalid(f"Invalid properties not defined in the schema found: {value.keys() - known.keys()}")
    for name, one in value.items():
        try:
            value[name] = enforced_value(one, known[name].dtype, known[name].required)
        except MlflowException as error:
            raise _invalid(
                f"Failed to enforce schema for key `{name}`. Expected type {known[name].dtype!r}, received "
                f"type {type(one).__name__}"
            ) from error
    return value


def _enforced_map(value: Any, described: Map, required: bool) -> Any:
    if not required and not value:
        return value
    if not isinstance(value, dict):
        raise _invalid(f"Expected data to be a dict, got {type(value).__name__}")
    if not all(isinstance(name, str) for name in value):
        raise _invalid("Expected all keys in the map type data are string type.")
    return {name: enforced_value(one, described.value_type, required) for name, one in value.items()}


def _enforced_tensors(data: Any, schema: Schema) -> Any:
    import pandas as pd

    specs: list[TensorSpec] = list(schema)  # type: ignore[arg-type]
    if not schema.has_input_names():
        return _enforced_unnamed_tensor(data, specs[0])
    if isinstance(data, pd.DataFrame):
        return {one.name: _tensor_of_column(one.name, data[one.name], one) for one in specs}
    if not isinstance(data, dict):
        raise _invalid(
            "This model contains a tensor-based model signature with input names, which suggests a "
            "dictionary input mapping input name to tensor, or a pandas DataFrame input containing columns "
            f"mapping input name to flattened list value from tensor, but an input of type {type(data)} was "
            "found."
        )
    for one in specs:
        if not isinstance(data[one.name], np.ndarray):
            raise _invalid(
                "This model contains a tensor-based model signature with input names, which suggests a "
                "dictionary input mapping input name to a numpy array, but a dict with value type "
                f"{type(data[one.name])} was found."
            )
    return {one.name: _enforced_tensor(data[one.name], one) for one in specs}


def _enforced_unnamed_tensor(data: Any, spec: TensorSpec) -> Any:
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        count = len(data.columns)
        if data.empty:
            raise _invalid("Input DataFrame is empty.")
        if count == 1:
            return _tensor_of_column(None, data[data.columns[0]], spec)
        if spec.shape != (-1, count):
            raise _invalid(
                "This model contains a model signature with an unnamed input. Since the input data is a "
                "pandas DataFrame containing multiple columns, the input shape must be of the structure (-1, "
                f"number_of_dataframe_columns). Instead, the input DataFrame passed had {count} columns and "
                f"an input shape of {spec.shape} with all values within the DataFrame of scalar type. Please "
                "adjust the passed in DataFrame to match the expected structure"
            )
        return _enforced_tensor(data.to_numpy(), spec)
    if isinstance(data, np.ndarray) or type(data).__module__.startswith("scipy."):
        return _enforced_tensor(data, spec)
    raise _invalid(
        "This model contains a tensor-based model signature with no input names, which suggests a numpy "
        "array input or a pandas dataframe input with proper column values, but an input of type "
        f"{type(data)} was found."
    )


def _enforced_tensor(values: Any, spec: TensorSpec) -> Any:
    dtype = values.dtype
    if spec.shape == (-1,) and spec.type == np.dtype("O"):
        return values
    if len(spec.shape) > 1 and -1 in spec.shape[1:] and len(values.shape) == 1 and dtype == np.dtype("O"):
        return values  # arrays of several lengths
    fits = len(spec.shape) == len(values.shape) and all(
        wanted in {-1, found} for wanted, found in zip(spec.shape, values.shape, strict=True)
    )
    if not fits:
        raise _invalid(f"Shape of input {values.shape} does not match expected shape {spec.shape}.")
    if tensor_type(dtype) != spec.type:
        raise _invalid(f"dtype of input {dtype} does not match expected dtype {spec.type}")
    return values


def _tensor_of_column(name: str | None, column: Any, spec: TensorSpec) -> Any:
    if spec.shape[0] != -1 or -1 in spec.shape[1:]:
        raise _invalid(
            "For pandas dataframe input, the first dimension of shape must be a variable dimension and other "
            "dimensions must be fixed, but in model signature the shape of "
            f"{'input ' + name if name else 'the unnamed input'} is {spec.shape}."
        )
    first = column.iloc[0]
    if np.isscalar(first):
        if spec.shape not in {(-1,), (-1, 1)}:
            raise _invalid(
                f"The input pandas dataframe column '{name}' contains scalar values, which requires the "
                f"shape to be (-1,) or (-1, 1), but got tensor spec shape of {spec.shape}."
            )
        return _enforced_tensor(np.array(column, dtype=spec.type).reshape(spec.shape), spec)
    if not isinstance(first, (list, np.ndarray)):
        raise _invalid(
            "Because the model signature requires tensor spec input, the input pandas dataframe values "
            "should be either scalar value, python list containing scalar values or numpy array containing "
            "scalar values, other types are not supported."
        )
    try:
        found = np.vstack(column.tolist()).reshape(spec.shape)
        found = found.astype(spec.type) if isinstance(first, list) else found
    except ValueError:
        found = np.empty((0,))
    if len(found) != len(column):
        raise _invalid(
            f"The value in the Input DataFrame column '{name}' could not be converted to the expected shape "
            f"of: '{spec.shape}'. Ensure that each of the input list elements are of uniform length and that "
            f"the data can be coerced to the tensor type '{spec.type}'"
        )
    return _enforced_tensor(found, spec)


def _invalid(message: str) -> MlflowException:
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


def validate_schema(data: Any, expected_schema: Schema) -> None:
    """Check data against a schema.

    Raises:
        MlflowException: It does not have what the schema says.
    """
    enforced_input(data, expected_schema)
