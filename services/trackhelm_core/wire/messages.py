"""Reading a message from a body without the framework: the same leniencies, the same words for a fault."""

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.faults import request_fault
from trackhelm_core.wire.json import decode_json
from trackhelm_core.wire.requests import WireModel

Message = TypeVar("Message", bound=WireModel)


def read_json(body: bytes) -> Any:
    """Return what a body says; raises `json.JSONDecodeError`."""
    data = decode_json(body)
    # Old clients encode the message twice.
    return decode_json(data) if isinstance(data, str) else data


def read_body(body: bytes) -> Any:
    """Return what a body says; raises `InvalidParameterError`."""
    try:
        return read_json(body)
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"The request body is not valid JSON: {error}.") from error


def read_message(model: type[Message], body: bytes) -> Message:
    """Return the message that a body holds; raises `InvalidParameterError`."""
    data = read_body(body)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fault = error.errors()[0]
        raise request_fault({**fault, "loc": ("body", *fault["loc"])}) from error
