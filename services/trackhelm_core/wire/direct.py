"""Endpoints that are called directly, past the framework's layers, routing and injection: those called most.

A request with one metric point is worth some 10 µs of work; matching it against a hundred routes and solving
its endpoint's parameters takes 140, and the layers around the router 10. A route of class `DirectRoute` is
an ordinary route, in the OpenAPI document and for any other application. Its endpoint takes nothing but the
request, so calling it by its exact path means the same: body, limits, errors and what is counted are those
of any `WireRoute`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.service import Service
from trackhelm_core.wire.paths import inner_path
from trackhelm_core.wire.route import WireRequest, WireRoute, check_json_content_type

_JSON: Final = (b"content-type", b"application/json")

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(WireRoute):
    """A POST route at a fixed path whose endpoint is `async` and takes the request alone."""

    reads_message = True


def direct_routes(services: Iterable[Service]) -> dict[str, DirectRoute]:
    """Return the direct routes of services, by every path that they are served at."""
    return {
        f"{prefix}{route.path}": route
        for service in services
        for mount in service.mounts
        for prefix in mount.prefixes
        for route in mount.router.routes
        if isinstance(route, DirectRoute)
    }


class DirectEndpoints:
    """Calls the endpoint that a scope names as its route; its failures are answered as `application` does."""

    def __init__(self, application: Starlette) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = WireRequest(scope, receive)
        try:
            if _JSON not in scope["headers"]:
                check_json_content_type(request)
            await request.body()
            request.check_query()
            response = await scope["route"].endpoint(request)
        except Exception as error:  # noqa: BLE001 - who is not foreseen is raised again
            response = await self._answer(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request, error: Exception) -> Response:
        handlers = self._application.exception_handlers
        for kind in type(error).__mro__:
            if kind in handlers:
                answer: Response = await handlers[kind](request, error)
                return answer
        raise error


class DirectApplication(FastAPI):
    """An application whose direct routes do not pass through the framework's layers."""

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
        # What the framework notes: endpoints find the state there, and counters the route.
        scope["app"] = self
        scope["route"] = route
        await self.serve_direct(scope, receive, send)
