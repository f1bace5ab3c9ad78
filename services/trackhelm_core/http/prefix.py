"""Which path a request means: the prefix in front of it, and slashes that were doubled on the way.

The scope that is passed on follows ASGI: `root_path` is the prefix under which the caller knows this server,
and `path` begins with it, whether a proxy has kept the prefix or removed it. `wire.requests.inner_path`
returns the rest.

A tracking URI that ends in a slash makes paths such as `//api/2.0/mlflow/runs/get`, in which the doubled
slash means one. The name of a file and the key of a tag keep their slashes: their service decides which names
are allowed.
"""

import re
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.http.route_table import all_routes
from trackhelm_core.problems import problem
from trackhelm_core.security.actor import TrustedProxies
from trackhelm_core.security.credentials import header_values
from trackhelm_core.settings import path_prefix

AT_ROOT: Final = frozenset({"/health", "/ready", "/version", "/metrics", "/openapi.json"})
"""Paths that probes and gateways inside a cluster request, without the prefix of the proxy."""

_FORWARDED_PREFIX: Final = b"x-forwarded-prefix"

_SLASHES: Final = re.compile("//+")
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_OPEN_ENDED: Final = re.compile(r"\{\w+:\w+\}$")


def _head_pattern(route: str) -> str:
    """Return the pattern of a route's part before the name at its end, with its slashes doubled or not."""
    *folders, last = _OPEN_ENDED.sub("", route).split("/")
    assert not last
    return "/+".join("[^/]+" if _PARAMETER.fullmatch(part) else re.escape(part) for part in folders) + "/"


# A head ends in one slash: everything after it is the name, even if the name begins with a slash.
_HEADS: Final = re.compile(
    "|".join(_head_pattern(route) for route, _ in all_routes() if _OPEN_ENDED.search(route))
)


def single_slashes(path: str) -> str:
    """Return a path with doubled slashes merged, except in the name of a file or a key."""
    if "//" not in path:
        return path
    head = _HEADS.match(path)
    end = head.end() if head else len(path)
    return _SLASHES.sub("/", path[:end]) + path[end:]


@lru_cache(maxsize=64)
def _prefix_pattern(prefix: str) -> re.Pattern[str]:
    return re.compile("/+".join(map(re.escape, prefix.split("/"))) + "(?=/|$)")


def _below(prefix: str, path: str) -> str | None:
    """Return the part of a path below a prefix, None if the path does not begin with the prefix."""
    found = _prefix_pattern(prefix).match(path)
    return single_slashes(path[found.end() :]) if found else None


class Paths:
    """Serves an application below `prefix`, or below the prefix that a trusted proxy says it has removed."""

    def __init__(self, app: ASGIApp, prefix: str, proxies: TrustedProxies) -> None:
        self._app = app
        self._prefix = prefix
        self._proxies = proxies
        self._is_at_root = not prefix and not proxies.networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            if self._is_at_root:
                scope["path"] = single_slashes(scope["path"])
            else:
                try:
                    root, inner = self._split(scope, self._forwarded_prefix(scope))
                except ApiError as error:
                    await problem(error)(scope, receive, send)
                    return
                scope["root_path"] = root
                scope["path"] = root + inner
        await self._app(scope, receive, send)

    def _split(self, scope: Scope, forwarded: str) -> tuple[str, str]:
        """Return the prefix under which the caller knows this server, and the path below it."""
        path: str = scope["path"]
        if self._prefix and (kept := _below(self._prefix, path)) is not None:
            # The proxy may have removed its own prefix only and kept ours.
            root = forwarded if forwarded.endswith(self._prefix) else forwarded + self._prefix
            return root, kept
        if forwarded:
            # Most proxies that send the header have removed the prefix. No path of the API begins with such a
            # prefix.
            kept = _below(forwarded, path)
            return forwarded, single_slashes(path) if kept is None else kept
        inner = single_slashes(path)
        if self._prefix and inner not in AT_ROOT:
            raise ApiError(
                ErrorCode.ENDPOINT_NOT_FOUND,
                f"No endpoint answers {scope['method']} {path}: this server's paths are below "
                f"{self._prefix} (TRACKHELM_PATH_PREFIX).",
            )
        return "", inner

    def _forwarded_prefix(self, scope: Scope) -> str:
        """Return the prefix that a trusted proxy says it has removed; empty if there is no such proxy."""
        values = header_values(scope, _FORWARDED_PREFIX)
        if not values or not self._proxies.sent(scope):
            return ""
        try:
            (value,) = values
            return path_prefix(value.decode("latin-1").strip(" \t"))
        except ValueError as error:
            violation = str(error) if len(values) == 1 else "it is given more than once"
            raise ApiError(ErrorCode.BAD_REQUEST, f"Header X-Forwarded-Prefix: {violation}.") from error
