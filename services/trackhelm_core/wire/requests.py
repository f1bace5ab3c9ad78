"""The base of every request model: protobuf's JSON with its leniency, and whole numbers read exactly.

Also what is read before a model is: JSON text, which raises `json.JSONDecodeError` and nothing else; and
paths, below the prefix of a proxy and with the name of a file at their end.
"""

import json
import re
from collections.abc import Collection
from functools import cache
from typing import Annotated, Any, Final, Self

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import CoreSchema, PydanticCustomError
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import Scope

from trackhelm_core.limits import COMMENT_LENGTH, INT64_MAX, INT64_MIN

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


_NAME: Final = "any_path"

ANY_PATH: Final = f"{{path:{_NAME}}}"
"""The end of a route's pattern; the endpoint gets the matching text as `path`."""


class _AnyPath(PathConvertor):
    regex = "(?s:.*)"


register_url_convertor(_NAME, _AnyPath())


def inner_path(scope: Scope) -> str:
    """Return a request's path below the prefix under which its caller knows this server."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


# Whole numbers as clients write them, read exactly: no number is converted to a double on the way.
#
# In protobuf's JSON an int64 is a number or a text. R sends every scalar as text, and 100,000 as `1e+05`. The
# space in the pattern is a plus sign that a client did not encode in a query string.
_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+\- ]?)([0-9]+))?")

_MOST_DIGITS: Final = 19
"""The most digits that an int64 has."""

_BEYOND: Final = 10**_MOST_DIGITS


def whole_number(text: str) -> int | None:
    """Return the whole number in a text, in decimal or exponent form; None if the text has none.

    For a number outside the 64-bit integers it returns some other number outside of them, so that no caller
    can make the server compute `1e999999999`.
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
    if type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return value  # nearly always
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
"""The validator of an `int` of a request that is read like this. A narrower range is a `Field` of its own."""


# The base of every request model.
#
# MLflow's requests are protobuf messages in JSON: a field may be spelled `run_id` or `runId`, `null` means
# absent, numbers may be strings, and unknown fields are ignored. `WireModel` turns this into snake_case names
# without nulls, so that a model can declare plain required and optional fields.

MISSING = "missing"
"""The error type of an absent required field. It is pydantic's own and is raised for empty ones, too."""

NOT_STORABLE = "not_storable"
"""The error type of a text that no database can store; the context has the field's name and the reason."""

WHOLE_MESSAGE = "whole_message"
"""The error type of a violation whose message is MLflow's complete message."""


def _not_empty(value: str) -> str:
    # In proto3 an empty string counts as absent; MLflow's server answers both alike.
    if not value:
        raise PydanticCustomError(MISSING, "Field required")
    return value


Required = Annotated[str, AfterValidator(_not_empty)]
"""A string that must be given and not be empty."""


def _as_list(value: Any) -> Any:
    # FastAPI knows one spelling of a field: if it is given as `runIds=a`, it arrives as the text `a`.
    return [value] if isinstance(value, str) else value


Repeated = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""A list of strings, given in a query as a repeated key in either spelling: `run_ids=a&run_ids=b`.

Requests from a query are `Annotated[Model, Query()]`; otherwise a `WireModel` treats them as it treats
bodies.
"""

Int64 = Annotated[int, Field(ge=INT64_MIN, le=INT64_MAX), WHOLE]
Milliseconds = Annotated[int, Field(ge=0, le=INT64_MAX), WHOLE]
"""A time: milliseconds since the epoch."""

Comment = Annotated[str, Field(max_length=COMMENT_LENGTH)]
"""The reason of a change, for the audit trail. The stock client sends none."""


_OF_SEARCHES: Final = frozenset(
    {
        *("filter", "filter_string", "order_by", "max_results", "page_token"),
        *("view_type", "run_view_type", "experiment_names"),
    }
)
"""Names in MLflow's API and Python client for which rows a search returns, how many, and in which order."""

