"""Serving an application over HTTP, for every role that listens."""

import asyncio
import gc
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from trackhelm_cli.http_protocol import BoundedProtocol
from trackhelm_cli.opening import open_tracing
from trackhelm_cli.options import failed, load, warn_of_unknown_names
from trackhelm_core.http.app import api_document, build_app
from trackhelm_core.http.prefix import Paths
from trackhelm_core.http.web_ui import web_ui_routes
from trackhelm_core.runtime import Openers, Service
from trackhelm_core.security.actor import TrustedProxies
from trackhelm_core.security.browsers import CrossOrigin, HostCheck
from trackhelm_core.settings import (
    AuthSettings,
    HttpSettings,
    LogSettings,
    OidcSettings,
    RedisSettings,
    StorageSettings,
)
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_domain.access.opening import make_first_admin, open_door
from trackhelm_domain.opening import open_runtime
from trackhelm_domain.quotas.requests import RequestRates

GRACEFUL_SECONDS: Final = 10
"""How long running requests may take when the server stops."""

_CLOSE: Final = (b"connection", b"close")

# How often a server process runs the cyclic garbage collector.

# CPython's default threshold, 700, is reached 60 times while a page of 1,000 runs is built from 45,000 rows,
# and each time the surviving objects are traversed again, though the page has no cycle. Measured: 85 ms with
# the default, 49 with this.
_YOUNG_OBJECTS: Final = 100_000
_OLDER: Final = (20, 20)


def tune_garbage_collection() -> None:
    """Exempt loaded modules from garbage collection, and make it rare. Call it before serving."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *_OLDER)


# Besides the connections of callers: those to databases and stores, and files.
_OTHER_FILES: Final = 1_000


def allow_open_files(connections: int) -> None:
    """Let this process have so many connections open, or as many as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class _AnnouncingServer(uvicorn.Server):
    """Prints its address once it listens, and not before; told to stop, it may serve on a while.

    It can listen on a Unix socket as well.
    """

    def __init__(
        self, config: uvicorn.Config, announcement: str, http: HttpSettings, address_file: Path | None
    ) -> None:
        super().__init__(config)
        self._announcement = announcement
        self._path_prefix = http.path_prefix
        self._unix_socket = http.socket
        self._stop_delay_seconds = http.stop_delay_seconds
        self._stops_at: float | None = None
        self._address_file = address_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address."""
        await super().startup(sockets)
        if self.started and self._unix_socket is not None:
            self.servers.append(await self._listen_at(self._unix_socket))
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            typer.echo(self._announcement.format(url=url + self._path_prefix))
            if self._address_file is not None:
                _write_address(self._address_file, url + self._path_prefix)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the address back, then stop. The process ends by its signal soon after."""
        if self._address_file is not None:
            _remove_address(self._address_file)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop. uvicorn alone closes idle connections at once, one with a request under way, too."""
        if sig != signal.SIGTERM or not self._stop_delay_seconds or self._stops_at is not None:
            super().handle_exit(sig, frame)
            return
        self._stops_at = time.monotonic() + self._stop_delay_seconds
        # Callers that are answered from now on connect anew, to a process that goes on.
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers.append(_CLOSE)
        # uvicorn raises it again in the end, so that the exit status tells of it.
        self._captured_signals.append(sig)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop now."""
        if self._stops_at is not None and time.monotonic() >= self._stops_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def _listen_at(self, unix_socket: Path) -> asyncio.Server:
        """Listen on a Unix socket; one that a killed process has left is replaced."""
        config = self.config
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return BoundedProtocol(config, self.server_state, self.lifespan.state, loop)

        server = await loop.create_unix_server(protocol, str(unix_socket), backlog=config.backlog)
        _open_to_all(unix_socket)
        return server


def _open_to_all(unix_socket: Path) -> None:
    """Let every user connect to a Unix socket who can reach it, as with a port."""
    unix_socket.chmod(0o666)


