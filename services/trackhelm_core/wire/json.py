"""Reading JSON text from callers. It never raises another exception than `json.JSONDecodeError`."""

import json
from typing import Any, Final

import msgspec

_EXACT: Final = 2.0**53
"""Below this, a double that is a whole number equals the number that was written, to the last digit."""


class LargeFloat(float):
    """A number in decimal or exponent form that may have been rounded to a double, with its digits."""

    __slots__ = ("text",)
    text: str


def _number(text: str) -> float:
    number = float(text)
    if -_EXACT < number < _EXACT:
        return number
    large = LargeFloat(number)
    large.text = text
    return large


_decoder = msgspec.json.Decoder(float_hook=_number)


def decode_json(data: bytes | str) -> Any:
    """Return the value of a JSON text; raises `json.JSONDecodeError` with the position of the violation.

    msgspec reads strict JSON. A text that it refuses is read again by the standard library, which accepts the
    bare `NaN` and `Infinity` that Python scripts write, and reports the position of a violation.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return json.loads(data, parse_float=_number)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as violation:
        # Text that is not UTF-8, integers with thousands of digits, thousands of nested brackets.
        raise json.JSONDecodeError(str(violation), "", 0) from violation
