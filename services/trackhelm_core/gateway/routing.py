"""Which service a request goes to, as nginx's maps: the table of routes in nginx's words.

A map is asked, not nginx's locations: those see a path decoded, with its `..` resolved and its slashes
merged, which is another name of a file. Only a path that no route has as it came is looked up in that form:
there doubled slashes and escaped letters of the API's own part of a path mean what they mean to a service.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from trackhelm_core.http.route_table import all_routes

REST: Final = "registry"
"""The service that is asked for what no route has: `/docs`, `/openapi.json`, and refusals of unknown paths.

Every service answers those alike. This one has the fewest requests of its own.
"""

_PART: Final = re.compile(r"\{\w+(:\w+)?\}")


def _pattern(path: str) -> str:
    """Return nginx's regular expression for a route with parameters, or with slashes that were doubled."""
    parts = []
    for part in path.removeprefix("/").split("/"):
        if not _PART.fullmatch(part):
            # What else a route or a prefix may hold means itself.
            parts.append(part.replace(".", "[.]"))
        else:
            parts.append(".*" if ":" in part else "[^/]+")
    return f"(?s)^/+{'/+'.join(parts)}$"


def _entries(prefixes: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each key of a map, exact ones first, and its service."""
    routes = [(prefix + path, service) for prefix in prefixes for path, service in all_routes()]
    for path, service in routes:
        if "{" not in path:
            yield path, service
    for path, service in routes:
        if "{" in path:
            yield f"~{_pattern(path)}", service


def map_block(source: str, target: str, entries: Iterable[tuple[str, str]], default: str) -> list[str]:
    """Return the lines of one map of nginx."""
    lines = [f'map "{source}" ${target} {{', f'    default "{default}";']
    lines += [f'    "{key}" "{value}";' for key, value in entries]
    return [*lines, "}"]


def _without_forwarded_prefix(path: str, target: str) -> list[str]:
    """Return the map that takes off a path what a proxy says is its own, where it has kept it.

    Whether the proxy may say so is the services' matter: they answer an untrusted one as if it said nothing,
    and then no service has the path.
    """
    kept = r"~(?s)^(?<forwarded>/[^ ]*[^ /])/* \k<forwarded>(?<rest_of_it>/.*)$"
    return map_block(f"$http_x_forwarded_prefix ${path}", target, [(kept, "$rest_of_it")], f"${path}")


def routing_maps(path_prefix: str, *, prefixes_are_forwarded: bool) -> list[str]:
    """Return the maps that end in `$service`."""
    # Below what a proxy calls its own, the path that is ours need not be.
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
