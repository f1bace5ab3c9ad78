"""The text of nginx's configuration, as a pure function of settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from trackhelm_core.gateway.answers import Answers, block
from trackhelm_core.gateway.routing import map_block, routing_maps
from trackhelm_core.gateway.static_files import ui_locations, ui_maps
from trackhelm_core.limits import REQUEST_TARGET_BYTES
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings

_CONNECT_SECONDS: Final = 5
_READY_SECONDS: Final = 5

# A slow caller may take this long for a body or an answer; the connection of one that is gone must end.
_CALLER_SECONDS: Final = 3600

IDLE_SECONDS: Final = 4
"""How long a connection to a service is kept that carries nothing.

It is below the time for which a service that stops still serves (`TRACKHELM_STOP_DELAY_SECONDS`, in the chart
5 s), and the 75 s for which it keeps an idle connection else: so none is closed just when nginx uses it.
"""
_MOST_IDLE: Final = 128

SHUTDOWN_SECONDS: Final = 10
"""How long running requests have to be answered when the gateway shuts down."""

# A connection of a caller that carries nothing is closed this long after a shutdown began: a request that is
# under way just then is answered.
_LAST_REQUEST_SECONDS: Final = 3

# The longest target that a service accepts, with a method and the HTTP version. nginx has one limit for this
# line and for each header; a service refuses headers that are too large.
_LINE_BYTES: Final = REQUEST_TARGET_BYTES + 64

_BLOCK: Final = "64k"

# Requests that are sent most often and whose answers are short. The C library of nginx's static build maps
# and unmaps memory for each buffer of 64 KiB, and for each request whose pool grows beyond the first 4 KiB:
# 52 µs of a processor for such a request, and 36 with these sizes.
_SHORT_ANSWERS: Final = "/(runs/log-batch|runs/log-metric|trackhelm/metrics)$"
_SHORT_BLOCK: Final = "8k"
_POOL: Final = "16k"

# Headers that concern one connection only. nginx itself drops Connection, Expect, Keep-Alive, TE and Upgrade.
_NOT_PASSED_ON: Final = ("Connection", "Proxy-Authorization", "Proxy-Connection", "Trailer")

# With these headers a service could control nginx. Our services do not use them, and users' files must not.
_NOT_HEEDED: Final = "X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where nginx listens and how it runs on its machine."""

    host: str
    port: int
    folder: Path
    """For its pid file and its temporary folders. With these settings nginx never writes a body to a file."""
    workers: int = 2
    connections: int = 4096
    """Connections of one worker, to callers and to services together."""
    log_requests: bool = False

    @property
    def address(self) -> str:
        """The address in nginx's form."""
        if not self.host:
            return str(self.port)
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Everything that the configuration depends on."""

    listening: Listening
    services: GatewaySettings
    http: HttpSettings
    has_trusted_proxies: bool = False

    @classmethod
    def of(
        cls, listening: Listening, services: GatewaySettings, http: HttpSettings, auth: AuthSettings
    ) -> Self:
        """Return the gateway that settings describe."""
        if services.ui_folder is not None:
            services = services.model_copy(update={"ui_folder": services.ui_folder.absolute()})
        return cls(
            listening=listening,
            services=services,
            http=http,
            has_trusted_proxies=bool(auth.proxy_networks),
        )


def nginx_configuration(gateway: Gateway) -> str:
    """Return the text of nginx's configuration.

    Only modules that every common build of nginx has are used, so any nginx from 1.28 can run it.
    """
    listening = gateway.listening
    lines = [
        "# Made by Trackhelm from its settings and its table of routes: what is changed here is lost.",
        "daemon off;",
        f'pid "{_path(listening.folder / "nginx.pid")}";',
        f"worker_processes {listening.workers};",
        # Each connection is one open file; the rest is for logs, sockets and the files that are served.
        f"worker_rlimit_nofile {listening.connections + 64};",
        f"worker_shutdown_timeout {SHUTDOWN_SECONDS}s;",
        "error_log stderr warn;",
        *block("events", [f"worker_connections {listening.connections};"]),
        *block("http", _http(gateway)),
    ]
    return "\n".join(lines) + "\n"


def _path(path: Path) -> str:
    """Return a path as it is written between quotes; raises `ValueError` if nginx could not read it."""
    text = str(path)
    if any(character in text for character in '"\\$\n'):
        raise ValueError(f"nginx cannot name a folder with a quote, a backslash, a $ or a line break: {text}")
    return text


def _http(gateway: Gateway) -> list[str]:
    folder, http, services = gateway.listening.folder, gateway.http, gateway.services
    request_id = _request_id(behind_gateway=http.behind_gateway)
    answers = Answers(services.service_urls, http.host_names, http.allowed_origins, request_id)
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    lines = [
        # Nothing is written to these folders, but nginx makes them when it starts.
        *(f'{name}_temp_path "{_path(folder / name)}";' for name in temporary),
        *_logging(gateway.listening, request_id),
        "server_tokens off;",
        "tcp_nodelay on;",
        # The maps have one key for each route, as long as the route.
        "map_hash_max_size 8192;",
        "map_hash_bucket_size 512;",
        "variables_hash_max_size 2048;",
    ]
    for name, url in services.service_urls.items():
        address = url if url.startswith("unix:") else urlsplit(url).netloc
        lines += block(
            f"upstream {name}",
            [
                f"server {address} max_fails=0;",
                f"keepalive {_MOST_IDLE};",
                f"keepalive_timeout {IDLE_SECONDS}s;",
                "keepalive_requests 1000000;",
            ],
        )
    lines += routing_maps(http.path_prefix, prefixes_are_forwarded=gateway.has_trusted_proxies)
    lines += _forwarding_maps(behind_gateway=http.behind_gateway)
    lines += answers.maps()
    if services.ui_folder is not None:
        lines += ui_maps()
    return [*lines, *block("server", _server(gateway, answers))]


def _logging(listening: Listening, request_id: str) -> list[str]:
    if not listening.log_requests:
        return ["access_log off;"]
    said = f"$request_method $uri $status $request_time s to $service, id {request_id}"
    return [f"log_format requests '{said}';", "access_log /dev/stderr requests;"]


def _forwarding_maps(*, behind_gateway: bool) -> list[str]:
    """Return the maps with the values for headers that the request, or a gateway before this one, lacks."""
    lines = map_block("$http_host", "asked_for", [("", "$host")], "$http_host")
    if not behind_gateway:
        return lines
    request_id = [("~^[0-9A-Za-z._-]{8,64}$", "$http_x_request_id")]
    return [
        *lines,
        *map_block("$http_x_forwarded_proto", "told_proto", [("", "$scheme")], "$http_x_forwarded_proto"),
        *map_block("$http_x_forwarded_host", "told_name", [("", "$asked_for")], "$http_x_forwarded_host"),
        *map_block("$http_x_request_id", "told_request_id", request_id, "$request_id"),
    ]


def _request_id(*, behind_gateway: bool) -> str:
    """Return the variable of the request's id. An id chosen by a caller would let it forge our log."""
    return "$told_request_id" if behind_gateway else "$request_id"


