"""Whole numbers as clients write them, read exactly: no number goes through a double on its way.

Protobuf's JSON has an int64 as a number or as text. R sends every scalar as text, and 100,000 as `1e+05`.
"""

import re
from typing import Any, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import INT64_MAX, INT64_MIN
from trackhelm_core.wire.json import LargeFloat

# The space is a plus sign that a client left unencoded in a query string.
_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+\- ]?)([0-9]+))?")

_MOST_DIGITS: Final = 19
"""What an int64 has at most."""

_BEYOND: Final = 10**_MOST_DIGITS


def whole_number(text: str) -> int | None:
    """Return the whole number that a text writes, in decimal or exponent form; None where it writes none.

    What is outside the 64-bit integers comes as some number that is outside, too: nobody can have the server
    compute with `1e999999999`.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction, power_sign, power = found.groups("")
    if not whole and not fraction:
        return None
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    power = power.lstrip("0")[:_MOST_DIGITS] or "0"
    zeros = int(f"-{power}" if power_sign == "-" else power) - len(fraction) + len(digits) - len(significant)
    if zeros < 0:
        return None
    fits = len(significant) + zeros <= _MOST_DIGITS
    number = int(significant + "0" * zeros) if fits else _BEYOND
    return -number if sign == "-" else number


def _read(value: Any) -> Any:
    match value:
        case bool():
            number = None
        case str():
            number = whole_number(value)
        case LargeFloat():
            number = whole_number(value.text)
        case float():
            number = int(value) if value.is_integer() else None
        case int():
            number = value
        case _:
            return value  # pydantic says what is wrong with a list
    if number is None:
        raise PydanticCustomError("whole_number", "it must be a whole number")
    if not INT64_MIN <= number <= INT64_MAX:
        raise PydanticCustomError(
            "int64", "it must be within the 64-bit integers, from {least} to {most}",
            {"least": INT64_MIN, "most": INT64_MAX},
        )  # fmt: skip
    return number


WHOLE: Final = BeforeValidator(_read)
"""What makes an `int` of a request one that is read like this. A narrower range is a `Field` of its own."""
