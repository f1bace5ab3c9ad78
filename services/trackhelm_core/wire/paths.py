"""Paths of requests: below the prefix of a proxy, and with the name of a file at their end.

The name of a file is any number of segments, of any characters. Its service checks the name and explains a
refusal, so a route's pattern must match every name. Starlette's own `path` matches no line break, so a name
with one would be answered as an unknown endpoint.
"""

from typing import Final

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import Scope

_NAME: Final = "any_path"

ANY_PATH: Final = f"{{path:{_NAME}}}"
"""The end of a route's pattern; the endpoint gets the matching text as `path`."""


class _AnyPath(PathConvertor):
    regex = "(?s:.*)"


register_url_convertor(_NAME, _AnyPath())


def inner_path(scope: Scope) -> str:
    """Return a request's path below the prefix under which its caller knows this server."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
