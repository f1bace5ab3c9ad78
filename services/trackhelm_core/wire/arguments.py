"""The arguments of a request, from its query string or its body; reading a message without the framework."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel, to_snake
from starlette.datastructures import QueryParams

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.json import LargeFloat, decode_json
from trackhelm_core.wire.requests import WireModel, is_argument, is_meant, not_taken
from trackhelm_core.wire.violations import invalid_value, request_violation, shown

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
    data = read_body(body)
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