NOT_TAKEN: Final = "not_taken"
"""The error type of an argument that a request does not have."""

_arguments: set[str] = set(_OF_SEARCHES)


def is_argument(name: str) -> bool:
    """Return whether any request of the API has a field of this name."""
    return name in _arguments


def is_meant(name: str, fields: Collection[str]) -> bool:
    """Return whether a name that is not a field of a message must be refused instead of ignored.

    Protobuf ignores unknown fields, so that newer clients can talk to older servers. But a caller that sends
    `filter_string` for `filter`, or `run_ids` for `run_id`, must get what it asked for or a refusal.
    """
    return name in _OF_SEARCHES or f"{name}s" in fields or (name.endswith("s") and name[:-1] in fields)


def not_taken(name: str, fields: Collection[str]) -> str:
    """Return the message for an argument that a request does not have."""
    return f"'{name}' is not taken here. Allowed: {', '.join(sorted(fields)) or 'none'}"


@cache
def _camel_names(model: type[BaseModel]) -> dict[str, str]:
    return {camel: name for name in model.model_fields if (camel := to_camel(name)) != name}


_TEXTS: Final = frozenset({str, tuple})
"""The types of fields that hold texts. A message inside another one checks its own."""


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(model.model_fields)


def _violation(value: str | tuple[Any, ...]) -> str | None:
    """Return why a text cannot be stored, or None."""
    if isinstance(value, tuple):
        texts = (item for item in value if type(item) in _TEXTS)
        return next((violation for text in texts if (violation := _violation(text))), None)
    if "\0" in value:
        return "a NUL character"  # PostgreSQL cannot store it
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "half of a surrogate pair"  # JSON can express it, UTF-8 cannot
    return None


_OF_MANY: Final = frozenset({"list", "tuple", "dict"})


def _until_first_fault(schema: Any) -> None:
    """Let the lists and mappings in a schema of pydantic be read no further than to their first fault.

    One is answered, and to describe each of the million that fit into a body takes a minute.
    """
    if isinstance(schema, list):
        for part in schema:
            _until_first_fault(part)
    elif isinstance(schema, dict):
        if schema.get("type") in _OF_MANY:
            schema["fail_fast"] = True
        for part in schema.values():
            _until_first_fault(part)


class WireModel(BaseModel):
    """A request, or a message inside one."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return what reads it."""
        schema = handler(source)
        _until_first_fault(schema)
        return schema

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Note the names of its fields."""
        _arguments.update(cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _from_protobuf_json(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if data.keys() <= _names(cls) and None not in data.values():
            return data  # nearly always
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
        for name, value in self.__dict__.items():
            if type(value) in _TEXTS and (violation := _violation(value)):
                field = type(self).model_fields[name].alias or name
                context = {"name": field, "violation": violation}
                raise PydanticCustomError(NOT_STORABLE, "'{name}' holds {violation}", context)
        return self


def same_run(run_id: str, info: ValidationInfo) -> str:
    """Refuse a `run_id` beside a `run_uuid` that names another run: a check and a use could each take one."""
    other = info.data.get("run_uuid", "")
    # What no database can store is told as that.
    if run_id and other not in {"", run_id} and _violation(other) is None:
        raise PydanticCustomError("two_runs", "'run_uuid' names another run: give only one of them")
    return run_id


class OfRun(WireModel):
    """A request about one run, named by `run_id` or, by old clients, `run_uuid`."""

    # In this order, so that the check of `run_id` sees the other field, and a missing run is reported first.
    run_uuid: str = ""
    run_id: Annotated[str, Field(validate_default=True)] = ""

    @field_validator("run_id")
    @classmethod
    def _names_a_run(cls, run_id: str, info: ValidationInfo) -> str:
        if not run_id and not info.data.get("run_uuid", "of another type, which is told"):
            raise PydanticCustomError(MISSING, "Field required")
        return same_run(run_id, info)

    @property
    def run(self) -> str:
        """The id of the run, from either field."""
        return self.run_id or self.run_uuid
