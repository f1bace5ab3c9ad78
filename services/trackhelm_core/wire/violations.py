"""Turns pydantic's violations of a request into errors with MLflow's messages.

Clients match how sentences begin: `Missing value for required parameter 'X'`,
`'X' exceeds the maximum length` and `Invalid value … for parameter 'X' supplied`, with nested fields as
`metrics[0].key`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.wire.json import LargeFloat
from trackhelm_core.wire.requests import MISSING, NOT_STORABLE, NOT_TAKEN, WHOLE_MESSAGE

SHOWN_VALUE_LENGTH = 200

# If a field may have several types, pydantic ends the location of a violation with the type that refused it.
_TYPE_NAMES = frozenset({"str", "int"})


def field_path(location: Sequence[int | str]) -> str:
    """Return `metrics[0].key` for `("body", "metrics", 0, "key")`."""
    path = ""
    for part in location[1:]:
        if part in _TYPE_NAMES:
            continue
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def shown(value: Any) -> str:
    """Return a value as JSON without spaces, as MLflow's messages have it, cut to fit a terminal."""
    large = isinstance(value, LargeFloat)
    text = value.text if large else json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
    return cut(_sendable(text))


def quoted(text: str) -> str:
    """Return a text in single quotes, as MLflow's messages have it, cut as `shown` does.

    `repr` would put a text with an apostrophe into double quotes, and double each backslash.
    """
    return f"'{cut(_sendable(text))}'"


def cut(text: str) -> str:
    """Return a text, or its beginning if it is too long to show."""
    return text if len(text) <= SHOWN_VALUE_LENGTH else f"{text[:SHOWN_VALUE_LENGTH]}…"


def _sendable(text: str) -> str:
    # A lone surrogate is legal in JSON text but has no UTF-8 form, so it could not be sent in an answer.
    return text.encode("utf-8", "replace").decode("utf-8")


def invalid_value(value: Any, parameter: str, reason: str) -> InvalidParameterError:
    """Return the error for a value that is not allowed; `reason` ends the sentence and says what is."""
    return InvalidParameterError(
        f"Invalid value {shown(value)} for parameter '{parameter}' supplied: {reason}."
    )


def too_long(value: str, name: str, limit: int, parameter: str = "") -> InvalidParameterError:
    """Return the error for a text of more than `limit` characters; `parameter` is its full path, if given."""
    subject = f"'{parameter}'" if parameter else "it"
    return InvalidParameterError(
        f"'{name}' exceeds the maximum length of {limit} characters: "
        f"{subject} has {len(value)} and starts with {shown(value)}."
    )


def request_violation(violation: Mapping[str, Any]) -> InvalidParameterError:
    """Return the error for the first violation of a request."""
    path = field_path(violation["loc"])
    match violation["type"]:
        case kind if kind == MISSING:
            error = missing_parameter(path)
        case kind if kind == WHOLE_MESSAGE:
            error = InvalidParameterError(violation["msg"])
        case kind if kind == NOT_STORABLE:
            name, reason = violation["ctx"]["name"], violation["ctx"]["violation"]
            value = violation["input"].get(name, violation["input"].get(to_camel(name)))
            error = invalid_value(value, f"{path}.{name}" if path else name, f"it holds {reason}")
        case "string_too_long" | "too_long" if isinstance(violation["input"], str):
            name = path.rpartition(".")[2]
            error = too_long(
                violation["input"], name, violation["ctx"]["max_length"], path if path != name else ""
            )
        case kind if kind == NOT_TAKEN:
            subject = f" of '{path}'" if path else ""
            error = InvalidParameterError(f"Unknown parameter{subject}: {violation['msg']}.")
        case kind if path and kind != "json_invalid":
            error = invalid_value(violation.get("input"), path, violation["msg"])
        case _:
            error = _violation_of_body(violation)
    return error


def _violation_of_body(violation: Mapping[str, Any]) -> InvalidParameterError:
    match violation["type"]:
        case "missing":
            message = "The request has no body: a JSON object is expected."
        case "json_invalid":
            message = f"The request body is not valid JSON: {violation.get('ctx', {}).get('error', '')}."
        case "model_attributes_type" | "model_type" | "dict_type":
            message = "The request body must be a JSON object."
        case _:
            message = f"Invalid value {shown(violation.get('input'))} supplied: {violation['msg']}."
    return InvalidParameterError(message)
