"""Reading a message from a body without the framework: the same leniencies, the same words for a fault."""

import json
from typing import TypeVar

from pydantic import ValidationError

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.faults import request_fault
from trackhelm_core.wire.json import decode_json
from trackhelm_core.wire.requests import WireModel

Message = TypeVar("Message", bound=WireModel)


def read_message(model: type[Message], body: bytes) -> Message:
    """Return the message that a body holds; raises `InvalidParameterError`."""
    try:
        data = decode_json(body)
        # Old clients encode the message twice.
        return model.model_validate(decode_json(data) if isinstance(data, str) else data)
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"The request body is not valid JSON: {error}.") from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise request_fault({**fault, "loc": ("body", *fault["loc"])}) from error
