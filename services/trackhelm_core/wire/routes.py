"""The route classes of endpoints: with arguments read as MLflow reads them, and called directly.

Also the bodies that they read: how much of one, and how much memory all that a process holds may take.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Gauge
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.access import current_access
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, UnavailableError
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.runtime import Service
from trackhelm_core.wire.arguments import Arguments, check_no_arguments, cut, read_body, read_json
from trackhelm_core.wire.replies import JSON_MEDIA_TYPE
from trackhelm_core.wire.requests import inner_path

# Request bodies. Files are streamed, and not held: `body_of` yields their blocks as they come.

MEBIBYTE: Final = 1024 * 1024

_TOO_LARGE: Final = 413


class BodyMemory:
    """What a process holds of request bodies, and may hold. It is used on the event loop alone."""

    def __init__(self, limit: int, registry: CollectorRegistry | None = None) -> None:
        self._limit = limit
        self._held = 0
        gauge = Gauge("trackhelm_http_body_bytes", "Bytes of request bodies in memory.", registry=registry)
        gauge.set_function(lambda: self._held)

    def check(self, more: int) -> None:
        """Raise `UnavailableError` if so many bytes more are not to be held."""
        if self._held + more > self._limit:
            raise UnavailableError(
                f"The bodies of all requests may take {self._limit // MEBIBYTE} MiB of the server's memory, "
                "and with this one they would take more. Send the request again."
            )

    def change(self, size: int) -> None:
        """Note that so many bytes more are held, or fewer."""
        self._held += size


class HeldBody:
    """What of one request's body is held, until it is released."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._size = 0

    async def read(self, request: Request, limit: int) -> bytes:
        """Return a body of at most `limit` bytes; of a larger one no more than that is ever held.

        A body for which there is no memory now is refused: before any of it is read if it is announced.
        What comes is counted, so that one that announces much and sends nothing takes none from others.
        """
        announced = announced_length(request) or 0
        _check_size(announced, limit)
        self._memory.check(announced)
        chunks: list[bytes] = []
        more = True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise _cut_short()
            chunk = message.get("body", b"")
            _check_size(self._size + len(chunk), limit)
            self._memory.check(len(chunk))
            self._memory.change(len(chunk))
            self._size += len(chunk)
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def release(self) -> None:
        """Note that the body is used no more."""
        self._memory.change(-self._size)
        self._size = 0


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Yield a request's body; raises when the connection ends before it does."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise _cut_short() from error


def announced_length(request: Request) -> int | None:
    """Return the body's length in bytes as its header announces it, None if it does not."""
    header = request.headers.get("content-length")
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and len(header) <= 18):  # noqa: PLR2004 - as of 64 bits
        raise InvalidParameterError(f"Invalid Content-Length {header[:40]!r}: a whole number is expected.")
    return int(header)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        # Not 429 or 5xx: the stock client would send it again.
        raise ApiError(
            ErrorCode.INVALID_PARAMETER_VALUE,
            f"The request body is too large: at most {limit} bytes are allowed. Please split it up.",
            status=_TOO_LARGE,
        )


def _cut_short() -> ApiError:
    return ApiError(
        ErrorCode.BAD_REQUEST, "The connection was closed before the whole body came: it was not stored."
    )


# The route class of every endpoint that takes arguments: a JSON body, or those of a GET.
#
# It accepts the bodies that MLflow's server accepts: none (an empty message), and JSON that was encoded twice
# (old clients). For a write it requires `Content-Type: application/json`, which no HTML form can send, so
# that a foreign page cannot write without a preflight request. It reads no more than the limit.

# Not DELETE: a browser sends a preflight request before a foreign page's DELETE, and the stock client sends
# some without a body.
_JSON_METHODS = frozenset({"POST", "PUT", "PATCH"})

_EMPTY: Final = b"{}"


def check_content_type(request: Request, expected: str) -> None:
    """Refuse a body whose `Content-Type` is not the one that its route takes."""
    given = request.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() != expected:
        if not given:
            raise InvalidParameterError(
                f"Bad Request. Content-Type header is missing: it must be '{expected}'."
            )
        raise InvalidParameterError(f"Bad Request. Content-Type must be '{expected}', got {cut(given)!r}.")


