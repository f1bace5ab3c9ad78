"""The answers that nginx gives by itself: probes, and refusals in MLflow's form.

Every other answer comes from a service.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from trackhelm_core import __version__
from trackhelm_core.errors import OUTAGE_RETRY_SECONDS, ErrorCode
from trackhelm_core.gateway.routing import map_block
from trackhelm_core.limits import REQUEST_HEADERS_BYTES, REQUEST_TARGET_BYTES
from trackhelm_core.security.browsers import ANY_ORIGIN, EXPOSED_HEADERS

FOREIGN_HOST: Final = 421
"""The status that nginx returns for a host that is not ours."""

_UNREADY: Final = 530
_OTHER_METHOD: Final = 531
"""An internal status by which nginx goes from one of its locations to another. It is never answered."""

_HOST_NAME: Final = re.compile(r"[a-z0-9._:\[\]-]+")

_NOT_HTTP: Final = "The request is not valid HTTP/1.1: "

_TOO_LONG: Final = (
    f"The request's address is longer than {REQUEST_TARGET_BYTES} bytes. Send a long filter in parts, or in "
    "a body where the endpoint takes POST."
)

# nginx's own status, the status that is answered, its code and the message. 494 is nginx's for headers that
# are too large.
_REFUSALS: Final[Sequence[tuple[int, int, ErrorCode, str]]] = (
    (
        400,
        400,
        ErrorCode.BAD_REQUEST,
        _NOT_HTTP + "its first line, a header or a chunk is malformed; a path cannot hold %00.",
    ),
    (403, 403, ErrorCode.PERMISSION_DENIED, "The gateway may not read what was asked for."),
    (404, 404, ErrorCode.ENDPOINT_NOT_FOUND, "No endpoint answers this path."),
    (405, 400, ErrorCode.BAD_REQUEST, _NOT_HTTP + "its method is not offered."),
    (411, 411, ErrorCode.BAD_REQUEST, "The request's body has no length."),
    (413, 413, ErrorCode.BAD_REQUEST, "The request's body is too large."),
    (
        414,
        414,
        ErrorCode.BAD_REQUEST,
        _TOO_LONG,
    ),
    (
        494,
        431,
        ErrorCode.BAD_REQUEST,
        f"The request's headers are larger than {REQUEST_HEADERS_BYTES} bytes together.",
    ),
    (500, 500, ErrorCode.INTERNAL_ERROR, "The gateway failed. Its log says how."),
    (501, 400, ErrorCode.BAD_REQUEST, _NOT_HTTP + "its transfer encoding is unknown."),
    (505, 400, ErrorCode.BAD_REQUEST, _NOT_HTTP + "it is of another version."),
)

_NO_ANSWER: Final = "The $service service does not answer. Send the request again."
_NOT_COUNTED: Final = "The gateway counts no requests: ask /metrics of each service."


def block(head: str, lines: Iterable[str]) -> list[str]:
    """Return the lines of a block of nginx's configuration."""
    return [f"{head} {{", *(f"    {line}" for line in lines), "}"]


def _failure(status: int, code: ErrorCode, message: str) -> str:
    """Return the directive that answers with a failure; `$variables` in the message are nginx's variables."""
    text = json.dumps({"error_code": code.value, "message": message}, separators=(",", ":"))
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"return {status} '{quoted}';"


def _away(status: int, message: str) -> str:
    return _failure(status, ErrorCode.TEMPORARILY_UNAVAILABLE, message)