def _proxy_headers(*, behind_gateway: bool, **more: str) -> list[str]:
    """Return the directives for the headers of a request to a service, the same for every service."""
    headers = {
        "Host": "$asked_for",
        "X-Request-Id": _request_id(behind_gateway=behind_gateway),
        # The caller's own header is trusted only if the caller is another gateway.
        "X-Forwarded-For": "$proxy_add_x_forwarded_for" if behind_gateway else "$remote_addr",
        "X-Forwarded-Proto": "$told_proto" if behind_gateway else "$scheme",
        "X-Forwarded-Host": "$told_name" if behind_gateway else "$asked_for",
        **dict.fromkeys(_NOT_PASSED_ON, ""),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return [f'proxy_set_header {name} "{value}";' for name, value in headers.items()]


def _server(gateway: Gateway, answers: Answers) -> list[str]:
    http, services = gateway.http, gateway.services
    # The path is passed on byte for byte as it came; only the maps use its decoded and merged form.
    passing_on = [
        "proxy_pass http://$service$request_uri;",
        # The answer has one id, the one that the service got, whatever header the service sets.
        "proxy_hide_header X-Request-Id;",
        f'add_header X-Request-Id "{_request_id(behind_gateway=http.behind_gateway)}" always;',
    ]
    patience = f"{int(services.gateway_timeout_seconds * 1000)}ms"
    lines = [
        f"listen {gateway.listening.address} backlog=2048 so_keepalive=on;",
        *_callers(),
        *_services(patience),
        *_proxy_headers(behind_gateway=http.behind_gateway),
        *answers.refusals(),
        *answers.readiness({name: _asks_whether_ready(name, http) for name in services.service_urls}),
    ]
    for prefix in dict.fromkeys(("", http.path_prefix)):
        lines += answers.own_paths(prefix)
    if services.ui_folder is not None:
        lines += ui_locations(_path(services.ui_folder), http.path_prefix, answers)
    return [
        *lines,
        *block("location /", [*answers.host_check(), *passing_on]),
        *block(f"location ~ {_SHORT_ANSWERS}", [*answers.host_check(), *_buffers(_SHORT_BLOCK), *passing_on]),
        *block("location @service", passing_on),
    ]


def _callers() -> Sequence[str]:
    return (
        "client_header_buffer_size 8k;",
        f"large_client_header_buffers 2 {_LINE_BYTES};",
        # Services and proxies may use underscores in the names of headers.
        "underscores_in_headers on;",
        "ignore_invalid_headers off;",
        # Files may have any length, and services check their own limits.
        "client_max_body_size 0;",
        f"client_body_buffer_size {_BLOCK};",
        f"request_pool_size {_POOL};",
        f"client_body_timeout {_CALLER_SECONDS}s;",
        f"send_timeout {_CALLER_SECONDS}s;",
        "keepalive_timeout 75s;",
        f"keepalive_min_timeout {_LAST_REQUEST_SECONDS}s;",
        "keepalive_requests 1000000;",
        "recursive_error_pages on;",
    )


def _services(patience: str) -> Sequence[str]:
    return (
        "proxy_http_version 1.1;",
        f"proxy_connect_timeout {_CONNECT_SECONDS}s;",
        f"proxy_send_timeout {patience};",
        f"proxy_read_timeout {patience};",
        # No request is sent to a service twice: the caller knows which requests it may repeat.
        "proxy_next_upstream off;",
        # Bodies are streamed in both directions.
        "proxy_request_buffering off;",
        "proxy_buffering off;",
        "proxy_max_temp_file_size 0;",
        *_buffers(_BLOCK),
        "proxy_redirect off;",
        f"proxy_ignore_headers {_NOT_HEEDED};",
    )


def _buffers(block: str) -> Sequence[str]:
    return (
        f"proxy_buffer_size {block};",
        f"proxy_buffers 4 {block};",
        f"proxy_busy_buffers_size {block};",
    )


def _asks_whether_ready(name: str, http: HttpSettings) -> list[str]:
    return [
        f"proxy_pass http://{name}/ready;",
        "proxy_pass_request_body off;",
        *_proxy_headers(behind_gateway=http.behind_gateway, Content_Length=""),
        f"proxy_connect_timeout {_READY_SECONDS}s;",
        f"proxy_read_timeout {_READY_SECONDS}s;",
        f"proxy_send_timeout {_READY_SECONDS}s;",
    ]
