"""Rules for keys and values that hold wherever a key or value is written.

Pure functions: they return the value to store or raise `InvalidParameterError`.
"""

import posixpath
import re
from functools import lru_cache

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import KEY_LENGTH
from trackhelm_core.wire.faults import cut, invalid_value, too_long

# Fewer digits than the largest 64-bit integer has, so that every id fits its column.
_ID_DIGITS = 18

_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")

_KEY = re.compile(r"[/\w.\- :]*")


@lru_cache(maxsize=65_536)
def _key_fault(key: str) -> str | None:
    """Say what is wrong with a key, or None. Cached: a training loop sends the same keys for hours."""
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
    """Check the key of a metric, param or tag. MLflow may call `parameter` otherwise where it is too long."""
    check_length(key, called or parameter, KEY_LENGTH)
    if fault := _key_fault(key):
        raise invalid_value(key, parameter, fault)
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
    allowed = f"It must be at most {limit}" if max_results > limit else "It must be a positive integer"
    raise InvalidParameterError(
        f"Invalid value {max_results} for parameter 'max_results' supplied. {allowed}, from 1 to {limit}."
    )


def check_page_range(max_results: int, limit: int) -> int:
    """Do as `check_page_size` does, in the words of the endpoints that name both ends."""
    if not 1 <= max_results <= limit:
        raise InvalidParameterError(f"max_results must be between 1 and {limit}, got {max_results}.")
    return max_results


def check_run_id(text: str) -> str:
    """Refuse a text that can be no run's id: a run of that id does not just not exist."""
    if not _RUN_ID.fullmatch(text):
        reason = "it must begin with a letter or digit, and have at most 256 letters, digits, '_' and '-'"
        raise invalid_value(text, "run_id", reason)
    return text


def parse_experiment_id(text: str) -> int:
    """Return an experiment's id as a number; refuse what is none."""
    # `isdecimal` would take digits of every script, and a sign or space belongs to no id.
    if not (text.isascii() and text.isdigit()) or len(text) > _ID_DIGITS:
        raise InvalidParameterError(
            f"Invalid experiment ID {cut(text)!r}. Experiment ID must be a valid integer, "
            f"of at most {_ID_DIGITS} digits."
        )
    return int(text)
