"""`/metrics`, `/health` and `/ready` of processes that serve no API: workers, beat and watchers.

A thread beside their work answers them, with the standard library alone. Must not wait for that work, so that
a process which is busy is still seen.
"""

import os
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import typer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from trackhelm_cli.options import failed, load
from trackhelm_core.settings import HttpSettings

_TEXT: Final = "text/plain; charset=utf-8"

# A caller that sends nothing must not keep a thread for ever.
_PATIENCE_SECONDS: Final = 10


class Monitoring:
    """The metrics of a process, and whether it does its work yet.

    It does if `set_ready` was called, and if `is_working` says so, too.
    """

    def __init__(self) -> None:
        self.metrics = CollectorRegistry()
        self.is_working: Callable[[], bool] = lambda: True
        self._ready = threading.Event()

    def set_ready(self, **_: object) -> None:
        """Note that the process does its work from now on; a receiver of Celery's signals."""
        self._ready.set()

    def set_stopping(self, **_: object) -> None:
        """Note that the process takes no more work; likewise."""
        self._ready.clear()

    def listen_as(self, role: str) -> None:
        """Answer where the settings say so, and say it; exit 2 where that is not possible."""
        http = load(HttpSettings)
        if http.metrics_port is None:
            return
        try:
            url = self.listen(http.host, http.metrics_port)
        except OSError as error:
            raise failed(f"cannot listen on {http.host}:{http.metrics_port}: {error.strerror}") from error
        typer.echo(f"{role} answers /metrics on {url}")

    def listen(self, host: str, port: int) -> str:
        """Start to answer on a port, 0 for a free one, and return the address. Raises `OSError`."""
        server = _server(host, port, self._answer)
        # What a worker forks would keep the port when the worker is gone, and nobody would answer there.
        os.register_at_fork(after_in_child=server.socket.close)
        threading.Thread(target=server.serve_forever, name="monitoring", daemon=True).start()
        bound_host, bound_port = server.socket.getsockname()[:2]
        return (
            f"http://[{bound_host}]:{bound_port}"
            if ":" in bound_host
            else f"http://{bound_host}:{bound_port}"
        )

    def _answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.metrics)
        if path == "/health" or (path == "/ready" and self._ready.is_set() and self.is_working()):
            return HTTPStatus.OK, _TEXT, b"OK"
        if path == "/ready":
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"This process does not do its work now."
        return HTTPStatus.NOT_FOUND, _TEXT, b"There are /metrics, /health and /ready."


def _server(
    host: str, port: int, answer: Callable[[str], tuple[HTTPStatus, str, bytes]]
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS

        def do_GET(self) -> None:
            status, content_type, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - likewise

        def log_message(self, *_: object) -> None:
            """Log no request: probes come every few seconds."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = _family(host)

    return Server((host, port), Handler)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
