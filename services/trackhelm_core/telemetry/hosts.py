"""The check that a request means this server: its `Host` header names one of ours.

A page of another site can have its own name resolve to 127.0.0.1 and so read a server that listens there
without a login: the browser sees one origin. The `Host` it then sends is the foreign name.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.problems import problem
from trackhelm_core.wire.paths import inner_path

_PROBES: Final = frozenset({"/health", "/version"})
"""Asked by whatever address a prober knows; they tell nothing."""


def host_name(header: str) -> str:
    """Return the name or address of a `Host` header, without its port: `[::1]:5000` is `[::1]`."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).lower()


class HostCheck:
    """Refuses requests whose `Host` names another server."""

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