class WireRequest(Request):
    """A request that knows MLflow's forms of a body. Release its body when it is answered."""

    _read: bytes | None = None
    _held: HeldBody | None = None

    async def body(self) -> bytes:
        """Return the body; an empty message if there is none."""
        if self._read is None:
            self._held = HeldBody(self.app.state.bodies)
            self._read = await self._held.read(self, JSON_BODY_BYTES) or _EMPTY
        return self._read

    def release(self) -> None:
        """Let go of the body."""
        if self._held is not None:
            self._held.release()
            self._read = self._held = None

    async def json(self) -> Any:
        """Return the value of the body."""
        return read_json(await self.body())

    def check_query(self) -> None:
        """Refuse arguments in the query string, if they are read from the body."""
        if self.scope["query_string"]:
            check_no_arguments(self.query_params, self.method)

    def take_arguments(self, arguments: Arguments, body: Any = None) -> None:
        """Merge the arguments of a body's value into the query string."""
        self._query_params = arguments.merged(self.query_params, body, self.path_params)


class QueryRoute(APIRoute):
    """Reads arguments from the query string only, because the body is a file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which gets a request whose arguments are checked."""
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
    """Whether the endpoint itself reads a message from the body."""

    content_type: ClassVar[str] = JSON_MEDIA_TYPE
    """What a body is: nothing that an HTML form can send, so that no foreign page can write."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which gets a request that accepts MLflow's forms of arguments."""
        handler = super().get_route_handler()
        arguments = Arguments.of(self.dependant)
        has_message = self.reads_message or self.body_field is not None

        async def handle(request: Request) -> Response:
            if request.method in _JSON_METHODS:
                check_content_type(request, self.content_type)
            wire_request = WireRequest(request.scope, request.receive)
            try:
                # Here, because FastAPI takes whatever fails while it reads a body for JSON it cannot parse.
                body = await wire_request.body()
                if has_message:
                    wire_request.check_query()
                else:
                    wire_request.take_arguments(arguments, read_body(body))
                return await handler(wire_request)
            finally:
                wire_request.release()

        return handle


# Direct endpoints: the most frequent ones, called without the framework's layers, routing and injection.
#
# The work for a request with one metric point takes about 10 µs. Matching it against a hundred routes and
# resolving its endpoint's parameters takes 140 µs, and the layers around the router 10 µs. A `DirectRoute` is
# an ordinary route in the OpenAPI document and for any other application. Its endpoint takes the request
# only, so calling it by its exact path gives the same result: body, limits, errors and metrics are those of
# any `WireRoute`.

_JSON: Final = (b"content-type", JSON_MEDIA_TYPE.encode())

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(WireRoute):
    """A POST route at a fixed path whose endpoint is `async` and takes the request only."""

    reads_message = True


def direct_routes(services: Iterable[Service]) -> dict[str, DirectRoute]:
    """Return the direct routes of services, by each path at which they are served."""
    return {
        f"{prefix}{route.path}": route
        for service in services
        for mount in service.mounts
        for prefix in mount.prefixes
        for route in mount.router.routes
        if isinstance(route, DirectRoute)
    }


class DirectEndpoints:
    """Calls the endpoint of a scope's route, and answers its failures as `application` does."""

    def __init__(self, application: Starlette) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = WireRequest(scope, receive)
        try:
            route: DirectRoute = scope["route"]
            if route.content_type is not JSON_MEDIA_TYPE or _JSON not in scope["headers"]:
                check_content_type(request, route.content_type)
            current_access().check_route()
            await request.body()
            request.check_query()
            response = await route.endpoint(request)
        except Exception as error:  # noqa: BLE001 - an unexpected one is raised again
            response = await self._answer(request, error)
        finally:
            request.release()
        await response(scope, receive, send)

    async def _answer(self, request: Request, error: Exception) -> Response:
        handlers = self._application.exception_handlers
        for kind in type(error).__mro__:
            if kind in handlers:
                answer: Response = await handlers[kind](request, error)
                return answer
        raise error


class DirectApplication(FastAPI):
    """An application whose direct routes are called without the framework's layers."""

    direct: Mapping[str, DirectRoute] = MappingProxyType({})
    """The direct routes, by path."""

    serve_direct: ASGIApp
    """Serves a request whose route is in its scope; wraps `DirectEndpoints`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        route = None
        if scope["type"] == "http" and scope["method"] == "POST":
            route = self.direct.get(inner_path(scope))
        if route is None:
            await super().__call__(scope, receive, send)
            return
        # The framework sets these, too: endpoints read the state there, and the request metrics the route.
        scope["app"] = self
        scope["route"] = route
        await self.serve_direct(scope, receive, send)
