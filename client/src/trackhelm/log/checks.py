"""What a caller may log, and the errors that say in the caller's line what is wrong. Pure.

The rules are the server's, so that hardly anything is refused later. What is accepted here raises no more.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

KEY_LENGTH: Final = 250
LABELS: Final = 8
LABEL_NAME_LENGTH: Final = 64
LABEL_VALUE_LENGTH: Final = 250
LEAST_INTEGER: Final = -(2**63)
GREATEST_INTEGER: Final = 2**63 - 1

_DATASET_FIELDS: Final = {
    "name": 500,
    "digest": 36,
    "source_type": 500,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
"""The fields of a dataset, and the most characters of each that MLflow's server takes."""
_MAY_LACK: Final = frozenset({"schema", "profile"})
_INPUT_TAG_FIELDS: Final = {"key": 255, "value": 500}

_KEY: Final = re.compile(r"[/\w.\- :]*")
_RUN: Final = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")
_LABEL_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_.\-]{{0,{LABEL_NAME_LENGTH - 1}}}")
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHOWN: Final = 100


class InvalidEntryError(ValueError):
    """What the caller wants to log is not valid. Nothing of the call was logged."""


class ParamConflictError(InvalidEntryError):
    """A param has another value already, which this process logged."""


class DeliveryError(Exception):
    """What was logged has not been delivered in time. It is kept on the disk and is sent later."""


def shown(value: object) -> str:
    """Return a value as a message shows it, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def check_run_id(run: object) -> None:
    """Raise `InvalidEntryError` unless this is the id of a run."""
    if not isinstance(run, str) or not _RUN.fullmatch(run):
        raise InvalidEntryError(
            f"Invalid value {shown(run)} for parameter 'run_id' supplied: it must begin with a letter or "
            "digit, and have at most 256 letters, digits, '_' and '-'"
        )


@lru_cache(maxsize=16_384)
def _violation(key: str) -> str | None:
    if len(key) > KEY_LENGTH:
        return f"it has {len(key)} characters, and at most {KEY_LENGTH} are allowed"
    if not _KEY.fullmatch(key):
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), "
            "colons (:) and slashes (/)"
        )
    if key in {"", "."} or key.startswith(("..", "/")) or posixpath.normpath(key) != key:
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names when "
            f"treated as such. This name would resolve to {posixpath.normpath(key)!r}"
        )
    return None


def check_key(key: object, called: str) -> str:
    """Return a metric's, param's or tag's key; `called` says which. Raises `InvalidEntryError`."""
    if not isinstance(key, str):
        raise InvalidEntryError(f"Invalid {called} name {shown(key)}: it must be a string")
    if violation := _violation(key):
        raise InvalidEntryError(f"Invalid {called} name: {shown(key)}. {violation}")
    return key


def check_texts(values: Mapping[Any, Any], called: str) -> None:
    """Raise `InvalidEntryError` unless keys are valid and all values are texts that can be sent."""
    for key, value in values.items():
        check_key(key, called)
        if not isinstance(value, str):
            raise InvalidEntryError(f"Invalid value {shown(value)} of {called} {key!r}: it must be a string")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidEntryError(
                f"Invalid value {shown(value)} of {called} {key!r}: {error.reason}"
            ) from error


def check_inputs(datasets: Sequence[Mapping[str, Any]]) -> None:
    """Raise `InvalidEntryError` unless these are datasets with tags of their use, as a request has them."""
    for used in datasets:
        dataset = used.get("dataset", {})
        for field, most in _DATASET_FIELDS.items():
            value = dataset.get(field)
            if value is None and field in _MAY_LACK:
                continue
            if not isinstance(value, str) or not value or len(value) > most:
                raise InvalidEntryError(
                    f"Invalid {field} {shown(value)} of the dataset {shown(dataset.get('name'))}: it must be "
                    f"a string of 1 to {most} characters"
                )
        for tag in used.get("tags", ()):
            for field, most in _INPUT_TAG_FIELDS.items():
                if not isinstance(tag.get(field), str) or len(tag[field]) > most:
                    raise InvalidEntryError(
                        f"Invalid {field} {shown(tag.get(field))} of a tag of the dataset "
                        f"{shown(dataset.get('name'))}: it must be a string of at most {most} characters"
                    )


def check_labels(labels: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """Return the labels of points, sorted by name. Raises `InvalidEntryError`."""
    if len(labels) > LABELS:
        raise InvalidEntryError(
            f"A point has at most {LABELS} labels, not {len(labels)}: {shown(dict(labels))}"
        )
    for name, value in labels.items():
        if not isinstance(name, str) or not _LABEL_NAME.fullmatch(name):
            raise InvalidEntryError(
                f"Invalid label name {shown(name)}: a letter or '_', then letters, digits, '_', '.' or '-', "
                f"in all at most {LABEL_NAME_LENGTH} characters of ASCII"
            )
        if not isinstance(value, str) or not 1 <= len(value) <= LABEL_VALUE_LENGTH or _UNFIT.search(value):
            raise InvalidEntryError(
                f"Invalid value {shown(value)} of label {name!r}: a string of 1 to {LABEL_VALUE_LENGTH} "
                "characters, without control characters"
            )
    return tuple(sorted(labels.items()))


def explain_numbers(values: Mapping[str, object], step: object, timestamp_ms: object) -> InvalidEntryError:
    """Return the error for numbers that could not be packed: it names the one that is none."""
    if not isinstance(step, int) or not LEAST_INTEGER <= step <= GREATEST_INTEGER:
        return InvalidEntryError(f"Invalid step {shown(step)}: it must be a 64-bit integer")
    if not isinstance(timestamp_ms, int) or not 0 <= timestamp_ms <= GREATEST_INTEGER:
        return InvalidEntryError(
            f"Invalid timestamp {shown(timestamp_ms)}: it must be a number of milliseconds since the epoch"
        )
    for key, value in values.items():
        try:
            float(value)  # type: ignore[arg-type]  # it may be anything
        except (TypeError, ValueError, OverflowError):
            return InvalidEntryError(
                f"Got invalid value {shown(value)} for metric {key!r} (timestamp={timestamp_ms}). Please "
                "specify value as a valid double (64-bit floating point)"
            )
        if isinstance(value, str):
            return InvalidEntryError(f"Got invalid value {shown(value)} for metric {key!r}: it is a string")
    return InvalidEntryError(f"The metrics {shown(dict(values))} cannot be logged")
