"""Reading JSON text that strangers wrote: never another exception than `json.JSONDecodeError`."""

import json
from typing import Any, Final

import msgspec

_EXACT: Final = 2.0**53
"""Below it, a double that is a whole number is the number that was written, to the last digit."""


class LargeFloat(float):
    """A number in decimal or exponent form that a double may have rounded, with its own digits."""

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
    """Return what a JSON text says; raises `json.JSONDecodeError`, which names the place of the violation.

    msgspec reads what is strictly JSON. What it refuses is read again by the standard library, which
    takes the bare `NaN` and `Infinity` that Python scripts write, and explains a violation by its position.
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
        # Text that is not UTF-8, integers of thousands of digits, brackets nested by the thousand.
        raise json.JSONDecodeError(str(violation), "", 0) from violation
