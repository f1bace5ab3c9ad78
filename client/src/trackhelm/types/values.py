"""The types of single values: scalars, lists, dictionaries, and their JSON form in signatures."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Union

import numpy as np

from trackhelm.exceptions import MlflowException

_ARRAY: Final = "array"
_OBJECT: Final = "object"
_MAP: Final = "map"
_ANY: Final = "any"
_VECTOR: Final = "sparkml_vector"


class DataType(Enum):
    """The type of a value in a column. The numbers are MLflow's."""

    boolean = 1
    integer = 2
    long = 3
    float = 4
    double = 5
    string = 6
    binary = 7
    datetime = 8

    def __repr__(self) -> str:
        return self.name

    def to_numpy(self) -> Any:
        """Return numpy's type of it."""
        return _NUMPY[self.name]

    def to_pandas(self) -> Any:
        """Return the type of a pandas column of it."""
        return np.dtype(object) if self.name in {"string", "binary"} else _NUMPY[self.name]

    def to_python(self) -> type:
        """Return Python's type of it."""
        return _PYTHON[self.name]

    def to_spark(self) -> Any:
        """Return Spark's type of it; needs pyspark."""
        import pyspark.sql.types

        return getattr(pyspark.sql.types, _SPARK[self.name])()

    @classmethod
    def from_numpy_type(cls, np_type: Any) -> "DataType | None":
        """Return the type of a numpy type; None if there is none."""
        return next((one for one in cls if one.to_numpy() == np_type), None)

    @classmethod
    def check_type(cls, data_type: "DataType", value: Any) -> bool:
        """Return whether a single value is exactly of a type."""
        import datetime as dt

        types = {data_type.to_numpy().type, data_type.to_python()}
        if data_type is cls.datetime:
            types |= {dt.datetime, dt.date, np.datetime64}
        if data_type is cls.binary:
            types.add(bytearray)
        return type(value) in types


def _python_types() -> dict[str, type]:
    import datetime as dt

    return {
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": float,
        "double": float,
        "string": str,
        "binary": bytes,
        "datetime": dt.date,
    }


_PYTHON: Final = _python_types()
_NUMPY: Final[dict[str, Any]] = {
    "boolean": np.dtype("bool"),
    "integer": np.dtype("int32"),
    "long": np.dtype("int64"),
    "float": np.dtype("float32"),
    "double": np.dtype("float64"),
    "string": np.dtype("str"),
    "binary": np.dtype("bytes"),
    "datetime": np.dtype("datetime64[ns]"),
}
_SPARK: Final = {
    "boolean": "BooleanType",
    "integer": "IntegerType",
    "long": "LongType",
    "float": "FloatType",
    "double": "DoubleType",
    "string": "StringType",
    "binary": "BinaryType",
    "datetime": "TimestampType",
}


class AnyType:
    """A type that nothing is known of, as that of `None`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": _ANY}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "Any"


class SparkMLVector:
    """A vector of Spark ML."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": _VECTOR}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "SparkML vector"


AnyColumnType = Union[DataType, "Array", "Object", "Map", AnyType, SparkMLVector]


class _Collection:
    """A list or dictionary whose values all have one type."""

    kind: str
    key: str

    def __init__(self, dtype: "AnyColumnType | str") -> None:
        self.dtype: AnyColumnType = data_type(dtype)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": self.kind, self.key: type_as_dict(self.dtype)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.kind, self.dtype))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dtype!r})"


class Array(_Collection):
    """A list."""

    kind = _ARRAY
    key = "items"


class Map(_Collection):
    """A dictionary of any names."""

    kind = _MAP
    key = "values"

    def __init__(self, value_type: "AnyColumnType | str") -> None:
        super().__init__(value_type)

    @property
    def value_type(self) -> "AnyColumnType":
        """The type of all values."""
        return self.dtype


class Property:
    """A named value of an object; `required` says whether it must be there."""

    def __init__(self, name: str, dtype: "AnyColumnType | str", required: bool = True) -> None:
        self.name = name
        self.dtype = data_type(dtype)
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {self.name: {**type_as_dict(self.dtype), "required": self.required}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Property) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.name, self.required))

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype!r} ({requirement(self.required)})"


class Object:
    """A dictionary with named values, in the order of names."""

    def __init__(self, properties: list[Property]) -> None:
        if not properties:
            raise MlflowException.invalid_parameter_value(
                "Creating Object with empty properties is not allowed."
            )
        names = [one.name for one in properties]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise MlflowException.invalid_parameter_value(
                f"Found duplicated property names: `{', '.join(twice)}`"
            )
        self.properties = sorted(properties, key=lambda one: one.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        properties: dict[str, Any] = {}
        for one in self.properties:
            properties.update(one.to_dict())
        return {"type": _OBJECT, "properties": properties}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.properties == other.properties

    def __hash__(self) -> int:
        return hash(tuple(one.name for one in self.properties))

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self.properties)) + "}"


def data_type(dtype: "AnyColumnType | str") -> "AnyColumnType":
    """Return a type, which may be given by its name."""
    if isinstance(dtype, str):
        try:
            return DataType[dtype]
        except KeyError:
            raise MlflowException(
                f"Unsupported type '{dtype}', expected instance of DataType, Array, Object, Map or "
                f"one of {[one.name for one in DataType]}"
            ) from None
    if not isinstance(dtype, (DataType, Array, Object, Map, AnyType, SparkMLVector)):
        raise MlflowException(
            "Expected mlflow.types.schema.Datatype, mlflow.types.schema.Array, mlflow.types.schema.Object, "
            f"mlflow.types.schema.Map, mlflow.types.schema.AnyType or str for a type, but got {dtype!r}"
        )
    return dtype


def type_as_dict(dtype: "AnyColumnType") -> dict[str, Any]:
    """Return the JSON form of a type."""
    return {"type": dtype.name} if isinstance(dtype, DataType) else dtype.to_dict()


def type_from_dict(described: Mapping[str, Any]) -> "AnyColumnType":
    """Return the type of a JSON form."""
    kind = described.get("type")
    if kind == _ARRAY:
        return Array(type_from_dict(described["items"]))
    if kind == _MAP:
        return Map(type_from_dict(described["values"]))
    if kind == _OBJECT:
        return Object(
            [
                Property(name, type_from_dict(one), one.get("required", True))
                for name, one in described["properties"].items()
            ]
        )
    if kind == _ANY:
        return AnyType()
    if kind == _VECTOR:
        return SparkMLVector()
    if kind is None:
        raise MlflowException("Missing keys in ColSpec JSON. Expected to find key `type`")
    return data_type(str(kind))


def requirement(required: bool) -> str:
    """Return the word for whether a value must be there."""
    return "required" if required else "optional"
