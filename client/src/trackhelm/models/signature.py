"""What a model takes and gives: its signature, and how one is inferred of data or set on a saved model."""

import logging
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from trackhelm.exceptions import MlflowException
from trackhelm.types.inference import infer_param_schema, infer_schema
from trackhelm.types.schema import (
    AnyColumnType,
    AnyType,
    Array,
    ColSpec,
    Object,
    ParamSchema,
    Property,
    Schema,
)

_logger = logging.getLogger("trackhelm")


class ModelSignature:
    """The schemas of a model's inputs, outputs and params; at least one of them is given.

    Example:
        >>> from trackhelm.models import ModelSignature
        >>> from trackhelm.types import ColSpec, Schema
        >>> ModelSignature(inputs=Schema([ColSpec("double", "width")]))
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, params: ParamSchema | None = None) -> None:
        if inputs is None and outputs is None and params is None:
            raise ValueError("At least one of inputs, outputs or params must be provided")
        if params is not None and not isinstance(params, ParamSchema):
            raise TypeError(
                "If params are provided, they must by of type mlflow.models.signature.ParamSchema, got "
                f"'{type(params).__name__}'"
            )
        self.inputs = _as_schema("inputs", inputs)
        self.outputs = _as_schema("outputs", outputs)
        self.params = params
        self._is_signature_from_type_hint = False
        self._is_type_hint_from_example = False

    def to_dict(self) -> dict[str, str | None]:
        """Return what is written into an MLmodel file: JSON texts."""
        return {
            "inputs": None if self.inputs is None else self.inputs.to_json(),
            "outputs": None if self.outputs is None else self.outputs.to_json(),
            "params": None if self.params is None else self.params.to_json(),
        }

    @classmethod
    def from_dict(cls, signature_dict: Mapping[str, str | None]) -> "ModelSignature":
        """Return the signature that is written in an MLmodel file."""
        inputs, outputs, params = (signature_dict.get(name) for name in ("inputs", "outputs", "params"))
        return cls(
            Schema.from_json(inputs) if inputs else None,
            Schema.from_json(outputs) if outputs else None,
            ParamSchema.from_json(params) if params else None,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSignature) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.inputs, self.outputs, self.params))

    def __repr__(self) -> str:
        return f"inputs: \n  {self.inputs!r}\noutputs: \n  {self.outputs!r}\nparams: \n  {self.params!r}\n"


class _TypeHints:
    """The hints of a `predict`, as MLflow's pickles of models have them."""

    def __init__(self, input_: Any = None, output: Any = None) -> None:
        self.input = input_
        self.output = output


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: dict[str, Any] | None = None
) -> ModelSignature:
    """Return the signature of a model of which inputs and outputs are given.

    Args:
        model_input: What the model takes: a data frame, an array, a dictionary or a list.
        model_output: What it gives for that.
        params: Params of the inference with their defaults.

    Example:
        >>> import trackhelm as mlflow
        >>> signature = mlflow.models.infer_signature(X_train, model.predict(X_train))
    """
    schemas = {"inputs": model_input, "outputs": model_output}
    found: dict[str, Schema | None] = {}
    for name, data in schemas.items():
        found[name] = None if data is None else _inferred(name, data)
    return ModelSignature(**found, params=infer_param_schema(params) if params else None)


def _inferred(name: str, data: Any) -> Schema:
    try:
        return (
            _schema_of_dataclass(data)
            if is_dataclass(data)
            else infer_schema(data, is_input=name == "inputs")
        )
    except MlflowException as error:
        if hasattr(data, "model_dump"):
            raise
        _logger.warning("The schema of the %s cannot be inferred, so that any are taken: %s", name, error)
        return Schema([ColSpec(AnyType())])


def set_signature(model_uri: str, signature: ModelSignature) -> None:
    """Set the signature of a model that is saved or logged already; not of a registered version.

    Args:
        model_uri: A local path, `runs:/RUN/path` or `models:/MODEL_ID`.
        signature: The new signature.
    """
    from trackhelm.models.loading import rewrite_mlmodel

    rewrite_mlmodel(model_uri, lambda model: setattr(model, "signature", signature))


def _as_schema(name: str, given: Any) -> Schema | None:
    if given is None or isinstance(given, Schema):
        return given
    if is_dataclass(given):
        return _schema_of_dataclass(given)
    raise TypeError(
        f"{name} must be either None, mlflow.models.signature.Schema, or a dataclass,got "
        f"'{type(given).__name__}'"
    )


def _schema_of_dataclass(described: Any) -> Schema:
    return Schema([ColSpec(dtype, name, required) for name, dtype, required in _fields(described)])


def _fields(described: Any) -> list[tuple[str, AnyColumnType, bool]]:
    hints = get_type_hints(described if isinstance(described, type) else type(described))
    return [(field.name, *_type_of_hint(hints[field.name])) for field in fields(described)]


def _type_of_hint(hint: Any) -> tuple[AnyColumnType, bool]:
    """Return the type of a hint, and whether a value must be there."""
    import datetime as dt

    from trackhelm.types.schema import DataType

    inner = [one for one in get_args(hint) if one is not type(None)]
    if type(None) in get_args(hint) and len(inner) == 1:
        return _type_of_hint(inner[0])[0], False
    if get_origin(hint) is list:
        return Array(_type_of_hint(inner[0])[0]), True
    if is_dataclass(hint):
        return Object([Property(*one) for one in _fields(hint)]), True
    simple = {
        bool: DataType.boolean,
        int: DataType.long,
        float: DataType.float,
        str: DataType.string,
        bytes: DataType.binary,
        dt.date: DataType.datetime,
    }
    if hint not in simple:
        raise MlflowException(f"Unsupported field type {hint} in a dataclass of a signature")
    return simple[hint], True
