"""From data to a schema: data frames have columns, arrays are tensors, and other values are columns, too."""

import datetime as dt
import math
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import MlflowException
from trackhelm.types.schema import (
    AnyColumnType,
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSchema,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
)

_SCALARS: Final[dict[type, DataType]] = {
    bool: DataType.boolean,
    np.bool_: DataType.boolean,
    int: DataType.long,
    np.int64: DataType.long,
    np.int32: DataType.integer,
    float: DataType.double,
    np.float64: DataType.double,
    np.float32: DataType.float,
    str: DataType.string,
    np.str_: DataType.string,
    object: DataType.string,
    bytes: DataType.binary,
    np.bytes_: DataType.binary,
    bytearray: DataType.binary,
}
_NUMBERS: Final = (
    ("i", 32, DataType.integer),
    ("i", 64, DataType.long),
    ("u", 16, DataType.integer),
    ("u", 32, DataType.long),
    ("f", 32, DataType.float),
    ("f", 64, DataType.double),
)
"""Kinds of numpy types, up to how many bits they are of a type, and that type; the first that fits counts."""
_MIXED: Final = (
    "Expected all values in the list to be of the same type. To specify a model signature with a list "
    "containing elements of multiple types, define the signature manually using the Array(AnyType()) type "
    "from mlflow.models.schema."
)
_INTEGERS: Final = (
    "Hint: Inferred schema contains integer column(s). Integer columns in Python cannot represent missing "
    "values: data with missing values is given as floats, which such a schema refuses. Infer the schema of "
    "data that has missing values, or declare these columns as doubles."
)


def infer_schema(data: Any, *, is_input: bool = True) -> Schema:
    """Return the schema of data.

    Args:
        data: A data frame of pandas or Spark, a series, an array, a sparse matrix, a dictionary of arrays, or
            values, lists and dictionaries of them.
        is_input: Warn of columns of integers, which no missing values can be given for.

    Raises:
        MlflowException: No schema can say of what types the data is.
    """
    schema = _schema(data)
    if (
        is_input
        and not schema.is_tensor_spec()
        and {DataType.integer, DataType.long}
        & {one for one in schema.input_types() if isinstance(one, DataType)}
    ):
        warnings.warn(_INTEGERS, stacklevel=3)
    return schema


def _schema(data: Any) -> Schema:
    kind = type(data).__module__.partition(".")[0]
    if isinstance(data, list):
        return _schema_of_list(data)
    if isinstance(data, Mapping):
        return _schema_of_mapping(data)
    if isinstance(data, np.ndarray):
        return Schema([TensorSpec(tensor_type(data.dtype), _shape(data))])
    if kind == "scipy":
        return Schema([TensorSpec(tensor_type(data.data.dtype), _shape(data))])
    if kind == "pandas" and hasattr(data, "columns"):
        return Schema([_column(data[name], name) for name in data.columns])
    if kind == "pandas" and hasattr(data, "to_list"):
        return Schema([_column(data, getattr(data, "name", None))])
    if kind == "pyspark" and hasattr(data, "schema"):
        return Schema([ColSpec(_spark_type(field.dataType), field.name) for field in data.schema.fields])
    try:
        return Schema([ColSpec(_determined(data))])
    except MlflowException as error:
        raise MlflowException.invalid_parameter_value(
            "Failed to infer schema. Expected one of the following types: pandas.DataFrame, pandas.Series, "
            "numpy.ndarray, a dictionary of (name -> numpy.ndarray), pyspark.sql.DataFrame, a sparse matrix "
            f"of scipy, or values, lists and dictionaries of them, but got '{data}'. Error: {error}"
        ) from error


def _schema_of_list(data: list[Any]) -> Schema:
    if not data:
        return Schema([ColSpec(DataType.string)])
    if all(isinstance(row, dict) for row in data):
        columns: dict[str, list[Any]] = {}
        for row in data:
            for name, value in row.items():
                columns.setdefault(name, []).append(value)
        return Schema(
            [
                ColSpec(_item_type(values), name, all(row.get(name) is not None for row in data))
                for name, values in columns.items()
            ]
        )
    return Schema([ColSpec(_item_type(data))])


