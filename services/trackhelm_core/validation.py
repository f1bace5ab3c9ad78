"""Rules for keys, values and ids that are the same in every service.

Pure functions: they return the valid value or raise `InvalidParameterError`.
"""

import posixpath
import re
from functools import lru_cache
from typing import Final

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import KEY_LENGTH
from trackhelm_core.wire.arguments import invalid_value, quoted, too_long

# One digit fewer than the largest 64-bit integer has, so that every id fits its column.
_ID_DIGITS = 18

_INTEGER = re.compile(r"-?[0-9]+")
_CANONICAL = re.compile(r"-?[1-9][0-9]*|0")

# The largest number that the column can hold. No version has a larger one.
_LARGEST_VERSION = 2**31 - 1

NOBODYS_ID: Final = -1
"""An id that no row has, so that a look-up finds nothing."""

_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")

_KEY = re.compile(r"[/\w.\- :]*")


@lru_cache(maxsize=65_536)
def _key_violation(key: str) -> str | None:
    """Return what is wrong with a key, or None. Cached, as a training loop sends the same keys for hours."""
    if not _KEY.fullmatch(key):
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), "
            "spaces ( ), colons (:) and slashes (/)"
        )
    if key in {".", ""} or key.startswith(("..", "/")) or posixpath.normpath(key) != key:
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names "
            f"when treated as such. This name would resolve to {posixpath.normpath(key)!r}"
        )
    return None


def check_key(key: str, parameter: str = "key", called: str = "") -> str:
    """Check the key of a metric, param or tag. If it is too long, the message calls it `called`, if given."""
    check_length(key, called or parameter, KEY_LENGTH)
    if violation := _key_violation(key):
        raise invalid_value(key, parameter, violation)
    return key


def check_length(value: str, name: str, limit: int) -> str:
    """Refuse a value of more than `limit` characters."""
    if len(value) > limit:
        raise too_long(value, name, limit)
    return value


def check_page_size(max_results: int, limit: int) -> int:
    """Refuse a page size outside 1..limit rows."""
    if 1 <= max_results <= limit:
        return max_results
    allowed = "at most" if max_results > limit else "a positive integer of at most"
    raise InvalidParameterError(
        f"Invalid value {max_results} for parameter 'max_results' supplied. It must be {allowed} {limit}."
    )


def check_page_range(max_results: int, limit: int) -> int:
    """Do as `check_page_size` does, with the message of the endpoints that name both bounds."""
    if not 1 <= max_results <= limit:
        raise InvalidParameterError(f"max_results must be between 1 and {limit}, got {max_results}.")
    return max_results


def check_run_id(text: str) -> str:
    """Refuse a text that cannot be the id of a run, instead of answering that no such run exists."""
    if not _RUN_ID.fullmatch(text):
        reason = "it must begin with a letter or digit, and have at most 256 letters, digits, '_' and '-'"
        raise invalid_value(text, "run_id", reason)
    return text


def is_id(text: str) -> bool:
    """Return whether a text is a whole number in the only spelling that an id can have."""
    # Not `isdecimal`, which accepts digits of every script.
    return _CANONICAL.fullmatch(text) is not None


def parse_experiment_id(text: str) -> int:
    """Return an experiment's id as a number; refuse a text that is no whole number.

    It is `NOBODYS_ID` if no experiment can have it. An id has one spelling: `01` and `-7` are whole numbers,
    but no experiment has such an id.
    """
    if not _INTEGER.fullmatch(text) or len(text) > _ID_DIGITS:
        raise InvalidParameterError(
            f"Invalid experiment ID {quoted(text)}. Experiment ID must be a valid integer, "
            f"of at most {_ID_DIGITS} digits."
        )
    return int(text) if is_id(text) else NOBODYS_ID


def parse_version(text: str) -> int | None:
    """Return a version's number, None if no version can have it; refuse a text that is no whole number.

    A version's number has one spelling, as the id of an experiment has.
    """
    if not _INTEGER.fullmatch(text):
        raise InvalidParameterError(f"Parameter 'version' must be an integer, got {quoted(text)}.")
    if not is_id(text) or len(text) > len(str(_LARGEST_VERSION)):
        return None
    number = int(text)
    return number if 1 <= number <= _LARGEST_VERSION else None
