"""The route class of every MLflow endpoint with a JSON body.

It accepts what MLflow's server accepts as a body: an absent one (an empty message), and JSON that was
encoded twice (old clients). It demands `Content-Type: application/json`, which no HTML form can send,
so that a foreign page cannot write without the browser asking us first.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.json import decode_json

# A browser asks before it sends a foreign page's DELETE, and the stock client sends some without a body.
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


def check_json_content_type(request: Request) -> None:
    """Refuse a body that does not say it is JSON."""
    given = request.headers.get("content-type", "")
    if given.split(";")[0].strip().lower() != "application/json":
        raise InvalidParameterError(
            f"Bad Request. Content-Type must be 'application/json', got {given or 'none'!r}."
        )


class _WireRequest(Request):
    async def body(self) -> bytes:
        return await super().body() or b"{}"

    async def json(self) -> Any:
        message = decode_json(await self.body())
        return decode_json(message) if isinstance(message, str) else message


class WireRoute(APIRoute):
    """Reads a request body as MLflow's server does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given a request that knows MLflow's body forms."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in _BODY_METHODS:
                check_json_content_type(request)
            return await handler(_WireRequest(request.scope, request.receive))

        return handle