def _schema_of_mapping(data: Mapping[Any, Any]) -> Schema:
    if all(isinstance(value, np.ndarray) for value in data.values()):
        return Schema(
            [TensorSpec(tensor_type(value.dtype), _shape(value), name) for name, value in data.items()]
        )
    if any(not isinstance(name, str) for name in data):
        raise MlflowException("The dictionary keys are not all strings.")
    return Schema([ColSpec(_determined(value), name, _is_complete(value)) for name, value in data.items()])


def _column(column: Any, name: Any) -> ColSpec:
    return ColSpec(_column_type(column), name, _is_complete(column))


def _column_type(column: Any) -> AnyColumnType:
    if column.dtype.kind == "O":
        column = column.infer_objects()
    if column.dtype.kind != "O":
        return type_of_dtype(column.dtype)
    try:
        return _item_type(column.to_list())
    except MlflowException as error:
        import pandas as pd

        if pd.api.types.is_string_dtype(column):
            return DataType.string
        raise MlflowException(f"Failed to infer schema for pandas.Series {column}. Error: {error}") from error


def type_of_dtype(dtype: Any) -> DataType:
    """Return the type of a numpy or pandas type."""
    simple = {"b": DataType.boolean, "U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
    if dtype.kind in simple:
        return simple[dtype.kind]
    bits = 8 * getattr(dtype, "itemsize", 8)
    for kind, widest, found in _NUMBERS:
        if dtype.kind == kind and bits <= widest:
            return found
    raise MlflowException(f"Unsupported numpy data type '{dtype}', kind '{dtype.kind}'")


def tensor_type(dtype: Any) -> Any:
    """Return a numpy type without the size that types of texts have."""
    return np.dtype("str") if dtype.char == "U" else np.dtype("bytes") if dtype.char == "S" else dtype


def _shape(data: Any) -> tuple[int, ...]:
    if not data.shape:
        raise MlflowException(
            "The specified variable_dimension 0 is out of bounds with respect to the number of dimensions 0 "
            "in the input dataset"
        )
    return (-1, *data.shape[1:])


def is_missing(value: Any) -> bool:
    """Return whether a value stands for one that is not there."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return type(value).__name__ in {"NAType", "NaTType"}


def _is_complete(value: Any) -> bool:
    if isinstance(value, list) or hasattr(value, "infer_objects"):
        return not any(is_missing(one) for one in value)
    return not is_missing(value)


def _item_type(values: Any) -> AnyColumnType:
    found = _determined(list(values))
    assert isinstance(found, Array | AnyType), "a list is an array"
    return found.dtype if isinstance(found, Array) else found


def _determined(value: Any) -> AnyColumnType:
    found = _type_of(value)
    if found is None:
        raise MlflowException(
            f"Numpy array must include at least one non-empty item. Invalid input `{value}`."
        )
    return found


def _type_of(value: Any) -> AnyColumnType | None:  # noqa: C901 - a case for each kind of value
    """Return the type of a value; None for arrays without values, of which nothing can be said."""
    if hasattr(value, "model_dump"):
        raise MlflowException.invalid_parameter_value(
            "A signature cannot be inferred of Pydantic objects: give the signature, or a dictionary"
        )
    if is_missing(value) or (isinstance(value, (list, dict)) and not value):
        return AnyType()
    if isinstance(value, dict):
        properties = []
        for name, one in value.items():
            found = _type_of(one)
            if found is None:
                raise MlflowException("Dictionary value must not be an empty numpy array.")
            properties.append(Property(name, found, not isinstance(found, AnyType)))
        return Object(properties)
    if isinstance(value, (list, np.ndarray)):
        items: AnyColumnType | None = None
        for one in value:
            found = _type_of(one)
            if found is not None:
                items = found if items is None else _merged_item(items, found)
        return None if items is None else Array(items)
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return scalar
    if isinstance(value, (dt.date, np.datetime64)):
        return DataType.datetime
    raise MlflowException.invalid_parameter_value(f"Data {value} is not one of the supported DataType")


def _merged_item(known: AnyColumnType, found: AnyColumnType) -> AnyColumnType:
    try:
        return merged(known, found)
    except MlflowException as error:
        raise MlflowException.invalid_parameter_value(_MIXED) from error


def merged(one: AnyColumnType, other: AnyColumnType) -> AnyColumnType:
    """Return the type of values of which some are of one type and some of another.

    Raises:
        MlflowException: No type is both.
    """
    if one == other or isinstance(other, AnyType):
        return _with_optional(one) if isinstance(other, AnyType) else one
    if isinstance(one, AnyType):
        return _with_optional(other)
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(merged(one.dtype, other.dtype))
    if isinstance(one, Map) and isinstance(other, Map):
        return Map(merged(one.dtype, other.dtype))
    if isinstance(one, Object) and isinstance(other, Object):
        first = {prop.name: prop for prop in one.properties}
        second = {prop.name: prop for prop in other.properties}
        both = [
            Property(
                name,
                merged(first[name].dtype, second[name].dtype),
                first[name].required and second[name].required,
            )
            for name in first.keys() & second.keys()
        ]
        alone = [
            Property(name, (first.get(name) or second[name]).dtype, required=False)
            for name in first.keys() ^ second.keys()
        ]
        return Object(both + alone)
    raise MlflowException(f"Types are incompatible: {one!r} and {other!r}")


def _with_optional(dtype: AnyColumnType) -> AnyColumnType:
    """Return a type of which there were values that are missing."""
    if isinstance(dtype, Object):
        return Object([Property(one.name, one.dtype, required=False) for one in dtype.properties])
    return dtype


def _spark_type(dtype: Any) -> AnyColumnType:
    name = type(dtype).__name__
    simple = {
        "BooleanType": DataType.boolean,
        "ByteType": DataType.integer,
        "ShortType": DataType.integer,
        "IntegerType": DataType.integer,
        "LongType": DataType.long,
        "FloatType": DataType.float,
        "DoubleType": DataType.double,
        "StringType": DataType.string,
        "BinaryType": DataType.binary,
        "DateType": DataType.datetime,
        "TimestampType": DataType.datetime,
    }
    if name in simple:
        return simple[name]
    if name == "ArrayType":
        return Array(_spark_type(dtype.elementType))
    if name == "StructType":
        return Object(
            [Property(field.name, _spark_type(field.dataType), not field.nullable) for field in dtype.fields]
        )
    if name == "MapType":
        return Map(_spark_type(dtype.valueType))
    raise MlflowException.invalid_parameter_value(
        f"Unsupported Spark Type '{type(dtype)}' for MLflow schema."
    )


def infer_param_schema(params: Any) -> ParamSchema:
    """Return the schema of params, whose values are the defaults.

    Args:
        params: A dictionary of names and values: scalars, lists of them, or dictionaries.
    """
    if not isinstance(params, dict):
        raise MlflowException.invalid_parameter_value(
            f"Expected parameters to be dict, got {type(params).__name__}"
        )
    return ParamSchema([_param(name, value) for name, value in params.items()])


def _param(name: Any, value: Any) -> ParamSpec:
    if not isinstance(name, str):
        raise MlflowException.invalid_parameter_value(f"Parameter name {name!r} is not a string")
    if isinstance(value, dict):
        found = _type_of(value)
        if not isinstance(found, Object):
            raise MlflowException.invalid_parameter_value(
                f"The parameter {name!r} is a dictionary without values"
            )
        return ParamSpec(name, found, value)
    if isinstance(value, (list, np.ndarray, tuple)):
        array = np.asarray(value)
        if array.ndim != 1 or not len(array):
            raise MlflowException.invalid_parameter_value(
                f"Expected parameters to be 1D array or scalar, got {array.ndim}D array for {name!r}"
            )
        return ParamSpec(name, _scalar_param(name, value[0]), value, (-1,))
    return ParamSpec(name, _scalar_param(name, value), value)


def _scalar_param(name: str, value: Any) -> DataType:
    found = None if is_missing(value) else _type_of(value)
    if not isinstance(found, DataType):
        raise MlflowException.invalid_parameter_value(
            f"Failed to infer schema for parameter {name!r}: the value {value!r} is of no type that params "
            "have"
        )
    return found
