"""Answers: msgspec structs, their JSON form, and their schemas in the OpenAPI document.

They follow the stock client's protobuf parser: optional fields that are unset, and empty lists, are left out,
and a number that is not finite is written as the string that protobuf has for it, because a bare `NaN` makes
the client raise.
"""

import gzip
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import zstandard
from fastapi import Response
from fastapi.responses import StreamingResponse

from trackhelm_core.wire.requests import WireModel

_ENCODER = msgspec.json.Encoder()
JSON_MEDIA_TYPE = "application/json"
SCHEMA_REF = "#/components/schemas/{name}"


class Reply(msgspec.Struct, omit_defaults=True, frozen=True):
    """A message of an answer. A field that has its default value is left out."""


class Empty(Reply, frozen=True):
    """The answer of a write that returns nothing: `{}`."""


class KeyValue(Reply, frozen=True, gc=False):
    """A param or a tag. `value` has no default, so that an empty value is written, too."""

    key: str
    value: str


class ErrorReply(Reply, frozen=True):
    """A failure, in MLflow's form."""

    error_code: str
    message: str


Number = float | str
"""A double on the wire: a number, or `"NaN"`, `"Infinity"`, `"-Infinity"`."""


def wire_number(value: float) -> Number:
    """Return a double in protobuf's JSON form."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def encode(message: Reply) -> bytes:
    """Return a message as JSON."""
    return _ENCODER.encode(message)


def reply(message: Reply) -> Response:
    """Return the 200 answer with a message."""
    return Response(encode(message), media_type=JSON_MEDIA_TYPE)


_SMALL: Final = 4 * 1024
"""Bytes. What is smaller fits into a few packets anyway."""

_ZSTD_LEVEL: Final = 1
_GZIP_LEVEL: Final = 1


def binary_reply(body: bytes, media_type: str, accepted: str) -> Response:
    """Return the 200 answer with bytes, compressed as the request's `Accept-Encoding` allows.

    Fast levels: columns of numbers hardly become smaller by more work.
    """
    headers = {"Vary": "Accept-Encoding"}
    codings = {coding.partition(";")[0].strip() for coding in accepted.lower().split(",")}
    if len(body) >= _SMALL:
        if "zstd" in codings:
            body = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
            headers["Content-Encoding"] = "zstd"
        elif "gzip" in codings:
            body = gzip.compress(body, _GZIP_LEVEL)
            headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=media_type, headers=headers)


def streamed_reply(name: str, batches: Iterable[Sequence[Reply]]) -> Response:
    """Return the 200 answer with one list, each batch of which is made, encoded and sent before the next.

    What fails after the first batch can no longer be answered: the connection is closed, so that no client
    takes the part for the whole. No batch may be empty.
    """

    def encoded() -> Iterator[bytes]:
        begin = f'{{"{name}":['.encode()
        for batch in batches:
            yield begin + _ENCODER.encode(batch)[1:-1]
            begin = b","
        yield b"]}"

    return StreamingResponse(encoded(), media_type=JSON_MEDIA_TYPE)


_EMPTY = b"{}"


def empty_reply() -> Response:
    """Return the 200 answer `{}`."""
    return Response(_EMPTY, media_type=JSON_MEDIA_TYPE)


# A route names its schemas, and they are made when the document is requested: those of a hundred routes took
# 60 ms of every start.

_AT_REQUEST: Final = "made at request"
_schemas: Final[dict[str, Callable[[], dict[str, Any]]]] = {}


def _at_request(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what stands for a schema until `made_schema` makes it."""
    _schemas[name] = make
    return {_AT_REQUEST: name}


def made_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of a route's document, made if it is one of `documented` or `documented_body`."""
    name = schema.get(_AT_REQUEST)
    return schema if name is None else _schemas[name]()


def schema_of(message: type[Reply]) -> dict[str, Any]:
    """Return a message's JSON schema, with those of nested messages under `$defs`.

    `trackhelm_core.http.app` moves these to where the references point.
    """
    # A request and an answer may have the same name, but need two schemas.
    name = "Reply.{name}"
    (schema,), components = msgspec.json.schema_components(
        [message], ref_template=SCHEMA_REF.replace("{name}", name)
    )
    return {**schema, "$defs": {name.format(name=each): found for each, found in components.items()}}


def documented(message: type[Reply]) -> dict[str, Any]:
    """Return the route arguments that put an answer's schema into the OpenAPI document."""
    schema = _at_request(f"answer {message.__module__}.{message.__name__}", partial(schema_of, message))
    content = {JSON_MEDIA_TYPE: {"schema": schema}}
    return {
        "response_class": Response,
        "responses": {200: {"description": "Success", "content": content}},
    }


def documented_body(message: type[WireModel]) -> dict[str, Any]:
    """Return the route arguments that document a body that the endpoint reads by itself."""
    template = SCHEMA_REF.replace("{name}", "{model}")
    schema = _at_request(
        f"request {message.__module__}.{message.__name__}",
        partial(message.model_json_schema, ref_template=template),
    )
    body = {"required": True, "content": {JSON_MEDIA_TYPE: {"schema": schema}}}
    return {"openapi_extra": {"requestBody": body}}