class Answers:
    """Writes the gateway's own answers.

    `host_names` are the hosts that a request may name, None for any. `request_id` is the nginx variable with
    the request's id.
    """

    def __init__(
        self,
        services: Collection[str],
        host_names: Collection[str] | None,
        origins: Collection[str],
        request_id: str,
    ) -> None:
        self._services = list(services)
        self._request_id = request_id
        # No `Host` header can have any other name, so such a name is left out.
        self._names = None if host_names is None else sorted(filter(_HOST_NAME.fullmatch, host_names))
        self._origins = sorted(origins)

    def maps(self) -> list[str]:
        """Return the maps that the answers use."""
        lines = map_block("$request_method", "is_read", [("GET", "1"), ("HEAD", "1")], "")
        # A service to which no connection was made is down; it does not hang.
        lines += map_block("$upstream_connect_time", "has_hung", [("~[0-9]$", "1")], "")
        for name in self._services:
            lines += map_block(f"${name}_says", f"{name}_missing", [("200", "")], f", {name}")
        missing = "".join(f"${name}_missing" for name in self._services)
        lines += map_block(missing, "missing", [("~^, (?<all_missing>.+)$", "$all_missing")], "")
        return lines + self._maps_of_hosts() + self._maps_of_origins()

    def _maps_of_hosts(self) -> list[str]:
        if self._names is None:
            return []
        alone = [("~^(?<host_alone>.*):[0-9]+$", "$host_alone")]
        ours = [(name, "") for name in self._names]
        # The host is repeated in JSON, where not every character is allowed.
        harmless = [("~^[A-Za-z0-9._:-]*$", " '$http_host'")]
        return [
            *map_block("$http_host", "asked_host", alone, "$http_host"),
            *map_block("$asked_host", "foreign_host", ours, "1"),
            *map_block("$http_host", "told_host", harmless, ""),
        ]

    def _maps_of_origins(self) -> list[str]:
        if not self._origins:
            return []
        any_page = ANY_ORIGIN in self._origins
        listed = [("~.", ANY_ORIGIN)] if any_page else [(origin, origin) for origin in self._origins]
        exposed = ", ".join(EXPOSED_HEADERS)
        return [
            *map_block("$http_origin", "allowed_origin", listed, ""),
            *map_block("$allowed_origin", "allowed_credentials", [] if any_page else [("~.", "true")], ""),
            *map_block("$allowed_origin", "exposed_headers", [("~.", exposed)], ""),
        ]

    def only_reads(self) -> list[str]:
        """Return the directives that pass a request other than GET or HEAD to a service, which refuses it."""
        return [*self.host_check(), f'if ($is_read = "") {{ return {_OTHER_METHOD}; }}']

    def host_check(self) -> list[str]:
        """Return the directives that refuse a request for another host."""
        return [] if self._names is None else [f"if ($foreign_host) {{ return {FOREIGN_HOST}; }}"]

    def headers(self, media_type: str, **more: str) -> list[str]:
        """Return the directives for the headers that each of nginx's own answers has."""
        headers = {
            "X-Request-Id": self._request_id,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
        }
        if self._origins:
            headers |= {
                "Access-Control-Allow-Origin": "$allowed_origin",
                "Access-Control-Allow-Credentials": "$allowed_credentials",
                "Access-Control-Expose-Headers": "$exposed_headers",
                "Vary": "Origin",
            }
        given = [*headers.items(), *((name.replace("_", "-"), value) for name, value in more.items())]
        added = [f'add_header {name} "{value}" always;' for name, value in given]
        return [f'default_type "{media_type}";', *added]

    def refusals(self) -> list[str]:
        """Return the locations of refusals, and the directives that make nginx use them."""
        pages: Mapping[int, str] = {
            **{status: f"/.refusal/{status}" for status, *_ in _REFUSALS},
            502: "/.refusal/away",
            503: "/.refusal/away",
            504: "/.refusal/silent",
        }
        lines = [f"error_page {status} = {page};" for status, page in pages.items()]
        lines.append(f"error_page {_OTHER_METHOD} = @service;")
        for status, answered, code, message in _REFUSALS:
            lines += self._refusal(str(status), [_failure(answered, code, message)])
        lines += self._refusal("away", [_away(503, _NO_ANSWER)], Retry_After=str(OUTAGE_RETRY_SECONDS))
        hung = f"if ($has_hung) {{ {_away(504, _NO_ANSWER)} }}"
        lines += self._refusal(
            "silent", [hung, _away(503, _NO_ANSWER)], Retry_After=str(OUTAGE_RETRY_SECONDS)
        )
        if self._names is not None:
            said = (
                f"The host$told_host is not this server's: it answers to {', '.join(self._names)}. "
                "TRACKHELM_ALLOWED_HOSTS names others."
            )
            lines.append(f"error_page {FOREIGN_HOST} = /.refusal/host;")
            lines += self._refusal("host", [_failure(403, ErrorCode.PERMISSION_DENIED, said)])
        return lines

    def _refusal(self, name: str, says: Iterable[str], **headers: str) -> list[str]:
        return block(
            f"location = /.refusal/{name}", ["internal;", *self.headers("application/json", **headers), *says]
        )

    def own_paths(self, prefix: str) -> list[str]:
        """Return the locations of the gateway's own paths below a prefix.

        A request that is neither GET nor HEAD goes to a service, which refuses it or answers a browser's
        preflight.
        """
        lines: list[str] = []
        for path, text in (("/health", "OK"), ("/version", __version__)):
            lines += block(
                f"location = {prefix}{path}",
                [
                    *self.headers("text/plain; charset=utf-8"),
                    f'if ($is_read = "") {{ return {_OTHER_METHOD}; }}',
                    f'return 200 "{text}";',
                ],
            )
        shown = {FOREIGN_HOST: "/.refusal/host"} if self._names is not None else {}
        first = [
            *self.only_reads(),
            *self._ask(0, {**shown, _OTHER_METHOD: "@service"}),
        ]
        lines += block(f"location = {prefix}/ready", first)
        says = [_failure(404, ErrorCode.ENDPOINT_NOT_FOUND, _NOT_COUNTED)]
        return lines + block(
            f"location = {prefix}/metrics", [*self.headers("application/json"), *self.host_check(), *says]
        )

    def readiness(self, ask: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the locations that ask one service after another; `ask` has each service's directives."""
        lines: list[str] = []
        for number, name in enumerate(self._services):
            lines += block(f"location = /.ready/{name}", ["internal;", *ask[name]])
            if number:
                lines += block(f"location @ready_{name}", self._ask(number, {}))
        done = [f"error_page {_UNREADY} = @unready;", f"if ($missing) {{ return {_UNREADY}; }}"]
        ok = [*self.headers("text/plain; charset=utf-8"), 'return 200 "OK";']
        unready = [
            *self.headers("application/json", Retry_After="1"),
            _away(503, "Not ready: $missing."),
        ]
        return [
            *lines,
            *block("location @ready", [*done, *ok]),
            *block("location @unready", unready),
        ]

    def _ask(self, number: int, pages: Mapping[int, str]) -> list[str]:
        """Return the location that asks one service and then, by its status, the next one, or answers."""
        name = self._services[number]
        last = number + 1 == len(self._services)
        following = "@ready" if last else f"@ready_{self._services[number + 1]}"
        return [
            f"auth_request /.ready/{name};",
            f"auth_request_set ${name}_says $upstream_status;",
            f"error_page 401 403 500 = {following};",
            *(f"error_page {status} = {page};" for status, page in pages.items()),
            f"try_files /.nothing {following};",
        ]
