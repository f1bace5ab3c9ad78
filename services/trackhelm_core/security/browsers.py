"""Rules for browsers: the `Host` that a request must name, which pages may call, and what a 401 asks for."""

from collections.abc import Collection, Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.problems import problem
from trackhelm_core.security.credentials import first_value, header_values
from trackhelm_core.wire.requests import inner_path

# The check that a request is meant for this server: its `Host` header must be one of the server's names.
#
# A site can let its own name resolve to 127.0.0.1 (DNS rebinding), so that its pages can read a server that
# listens there without a login: for the browser both have the same origin. The `Host` that the browser then
# sends is the name of that site.

_PROBES: Final = frozenset({"/health", "/version"})
"""Paths that are exempt: a probe may use any address, and their answers reveal nothing."""


def host_name(header: str) -> str:
    """Return the name or address of a `Host` header, without its port: `[::1]:5000` is `[::1]`."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).lower()


class HostCheck:
    """Refuses requests with the `Host` of another server."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http" and inner_path(scope) not in _PROBES:
            given = Headers(scope=scope).get("host", "")
            if host_name(given) not in self._names:
                refusal = ApiError(
                    ErrorCode.PERMISSION_DENIED,
                    f"The host {given!r} is not this server's: it answers to "
                    f"{', '.join(sorted(self._names))}. TRACKHELM_ALLOWED_HOSTS names others.",
                )
                await problem(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


# Pages of other origins: those that the settings list may call the server from a browser.
#
# By default there is none, and this layer is not installed. It answers a browser's preflight request and lets
# the page read every answer, including failures. `telemetry.requests` refuses a write for its origin; this
# layer marks the requests that it must not refuse.

ANY_ORIGIN: Final = "*"

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
EXPOSED_HEADERS: Final = (
    "X-Request-Id",
    "Retry-After",
    "WWW-Authenticate",
    "ETag",
    "Accept-Ranges",
    "Content-Range",
    "Content-Length",
    "Content-Disposition",
)
"""The headers of an answer that a page may read."""

_PREFLIGHT_SECONDS: Final = 600
_REFUSED: Final = 400


class CrossOrigin(CORSMiddleware):
    """Starlette's CORS layer, with refusals in MLflow's form."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        any_page = ANY_ORIGIN in origins
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=_METHODS,
            # Any header, such as `X-MLflow-…`: no header that we read gives a page more rights.
            allow_headers=("*",),
            # If every origin is listed, credentials that a browser adds by itself would let any page act as
            # the user.
            allow_credentials=not any_page,
            # From the internet to a private network: only pages of listed origins, not every page.
            allow_private_network=not any_page,
            expose_headers=EXPOSED_HEADERS,
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http" and self._may_write(scope):
            scope.setdefault("state", {})["is_of_listed_origin"] = True
        await super().__call__(scope, receive, send)

    def _may_write(self, scope: Scope) -> bool:
        origins = header_values(scope, b"origin")
        if len(origins) != 1 or not self.is_allowed_origin(origins[0].decode("latin-1")):
            return False
        return not (self.allow_all_origins and _has_credentials_of_browser(scope))

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser's preflight request."""
        answer = super().preflight_response(request_headers)
        if answer.status_code != _REFUSED:
            return answer
        refusal = problem(
            ApiError(
                ErrorCode.PERMISSION_DENIED,
                f"{bytes(answer.body).decode()}: a page of {request_headers['origin']} may not call this "
                "server so. TRACKHELM_CORS_ORIGINS lists the origins that may.",
            )
        )
        del answer.headers["content-type"], answer.headers["content-length"]
        refusal.headers.update(answer.headers)
        return refusal


def _has_credentials_of_browser(scope: Scope) -> bool:
    """Return whether a browser may have added credentials by itself, which it never does with tokens."""
    if header_values(scope, b"cookie"):
        return True
    return any(value[:6].lower() == b"basic " for value in header_values(scope, b"authorization"))


# What a refused browser is told: it must not ask for a password by itself.
#
# It would send that password with everything from then on, whatever page makes it, until it is closed: nobody
# can log out. The page that called shows a login instead.

_CHALLENGE: Final = b"www-authenticate"
_NO_PROMPT: Final = (_CHALLENGE, b'Bearer realm="Trackhelm"')
"""HTTP wants a challenge with each 401. For this one no browser has a prompt."""


def is_browser(scope: Scope) -> bool:
    """Return whether a browser sends a request. All say so in one of these headers, and no client does."""
    return (
        first_value(scope, b"sec-fetch-mode") is not None
        or b"text/html" in (first_value(scope, b"accept") or b"")
        or (first_value(scope, b"user-agent") or b"").startswith(b"Mozilla/")
    )


def challenged(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a 401, for a browser with a challenge for which it does not ask anybody."""
    if not is_browser(scope):
        return list(headers)
    return [*(header for header in headers if header[0] != _CHALLENGE), _NO_PROMPT]
