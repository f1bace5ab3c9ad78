"""The base of every request model: protobuf's JSON leniencies, undone once; numbers are read exactly."""

import re
from collections.abc import Collection
from functools import cache
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import COMMENT_LENGTH, INT64_MAX, INT64_MIN
from trackhelm_core.wire.json import LargeFloat

# Whole numbers as clients write them, read exactly: no number goes through a double on its way.
#
# Protobuf's JSON has an int64 as a number or as text. R sends every scalar as text, and 100,000 as `1e+05`.

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


# The base of every request model: protobuf's JSON leniencies, undone once.
#
# MLflow's requests are protobuf messages in JSON: a field may be spelled `run_id` or `runId`, `null` means
# absent, numbers may be strings, unknown fields are ignored. A model derived from `WireModel` sees
# snake_case names and no nulls, so it can declare plain required and optional fields.

MISSING = "missing"
"""The error type of an absent required field: pydantic's own, raised for empty ones too."""

NOT_STORABLE = "not_storable"
"""The error type of a text that no database stores; the field's name and the reason are in the context."""

WHOLE_MESSAGE = "whole_message"
"""The error type of a violation whose message is all that is to be said, in MLflow's words."""


def _not_empty(value: str) -> str:
    # In proto3 an empty string is an absent one: stock answers both alike.
    if not value:
        raise PydanticCustomError(MISSING, "Field required")
    return value


Required = Annotated[str, AfterValidator(_not_empty)]
"""A string that must be there and not be empty."""


def _as_list(value: Any) -> Any:
    # FastAPI knows a field by one spelling: given as `runIds=a`, it arrives as the text `a`.
    return [value] if isinstance(value, str) else value


Repeated = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""A list of strings that a query gives as a repeated key, in either spelling: `run_ids=a&run_ids=b`.

Requests from a query are `Annotated[Model, Query()]`; everything else a `WireModel` does for bodies holds
for them as it is.
"""

Int64 = Annotated[int, Field(ge=INT64_MIN, le=INT64_MAX), WHOLE]
Milliseconds = Annotated[int, Field(ge=0, le=INT64_MAX), WHOLE]
"""A time: milliseconds since the epoch."""

Comment = Annotated[str, Field(max_length=COMMENT_LENGTH)]
"""Why something is done, for the audit trail. The stock client sends none."""


_OF_SEARCHES: Final = frozenset(
    {
        *("filter", "filter_string", "order_by", "max_results", "page_token"),
        *("view_type", "run_view_type", "experiment_names"),
    }
)
"""Words of MLflow's API and of its Python client for which rows are wanted, how many, and in which order."""

NOT_TAKEN: Final = "not_taken"
"""The error type of an argument that a request does not take."""

_arguments: set[str] = set(_OF_SEARCHES)


def is_argument(name: str) -> bool:
    """Return whether any request of the API has a field of this name."""
    return name in _arguments


def is_meant(name: str, fields: Collection[str]) -> bool:
    """Return whether a name that is none of a message's fields is one that must not be ignored.

    Protobuf ignores fields that it does not know, so that newer clients can speak to older servers. But who
    sends `filter_string` for `filter`, or `run_ids` for `run_id`, must get what was asked for or a refusal.
    """
    return name in _OF_SEARCHES or f"{name}s" in fields or (name.endswith("s") and name[:-1] in fields)


def not_taken(name: str, fields: Collection[str]) -> str:
    """Say that an argument is not among those that a request takes."""
    return f"'{name}' is not taken here. Allowed: {', '.join(sorted(fields)) or 'none'}"


@cache
def _camel_names(model: type[BaseModel]) -> dict[str, str]:
    return {camel: name for name in model.model_fields if (camel := to_camel(name)) != name}


def _violation(value: Any) -> str | None:
    """Say why a text cannot be stored, or None."""
    if isinstance(value, tuple):
        return next((violation for item in value if (violation := _violation(item))), None)
    if not isinstance(value, str):
        return None
    if "\0" in value:
        return "a NUL character"  # PostgreSQL stores none
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "half of a surrogate pair"  # JSON can spell it, UTF-8 cannot
    return None


class WireModel(BaseModel):
    """A request, or a message inside one."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Note the names of its fields."""
        _arguments.update(cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _from_protobuf_json(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        camel = _camel_names(cls)
        fields: dict[str, Any] = {}
        for given, value in data.items():
            if value is None:
                continue
            name: str = camel.get(given) or given
            if name in fields:
                raise PydanticCustomError(
                    WHOLE_MESSAGE,
                    "Request specifies both '{name}' and '{other}'; provide only one of them.",
                    {"name": name, "other": to_camel(name)},
                )
            if name not in cls.model_fields and is_meant(snake := to_snake(name), cls.model_fields):
                raise PydanticCustomError(
                    NOT_TAKEN, "{reason}", {"reason": not_taken(snake, cls.model_fields)}
                )
            fields[name] = value
        return fields

    @model_validator(mode="after")
    def _is_storable(self) -> Self:
        for name in type(self).model_fields:
            if violation := _violation(getattr(self, name)):
                raise PydanticCustomError(
                    NOT_STORABLE, "'{name}' holds {violation}", {"name": name, "violation": violation}
                )
        return self


class OfRun(WireModel):
    """A request about one run, named by `run_id` or, by old clients, `run_uuid`."""

    # In this order: the check of `run_id` sees the other, and a missing run is told before other faults.
    run_uuid: str = ""
    run_id: Annotated[str, Field(validate_default=True)] = ""

    @field_validator("run_id")
    @classmethod
    def _names_a_run(cls, run_id: str, info: ValidationInfo) -> str:
        if not run_id and not info.data.get("run_uuid", "of another type, which is told"):
            raise PydanticCustomError(MISSING, "Field required")
        return run_id

    @property
    def run(self) -> str:
        """The run's id, however it was given."""
        return self.run_id or self.run_uuid
