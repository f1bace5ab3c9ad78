"""What pydantic found wrong with a request, said in MLflow's words.

MLflow's tests and client match two sentences: `Missing value for required parameter 'X'` and
`Invalid value … for parameter 'X' supplied: …`, with nested fields as `metrics[0].key`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.wire.json import LargeFloat
from trackhelm_core.wire.requests import MISSING, MISSING_FIELD, NOT_TAKEN

SHOWN_VALUE_LENGTH = 200


def field_path(location: Sequence[int | str]) -> str:
    """Return `metrics[0].key` for `("body", "metrics", 0, "key")`."""
    path = ""
    for part in location[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def shown(value: Any) -> str:
    """Return a value as JSON, cut to a length that a log line and a terminal can bear."""
    large = isinstance(value, LargeFloat)
    text = value.text if large else json.dumps(value, default=str, ensure_ascii=False)
    # A lone surrogate is legal in JSON text but has no UTF-8 form, so it could not be answered with.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= SHOWN_VALUE_LENGTH else f"{text[:SHOWN_VALUE_LENGTH]}…"


def request_fault(fault: Mapping[str, Any]) -> InvalidParameterError:
    """Return the error to answer with for the first fault of a request."""
    path = field_path(fault["loc"])
    match fault["type"]:
        case "missing" if not path:
            return InvalidParameterError("The request has no body: a JSON object is expected.")
        case kind if kind == MISSING:
            return missing_parameter(path)
        case kind if kind == MISSING_FIELD:
            field = fault["ctx"]["field"]
            return missing_parameter(f"{path}.{field}" if path else field)
        case "json_invalid":
            message = f"The request body is not valid JSON: {fault.get('ctx', {}).get('error', '')}."
        case "model_attributes_type" | "model_type" | "dict_type" if not path:
            message = "The request body must be a JSON object."
        case kind if kind == NOT_TAKEN:
            subject = f" of '{path}'" if path else ""
            message = f"Unknown parameter{subject}: {fault['msg']}."
        case _:
            subject = f" for parameter '{path}'" if path else ""
            message = f"Invalid value {shown(fault.get('input'))}{subject} supplied: {fault['msg']}."
    return InvalidParameterError(message)
