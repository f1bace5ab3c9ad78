"""What a signature is made of, and its JSON form in MLmodel files.

This module describes; what data is turned into a schema is in `types.inference`, and what data is checked
against one in `models.enforcement`.
"""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import MlflowException
from trackhelm.types.values import (
    AnyColumnType,
    AnyType,
    Array,
    DataType,
    Map,
    Object,
    Property,
    SparkMLVector,
    data_type,
    requirement,
    type_as_dict,
    type_from_dict,
)

__all__ = [
    "AnyColumnType",
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "ParamSchema",
    "ParamSpec",
    "Property",
    "Schema",
    "SparkMLVector",
    "TensorSpec",
]

_TENSOR: Final = "tensor"


class ColSpec:
    """A column: its type, its name if it has one, and whether it must be there."""

    def __init__(
        self, type: "AnyColumnType | str", name: "str | int | None" = None, required: bool = True
    ) -> None:
        self.type = data_type(type)
        self.name = name
        self.required = required

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return {**type_as_dict(self.type), **named, "required": self.required}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.name, self.required))

    def __repr__(self) -> str:
        named = "" if self.name is None else f"{self.name!r}: "
        return f"{named}{self.type!r} ({requirement(self.required)})"


class TensorSpec:
    """An array: numpy's type, the shape with -1 for what varies, and its name if it has one."""

    required: Final = True

    def __init__(self, type: Any, shape: Sequence[int], name: "str | None" = None) -> None:
        if not isinstance(type, np.dtype):
            raise TypeError(f"Expected `type` to be instance of `{np.dtype}`, received `{type.__class__}`")
        if not isinstance(shape, (tuple, list)):
            raise TypeError(
                f"Expected `shape` to be instance of `{tuple}` or `{list}`, received `{shape.__class__}`"
            )
        self.type = type
        self.shape = tuple(int(one) for one in shape)
        self.name = name

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return {
            **named,
            "type": _TENSOR,
            "tensor-spec": {"dtype": self.type.name, "shape": list(self.shape)},
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.name, self.shape))

    def __repr__(self) -> str:
        named = "" if self.name is None else f"{self.name!r}: "
        return f"{named}Tensor({str(self.type)!r}, {self.shape!r})"


