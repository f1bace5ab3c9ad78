"""Paths of requests: below the prefix that a proxy serves us at, and with names of files at their end.

A file's name is any number of segments, of any characters. What it may hold is its service's matter to judge
and to say; a route's pattern must not hide it. Starlette's own `path` matches no line break, so that a name
with one would be answered as an endpoint that is not there.
"""

from typing import Final

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import Scope

_NAME: Final = "any_path"

ANY_PATH: Final = f"{{path:{_NAME}}}"
"""The end of a route's pattern; the endpoint takes what it matches as `path`."""


class _AnyPath(PathConvertor):
    regex = "(?s:.*)"


register_url_convertor(_NAME, _AnyPath())


def inner_path(scope: Scope) -> str:
    """Return a request's path below the prefix by which its caller knows this server."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
