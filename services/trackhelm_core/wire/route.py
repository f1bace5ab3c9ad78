"""The route class of every MLflow endpoint with a JSON body.

It accepts what MLflow's server accepts as a body: an absent one (an empty message), and JSON that was
encoded twice (old clients). It demands `Content-Type: application/json`, which no HTML form can send,
so that a foreign page cannot write without the browser asking us first. It reads no more than the limit.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import JSON_BODY_BYTES
from trackhelm_core.wire.bodies import whole_body
from trackhelm_core.wire.faults import cut
from trackhelm_core.wire.json import decode_json

# A browser asks before it sends a foreign page's DELETE, and the stock client sends some without a body.
_JSON_METHODS = frozenset({"POST", "PUT", "PATCH"})
_BODY_METHODS = _JSON_METHODS | {"DELETE"}


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
            self._read = await whole_body(self, JSON_BODY_BYTES) or b"{}"
        return self._read

    async def json(self) -> Any:
        """Return what the body says."""
        message = decode_json(await self.body())
        return decode_json(message) if isinstance(message, str) else message


class WireRoute(APIRoute):
    """Reads a request body as MLflow's server does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given a request that knows MLflow's body forms."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in _JSON_METHODS:
                check_json_content_type(request)
            wire_request = WireRequest(request.scope, request.receive)
            if request.method in _BODY_METHODS:
                # Here, because FastAPI takes whatever fails while it reads a body for JSON it cannot parse.
                await wire_request.body()
            return await handler(wire_request)

        return handle