class Schema:
    """The columns, or the tensors, that a model takes or gives."""

    def __init__(self, inputs: "Sequence[ColSpec | TensorSpec]") -> None:
        inputs = list(inputs)
        if not inputs:
            raise MlflowException.invalid_parameter_value("Creating Schema with empty inputs is not allowed.")
        if not (
            all(isinstance(one, ColSpec) for one in inputs)
            or all(isinstance(one, TensorSpec) for one in inputs)
        ):
            raise MlflowException.invalid_parameter_value(
                "Creating Schema with a combination of ColSpec and TensorSpec is not supported. Please "
                "choose one of the two types"
            )
        named = [one.name is not None for one in inputs]
        if any(named) and not all(named):
            raise MlflowException.invalid_parameter_value(
                "Creating Schema with a combination of named and unnamed inputs is not allowed. Got input "
                f"names {[one.name for one in inputs]}"
            )
        if isinstance(inputs[0], TensorSpec) and len(inputs) > 1 and not all(named):
            raise MlflowException.invalid_parameter_value(
                "Creating Schema with multiple unnamed TensorSpecs is not supported. Please provide names "
                "for each TensorSpec"
            )
        if not all(named) and any(not one.required for one in inputs):
            raise MlflowException.invalid_parameter_value(
                "Creating Schema with unnamed optional inputs is not supported. Please name all inputs or "
                "make all inputs required."
            )
        self.inputs = inputs

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> "Iterator[ColSpec | TensorSpec]":
        return iter(self.inputs)

    def is_tensor_spec(self) -> bool:
        """Return whether it is of tensors."""
        return isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Return whether the columns or tensors have names."""
        return self.inputs[0].name is not None

    def input_names(self) -> list[Any]:
        """Return the names, or the places of what has none."""
        return [place if one.name is None else one.name for place, one in enumerate(self.inputs)]

    def required_input_names(self) -> list[Any]:
        """Return the names of what must be there."""
        return [name for name, one in zip(self.input_names(), self.inputs, strict=True) if one.required]

    def optional_input_names(self) -> list[Any]:
        """Return the names of what may be left out."""
        return [name for name, one in zip(self.input_names(), self.inputs, strict=True) if not one.required]

    def input_types(self) -> list[Any]:
        """Return the types: `DataType` and so on of columns, numpy's of tensors."""
        return [one.type for one in self.inputs]

    def input_dict(self) -> "dict[Any, ColSpec | TensorSpec]":
        """Return the columns or tensors by their names."""
        return {one.name: one for one in self.inputs}

    def input_types_dict(self) -> dict[Any, Any]:
        """Return the types by names."""
        return {one.name: one.type for one in self.inputs}

    def numpy_types(self) -> list[Any]:
        """Return numpy's types."""
        return [one.to_numpy() if isinstance(one, DataType) else one for one in self.input_types()]

    def pandas_types(self) -> list[Any]:
        """Return the types of pandas columns."""
        if self.is_tensor_spec():
            raise MlflowException("TensorSpec only supports numpy types, use numpy_types() instead")
        return [one.to_pandas() for one in self.input_types()]

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form."""
        return [one.to_dict() for one in self.inputs]

    def to_json(self) -> str:
        """Return the JSON form as text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> "Schema":
        """Return the schema of a JSON text."""

        def read(one: dict[str, Any]) -> "ColSpec | TensorSpec":
            if one.get("type") == _TENSOR:
                described = one["tensor-spec"]
                return TensorSpec(np.dtype(described["dtype"]), tuple(described["shape"]), one.get("name"))
            # Files of old versions have no `required`, and some have null.
            return ColSpec(type_from_dict(one), one.get("name"), one.get("required", True) is not False)

        return cls([read(one) for one in json.loads(json_str)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.inputs == other.inputs

    def __hash__(self) -> int:
        return hash(tuple(self.inputs))

    def __repr__(self) -> str:
        return repr(self.inputs)


class ParamSpec:
    """A param of a model's inference: its type, its default, and `(-1,)` as shape if it is a list."""

    def __init__(
        self, name: str, dtype: "DataType | Object | str", default: Any, shape: "Sequence[int] | None" = None
    ) -> None:
        self.name = str(name)
        self.shape = None if shape is None else tuple(shape)
        found = data_type(dtype)
        if not isinstance(found, (DataType, Object)):
            raise TypeError(f"'dtype' must be DataType, Object or str, got {found}")
        if found is DataType.binary:
            raise MlflowException.invalid_parameter_value(
                f"Binary type is not supported for parameters, ParamSpec '{self.name}' has dtype 'binary'"
            )
        self.dtype: DataType | Object = found
        self.default = default
        self.default = self.checked(default)

    def checked(self, value: Any) -> Any:
        """Return a value as Python's own type.

        Raises:
            MlflowException: It is of another type or shape.
        """
        from trackhelm.models.enforcement import enforced_param, enforced_value

        if self.shape not in {None, (-1,)}:
            raise MlflowException.invalid_parameter_value(
                "Shape must be None for scalar or dictionary value, or (-1,) for 1D array value for "
                f"ParamSpec {self!r}), received {self.shape}"
            )
        if self.shape == (-1,) and not (isinstance(value, (list, np.ndarray)) and np.ndim(value) == 1):
            raise MlflowException.invalid_parameter_value(
                f"Value must be a 1D array with shape (-1,) for param {self!r}, received "
                f"{type(value).__name__} with ndim {np.ndim(value)}"
            )
        try:
            if self.shape == (-1,):
                return [enforced_param(one, self.dtype) for one in value]  # type: ignore[arg-type]
            if isinstance(self.dtype, Object):
                enforced_value(deepcopy(value), self.dtype)
                return value
            return enforced_param(value, self.dtype)
        except MlflowException as error:
            raise MlflowException.invalid_parameter_value(
                f"Failed to validate type and shape for {self!r}, error: {error}"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        default = self.default
        if self.dtype is DataType.datetime and default is not None:
            default = default.isoformat() if self.shape is None else [one.isoformat() for one in default]
        return {"name": self.name, "default": default, "shape": self.shape, **type_as_dict(self.dtype)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        shape = "" if self.shape is None else f" (shape: {self.shape})"
        return f"{self.name!r}: {self.dtype!r} (default: {self.default}){shape}"


class ParamSchema:
    """The params that a model's inference takes."""

    def __init__(self, params: list[ParamSpec]) -> None:
        names = [one.name for one in params]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise MlflowException.invalid_parameter_value(f"Duplicated parameters found in schema: {twice}")
        self.params = list(params)

    def __len__(self) -> int:
        return len(self.params)

    def __iter__(self) -> Iterator[ParamSpec]:
        return iter(self.params)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form."""
        return [one.to_dict() for one in self.params]

    def to_json(self) -> str:
        """Return the JSON form as text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_str: str) -> "ParamSchema":
        """Return the schema of a JSON text."""

        def read(one: dict[str, Any]) -> ParamSpec:
            described = {**one, "type": one.get("type") or one.get("dtype")}
            dtype = type_from_dict(described)
            assert isinstance(dtype, (DataType, Object)), "params have no other types"
            return ParamSpec(one["name"], dtype, one["default"], one.get("shape"))

        return cls([read(one) for one in json.loads(json_str)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSchema) and self.params == other.params

    def __hash__(self) -> int:
        return hash(tuple(self.params))

    def __repr__(self) -> str:
        return repr(self.params)
