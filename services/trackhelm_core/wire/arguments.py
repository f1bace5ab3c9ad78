"""The arguments of a request, from its query string or its body, and errors that explain what is wrong.

Clients match how the sentences of these errors begin: `Missing value for required parameter 'X'`,
`'X' exceeds the maximum length` and `Invalid value … for parameter 'X' supplied`, with nested fields as
`metrics[0].key`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel, to_snake
from starlette.datastructures import QueryParams

from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.wire.requests import (
    MISSING,
    NOT_STORABLE,
    NOT_TAKEN,
    WHOLE_MESSAGE,
    LargeFloat,
    WireModel,
    decode_json,
    is_argument,
    is_meant,
    not_taken,
)

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


# Reading a message from a body without the framework, with the same leniency and the same messages.

Message = TypeVar("Message", bound=WireModel)


def read_json(body: bytes) -> Any:
    """Return the value of a JSON body; raises `json.JSONDecodeError`."""
    data = decode_json(body)
    # Old clients encode the message as JSON twice.
    return decode_json(data) if isinstance(data, str) else data


def read_body(body: bytes) -> Any:
    """Return the value of a JSON body; raises `InvalidParameterError`."""
    try:
        return read_json(body)
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"The request body is not valid JSON: {error}.") from error


def read_message(model: type[Message], body: bytes) -> Message:
    """Return the message in a body; raises `InvalidParameterError`."""
    return as_message(model, read_body(body))


def as_message(model: type[Message], data: Any) -> Message:
    """Return the value of a JSON body as a message; raises `InvalidParameterError`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        violation = error.errors()[0]
        raise request_violation({**violation, "loc": ("body", *violation["loc"])}) from error


# The arguments of a request outside of a message. Each is given once, or with the same value in each place.
#
# A GET has its arguments in its query string; older clients and those of others send them as a JSON body. An
# argument is refused in a place where it is not read: a search that ignored its filter would answer
# everything.


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments that an endpoint reads from its query string, and which of them may be repeated."""

    spellings: Mapping[str, str]
    """The name of the argument for each spelling."""
    names: frozenset[str]
    repeated: frozenset[str]

    @classmethod
    def of(cls, dependant: Dependant) -> Self:
        """Return the arguments of an endpoint: the fields of its `Query()` models and other parameters."""
        names: dict[str, bool] = {}
        for parameter in dependant.query_params:
            kind = parameter.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                for name, field in kind.model_fields.items():
                    names[name] = get_origin(field.annotation) is tuple
            else:
                names[parameter.alias] = False
        spellings = {spelling: name for name in names for spelling in (name, to_camel(name))}
        repeated = frozenset(name for name, is_repeated in names.items() if is_repeated)
        return cls(spellings, frozenset(names), repeated)

    def merged(self, query: QueryParams, body: Any, in_path: Mapping[str, Any]) -> QueryParams:
        """Return the arguments of a query string and of a JSON body's value, each once.

        Raises:
            InvalidParameterError: An argument is given with two values, or in a form that no argument has.
        """
        given: dict[str, list[str]] = {}
        for spelling, text in query.multi_items():
            given.setdefault(self._name_of(spelling), []).append(text)
        for name, texts in given.items():
            if name in self.names and name not in self.repeated and len(set(texts)) > 1:
                raise _contradiction(name, texts)
        for name, texts in self._of_body(body, self.names | in_path.keys()).items():
            if given.setdefault(name, texts) != texts:
                raise _contradiction(name, [*given[name], *texts])
        for name in in_path.keys() & given.keys():
            texts = given.pop(name)
            if any(text != str(in_path[name]) for text in texts):
                raise _contradiction(name, [str(in_path[name]), *texts])
        for name in given.keys() - self.names:
            if is_meant(name, self.names):
                raise InvalidParameterError(f"Unknown parameter: {not_taken(name, self.names)}.")
        return QueryParams(
            [
                (name, text)
                for name, texts in given.items()
                for text in (texts if name in self.repeated else texts[:1])
            ]
        )

    def _name_of(self, spelling: str) -> str:
        return self.spellings.get(spelling) or to_snake(spelling)

    def _of_body(self, body: Any, known: Collection[str]) -> dict[str, list[str]]:
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise InvalidParameterError("The request body must be a JSON object.")
        given: dict[str, list[str]] = {}
        for spelling, value in body.items():
            name = self._name_of(spelling)
            if value is None:
                continue
            # A field that the endpoint does not know may have any form.
            texts = _texts(name, value) if name in known else [shown(value)]
            if name in known and name not in self.repeated and isinstance(value, list):
                raise invalid_value(value, name, "it takes one value, not a list")
            if given.setdefault(name, texts) != texts:
                raise _contradiction(name, [*given[name], *texts])
        return given


def check_no_arguments(query: QueryParams, method: str) -> None:
    """Refuse arguments in the query string of a request whose arguments are read from its body."""
    for spelling in query:
        name = to_snake(spelling)
        if is_argument(name):
            raise InvalidParameterError(
                f"The query string gives '{name}', but a {method} has its arguments in its JSON body."
            )


def _texts(name: str, value: Any) -> list[str]:
    match value:
        case None:
            return []
        case bool():
            return ["true" if value else "false"]
        case str():
            return [value]
        case LargeFloat():
            return [value.text]
        case int() | float():
            return [str(value)]
        case list() if not any(isinstance(item, list | dict) for item in value):
            return [text for item in value for text in _texts(name, item)]
    raise invalid_value(value, name, "it must be a text, a number, or a list of them")


def _contradiction(name: str, texts: list[str]) -> InvalidParameterError:
    values = ", ".join(shown(text) for text in dict.fromkeys(texts))
    return InvalidParameterError(
        f"The parameter '{name}' is given more than once, with different values: {values}."
    )
