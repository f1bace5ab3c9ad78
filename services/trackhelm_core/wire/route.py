"""The route class of every endpoint that takes arguments: a JSON body, or those of a GET.

It accepts what MLflow's server accepts as a body: an absent one (an empty message), and JSON that was
encoded twice (old clients). Of a write it demands `Content-Type: application/json`, which no HTML form can
send, so that a foreign page cannot write without the browser asking us first. It reads no more than the
limit.
"""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.wire.arguments import Arguments, check_no_arguments
from trackhelm_core.wire.bodies import whole_body
from trackhelm_core.wire.faults import cut
from trackhelm_core.wire.messages import read_body, read_json

# A browser asks before it sends a foreign page's DELETE, and the stock client sends some without a body.
_JSON_METHODS = frozenset({"POST", "PUT", "PATCH"})

_EMPTY: Final = b"{}"


def check_json_content_type(request: Request) -> None:
    """Refuse a body that does not say it is JSON."""
    given = request.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() != "application/json":
        if not given:
            raise InvalidParameterError(
                "Bad Request. Content-Type header is missing: it must be 'application/json'."
            )
        raise InvalidParameterError(
            f"Bad Request. Content-Type must be 'application/json', got {cut(given)!r}."
        )


class WireRequest(Request):
    """A request that knows MLflow's forms of a body."""

    _read: bytes | None = None

    async def body(self) -> bytes:
        """Return the body, an empty message where there is none."""
        if self._read is None:
            self._read = await whole_body(self, JSON_BODY_BYTES) or _EMPTY
        return self._read

    async def json(self) -> Any:
        """Return what the body says."""
        return read_json(await self.body())

    def check_query(self) -> None:
        """Refuse arguments in the query string, where they are read from the body."""
        if self.scope["query_string"]:
            check_no_arguments(self.query_params, self.method)

    def take_arguments(self, arguments: Arguments, body: Any = None) -> None:
        """Make the query string what it and a body say."""
        self._query_params = arguments.merged(self.query_params, body, self.path_params)


class QueryRoute(APIRoute):
    """Reads arguments from the query string alone: the body is a file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given a request whose arguments are checked."""
        handler = super().get_route_handler()
        arguments = Arguments.of(self.dependant)

        async def handle(request: Request) -> Response:
            wire_request = WireRequest(request.scope, request.receive)
            wire_request.take_arguments(arguments)
            return await handler(wire_request)

        return handle


class WireRoute(APIRoute):
    """Reads a request's arguments as MLflow's server does."""

    reads_message: ClassVar[bool] = False
    """Whether the endpoint reads a message from the body by itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given a request that knows MLflow's forms of arguments."""
        handler = super().get_route_handler()
        arguments = Arguments.of(self.dependant)
        has_message = self.reads_message or self.body_field is not None

        async def handle(request: Request) -> Response:
            if request.method in _JSON_METHODS:
                check_json_content_type(request)
            wire_request = WireRequest(request.scope, request.receive)
            # Here, because FastAPI takes whatever fails while it reads a body for JSON it cannot parse.
            body = await wire_request.body()
            if has_message:
                wire_request.check_query()
            else:
                wire_request.take_arguments(arguments, read_body(body))
            return await handler(wire_request)

        return handle