def _write_address(file: Path, url: str) -> None:
    """Say in a file where this process listens, for programs of this machine."""
    for everywhere, here in (("//0.0.0.0:", "//127.0.0.1:"), ("//[::]:", "//[::1]:")):
        url = url.replace(everywhere, here)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    beside.replace(file)


def _remove_address(file: Path) -> None:
    """Remove the file, unless another process has written its own."""
    with suppress(OSError, ValueError, KeyError):
        if json.loads(file.read_text(encoding="utf-8"))["pid"] == os.getpid():
            file.unlink()


def at_the_edge(app: ASGIApp, http: HttpSettings, auth: AuthSettings | None = None) -> ASGIApp:
    """Return an application with the outermost middleware; `auth` names the trusted proxies."""
    if http.host_names is not None:
        app = HostCheck(app, http.host_names)
    app = Paths(app, http.path_prefix, TrustedProxies.of(auth, behind_gateway=http.behind_gateway))
    # This is the outermost, so that a web page can read every error.
    return CrossOrigin(app, http.allowed_origins) if http.allowed_origins else app


def serve(
    app: ASGIApp,
    http: HttpSettings,
    announcement: str,
    auth: AuthSettings | None = None,
    address_file: Path | None = None,
) -> None:
    """Serve until the process is stopped; exit 1 if it cannot start. `{url}` is announced.

    While it listens, `address_file` holds the address and the process's id, as a JSON object.
    """
    server = _AnnouncingServer(
        uvicorn.Config(
            at_the_edge(app, http, auth),
            http=BoundedProtocol,
            host=http.host,
            port=http.port,
            limit_concurrency=http.connections,
            log_config=None,
            access_log=False,
            ws="none",
            # The client's address is what the gateway says, and otherwise the other end of the connection. By
            # default uvicorn would trust the header of any program on this machine.
            proxy_headers=http.behind_gateway,
            forwarded_allow_ips="*" if http.behind_gateway else None,
            # Clients need not know which program answers, and each header takes time.
            server_header=False,
            # This is longer than a gateway keeps an idle connection, so that none is closed just as it is
            # used.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        ),
        announcement,
        http,
        address_file,
    )
    tune_garbage_collection()
    allow_open_files(http.connections)
    server.run()
    if not server.started:
        raise typer.Exit(1)


@cache
def _whole_document() -> dict[str, Any]:
    """Return the OpenAPI document of the whole API, because clients need not know about separate processes.

    The other services are imported only when the document is requested.
    """
    document: dict[str, Any] = api_document(import_module("trackhelm_embedded.app").SERVICES)
    return document


def serve_service(
    service: Service,
    openers: Callable[[StorageSettings, RedisSettings], Openers] = lambda _storage, _redis: {},
    *,
    host: str | None,
    port: int | None,
    data: Path | None,
    database_url: str | None,
) -> None:
    """Serve one service as a process of its own. Its database must have been migrated.

    `openers` opens the resources that only this service uses.
    """
    http = load(HttpSettings, host=host, port=port)
    storage = load(StorageSettings, data=data, database_url=database_url)
    redis = load(RedisSettings)
    auth = load(AuthSettings)
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    try:
        auth.check_exposure(http.host)
        runtime = open_runtime(storage, redis, openers(storage, redis))
    except ValueError as error:
        raise failed(str(error)) from error
    try:
        if runtime.missing() is None:
            make_first_admin(runtime, auth, load(OidcSettings))
    except SQLAlchemyError:
        pass  # The probe says that the database does not answer.
    except ValueError as error:
        raise failed(str(error)) from error
    app = build_app(
        [service],
        runtime,
        behind_gateway=http.behind_gateway,
        auth=auth,
        body_memory_mebibytes=http.body_memory_mebibytes,
        document=_whole_document,
        # Where the gateway has no files, it asks a service for `/`.
        pages=web_ui_routes(),
        tracing=open_tracing(service.name),
        door=open_door(runtime, auth),
        quotas=RequestRates(runtime),
    )
    serve(app, http, f"{service.name} listens on {{url}}", auth)
