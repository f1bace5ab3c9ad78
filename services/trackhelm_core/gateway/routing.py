"""Which service a request goes to: the table of routes as maps of nginx.

Maps are used and not nginx's locations, because a location sees the path decoded, with `..` resolved and
slashes merged, which may be the name of another file. Only a path that matches no route as it came is looked
up in that form, so that doubled slashes and escaped letters in the API's part of a path mean the same to
nginx as to a service.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from trackhelm_core.http.route_table import all_routes

REST: Final = "registry"
"""The service that answers every path without a route: `/docs`, `/openapi.json`, and unknown paths.

Every service answers these alike. This one has the fewest requests of its own.
"""

_PART: Final = re.compile(r"\{\w+(:\w+)?\}")


def _pattern(path: str) -> str:
    """Return nginx's regular expression for a route with parameters, or for a route with doubled slashes."""
    parts = []
    for part in path.removeprefix("/").split("/"):
        if not _PART.fullmatch(part):
            # No other character that a route or a prefix may have is special.
            parts.append(part.replace(".", "[.]"))
        else:
            parts.append(".*" if ":" in part else "[^/]+")
    return f"(?s)^/+{'/+'.join(parts)}$"


def _entries(prefixes: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each key of a map, exact keys first, with its service."""
    routes = [(prefix + path, service) for prefix in prefixes for path, service in all_routes()]
    for path, service in routes:
        if "{" not in path:
            yield path, service
    for path, service in routes:
        if "{" in path:
            yield f"~{_pattern(path)}", service


def map_block(source: str, target: str, entries: Iterable[tuple[str, str]], default: str) -> list[str]:
    """Return the lines of one nginx map."""
    lines = [f'map "{source}" ${target} {{', f'    default "{default}";']
    lines += [f'    "{key}" "{value}";' for key, value in entries]
    return [*lines, "}"]


def _without_forwarded_prefix(path: str, target: str) -> list[str]:
    """Return the map that removes a proxy's own prefix from a path, if the proxy has left it there.

    Services decide whether the proxy is trusted. They ignore the header of an untrusted one, and then no
    service has a route for the path.
    """
    kept = r"~(?s)^(?<forwarded>/[^ ]*[^ /])/* \k<forwarded>(?<rest_of_it>/.*)$"
    return map_block(f"$http_x_forwarded_prefix ${path}", target, [(kept, "$rest_of_it")], f"${path}")


def routing_maps(path_prefix: str, *, prefixes_are_forwarded: bool) -> list[str]:
    """Return the maps that set `$service`."""
    # Below the prefix of a proxy, our own prefix may be missing.
    entries = list(_entries(dict.fromkeys([path_prefix, *([""] if prefixes_are_forwarded else [])])))
    lines = [
        "# The path as it came, without the query.",
        *map_block("$request_uri", "sent_path", [("~^(?<before_query>[^?#]*)", "$before_query")], ""),
    ]
    as_sent, decoded = "sent_path", "uri"
    if prefixes_are_forwarded:
        lines += _without_forwarded_prefix(as_sent, "inner_sent_path")
        lines += _without_forwarded_prefix(decoded, "inner_decoded_path")
        as_sent, decoded = "inner_sent_path", "inner_decoded_path"
    return [
        *lines,
        "# The service of a path that has to be decoded first; the rest is for any to refuse.",
        *map_block(f"${decoded}", "service_of_decoded", entries, REST),
        "# The service of a path.",
        *map_block(f"${as_sent}", "service", entries, "$service_of_decoded"),
    ]
