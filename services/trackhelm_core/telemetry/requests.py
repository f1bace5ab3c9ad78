"""The outermost layer of every request: its id, log line and metrics, safe headers, a same-origin check.

Plain ASGI, because Starlette's function middleware costs a task and two queues for each request. Each runtime
has a registry of metrics of its own, so that two applications in one process are counted separately.
"""

import logging
import random
import re
import time
from collections.abc import Sequence
from typing import Final

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackhelm_core.access import Need, needs
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.problems import defect, problem
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.browsers import challenged
from trackhelm_core.security.cookies import is_own_origin
from trackhelm_core.security.credentials import first_value
from trackhelm_core.telemetry.logging import bound_request_id

metrics_router = APIRouter()

# Seconds: from the time to queue a metric to the time to read a history of millions of points.
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

UNROUTED: Final = "none"
"""The route of a request that no endpoint answers. Callers can invent any number of paths, so the path itself
is not used."""


class RequestMetrics:
    """The numbers of answers by method, route and status, and the times that they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "trackhelm_http_request_seconds",
            "Time to answer a request, by route and status.",
            ("method", "route", "status"),
            registry=registry,
            buckets=_BUCKETS,
        )

        # Finding the counter of a label set takes longer than counting, and there are few of them.
        self._counters: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._seconds.labels(method, route, status)
        counter.observe(seconds)


@metrics_router.get("/metrics", include_in_schema=False)
@needs(Need.PUBLIC)
def metrics(runtime: RuntimeDep) -> Response:
    """Answer all metrics in Prometheus' text format."""
    return Response(generate_latest(runtime.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})


_ACCESS = "trackhelm.access"
log = structlog.get_logger(_ACCESS)
# Checked before an access log line is made, which is rarely enabled.
_access = logging.getLogger(_ACCESS)

_REQUEST_ID = re.compile(b"[0-9A-Za-z._-]{8,64}")
"""Matches our own ids, those of ingress proxies, and UUIDs."""

_REQUEST_ID_HEADER = b"x-request-id"

_NOT_LET_IN = 401
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A browser must not guess that a text artifact is a script, nor show our pages inside a foreign page.
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NO_FRAMES = (b"x-frame-options", b"SAMEORIGIN")
_OWN_HEADERS = frozenset({_REQUEST_ID_HEADER, _NO_SNIFFING[0], _NO_FRAMES[0]})


def new_request_id() -> str:
    """Return an id by which one request is found in its answer and in the log."""
    # The id is no secret, and getting random bytes from the system took 3% of a busy ingest process.
    return f"{random.getrandbits(64):016x}"


def is_foreign_write(scope: Scope, origin: bytes) -> bool:
    """Return whether a page of another site made the user's browser send this write.

    A browser sends the page's origin with every such request; other clients send none.
    """
    if scope["method"] in _SAFE_METHODS:
        return False
    return not is_own_origin(scope, origin)


def with_own_headers(headers: Sequence[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with ours. An answer may set any of ours but the request's id."""
    own = [(_REQUEST_ID_HEADER, request_id.encode()), _NO_SNIFFING, _NO_FRAMES]
    given = {name for name, _ in headers}
    if given.isdisjoint(_OWN_HEADERS):
        return [*headers, *own]
    kept = [header for header in headers if header[0] != _REQUEST_ID_HEADER]
    return [*kept, *(header for header in own if header[0] == _REQUEST_ID_HEADER or header[0] not in given)]


def _route(scope: Scope) -> str:
    # The router notes the route in the scope that it was given. The path is the one in the router, without
    # the prefix, so that a route is one label under all its prefixes.
    return getattr(scope.get("route"), "path", UNROUTED)


class RequestMiddleware:
    """Wraps the application; see the module's docstring."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, *, behind_gateway: bool = False) -> None:
        self.app = app
        self._metrics = metrics
        self._behind_gateway = behind_gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = self._request_id(scope)
        # The actor middleware puts the id into the request's actor.
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_own_headers(message.get("headers", ()), request_id)
                if status == _NOT_LET_IN:
                    message["headers"] = challenged(scope, message["headers"])
            await send(message)

        bound = bound_request_id.set(request_id)
        try:
            await self._answer(scope, receive, send_with_headers)
        except Exception:
            # Caught here and not by Starlette's outermost layer, so that the answer has the request's id.
            log.exception("defect", method=scope["method"], path=scope["path"])
            if status:
                raise  # The answer has begun, so the server must cut the connection.
            await defect(scope["method"], scope["path"])(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            self._metrics.observe(scope["method"], _route(scope), status, seconds)
            if _access.isEnabledFor(logging.DEBUG):
                log.debug(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(seconds * 1000, 2),
                )
            bound_request_id.reset(bound)

    def _request_id(self, scope: Scope) -> str:
        """Return the gateway's id for the request, else a new one: a caller's id could forge our log."""
        given = first_value(scope, _REQUEST_ID_HEADER) if self._behind_gateway else None
        return given.decode() if given and _REQUEST_ID.fullmatch(given) else new_request_id()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = first_value(scope, b"origin")
        if (
            origin is not None
            and not scope["state"].get("is_of_listed_origin")
            and is_foreign_write(scope, origin)
        ):
            refusal = ApiError(
                ErrorCode.PERMISSION_DENIED,
                f"A page of {origin.decode('latin-1')} may not write here: the origin is not this server's, "
                "and TRACKHELM_CORS_ORIGINS does not let it.",
            )
            await problem(refusal)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
