"""Rules for keys and values that hold wherever a key or value is written.

Pure functions: they return the value to store or raise `InvalidParameterError`.
"""

import posixpath
import re
from functools import lru_cache

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import KEY_LENGTH

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
            "spaces ( ), colons (:) and slashes (/)."
        )
    if key in {".", ""} or key.startswith(("..", "/")) or posixpath.normpath(key) != key:
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names "
            f"when treated as such. This name would resolve to {posixpath.normpath(key)!r}."
        )
    return None


def check_key(key: str, kind: str) -> str:
    """Check the key of a metric, param or tag; `kind` is what the message calls it ("Metric name")."""
    check_length(key, kind, KEY_LENGTH)
    if fault := _key_fault(key):
        raise InvalidParameterError(f"Invalid value {key!r} for '{kind}' supplied: {fault}")
    return key


def check_length(value: str, kind: str, limit: int) -> str:
    """Refuse a value of more than `limit` characters."""
    if len(value) > limit:
        shown = value if len(value) <= KEY_LENGTH else f"{value[:KEY_LENGTH]}…"
        raise InvalidParameterError(
            f"'{kind}' exceeds the maximum length of {limit} characters: "
            f"it has {len(value)} and starts with {shown!r}."
        )
    return value


def check_page_size(max_results: int, limit: int) -> int:
    """Refuse a page size outside 1..limit rows."""
    if not 1 <= max_results <= limit:
        raise InvalidParameterError(
            f"Invalid value {max_results} for parameter 'max_results' supplied: "
            f"it must be a positive integer of at most {limit}."
        )
    return max_results


def check_run_id(text: str) -> str:
    """Refuse a text that can be no run's id: a run of that id does not just not exist."""
    if not _RUN_ID.fullmatch(text):
        raise InvalidParameterError(
            f"Invalid value {text[:KEY_LENGTH]!r} for parameter 'run_id' supplied: "
            "it must begin with a letter or digit, and have at most 256 letters, digits, '_' and '-'."
        )
    return text


def parse_experiment_id(text: str) -> int:
    """Return an experiment's id as a number; refuse what is none."""
    # `isdecimal` would take digits of every script, and a sign or space belongs to no id.
    if not (text.isascii() and text.isdigit()) or len(text) > _ID_DIGITS:
        raise InvalidParameterError(
            f"Invalid value {text!r} for parameter 'experiment_id' supplied: "
            "an experiment's ID is a whole number of at most 18 digits."
        )
    return int(text)
