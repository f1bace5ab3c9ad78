"""Which path a request means: what stands before it, and slashes that were doubled on the way.

The scope that goes on is as ASGI wants it: its `root_path` is the prefix that the caller knows this server
by, and its `path` begins with that, whether a proxy kept the prefix or took it away. `wire.paths.inner_path`
is the rest.

Tracking URIs that end in slashes make paths such as `//api/2.0/mlflow/runs/get`, which mean one slash. What
names a file or a tag's key keeps its own: which names are allowed is its service's matter.
"""

import re
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.http.route_table import all_routes
from trackhelm_core.problems import problem
from trackhelm_core.security.credentials import header_values
from trackhelm_core.security.proxies import TrustedProxies
from trackhelm_core.settings import path_prefix

AT_ROOT: Final = frozenset({"/health", "/ready", "/version", "/metrics", "/openapi.json"})
"""Asked inside a cluster by probes and gateways, which know nothing of the proxy."""

_FORWARDED_PREFIX: Final = b"x-forwarded-prefix"

_SLASHES: Final = re.compile("//+")
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_OPEN_ENDED: Final = re.compile(r"\{\w+:\w+\}$")


def _head_pattern(route: str) -> str:
    """Return the pattern of what stands before the name at a route's end, its own slashes doubled or not."""
    *folders, last = _OPEN_ENDED.sub("", route).split("/")
    assert not last
    return "/+".join("[^/]+" if _PARAMETER.fullmatch(part) else re.escape(part) for part in folders) + "/"


# The last slash of a head is one: what comes after it is the name, also where that begins with a slash.
_HEADS: Final = re.compile(
    "|".join(_head_pattern(route) for route, _ in all_routes() if _OPEN_ENDED.search(route))
)


def single_slashes(path: str) -> str:
    """Return a path with doubled slashes made one, but for those in the name of a file or a key."""
    if "//" not in path:
        return path
    head = _HEADS.match(path)
    end = head.end() if head else len(path)
    return _SLASHES.sub("/", path[:end]) + path[end:]


@lru_cache(maxsize=64)
def _prefix_pattern(prefix: str) -> re.Pattern[str]:
    return re.compile("/+".join(map(re.escape, prefix.split("/"))) + "(?=/|$)")


def _below(prefix: str, path: str) -> str | None:
    """Return what of a path stands below a prefix, None where it does not begin with that."""
    found = _prefix_pattern(prefix).match(path)
    return single_slashes(path[found.end() :]) if found else None


class Paths:
    """Wraps an application: it is served below `prefix`, or below what a trusted proxy says it took away."""

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
        """Return the prefix by which the caller knows this server, and what of the path is below it."""
        path: str = scope["path"]
        if self._prefix and (kept := _below(self._prefix, path)) is not None:
            # A proxy may have taken a part of its own away and kept ours.
            root = forwarded if forwarded.endswith(self._prefix) else forwarded + self._prefix
            return root, kept
        if forwarded:
            # Most proxies that say so have taken it away. No path of the API begins with such a prefix.
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
        """Return what a trusted proxy says it took away; empty where none does, and for anybody else."""
        values = header_values(scope, _FORWARDED_PREFIX)
        if not values or not self._proxies.sent(scope):
            return ""
        try:
            (value,) = values
            return path_prefix(value.decode("latin-1").strip(" \t"))
        except ValueError as error:
            violation = str(error) if len(values) == 1 else "it is given more than once"
            raise ApiError(ErrorCode.BAD_REQUEST, f"Header X-Forwarded-Prefix: {violation}.") from error
