"""A server between the client and the real one, that fails or goes away when a test wants it."""

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_OF_A_CONNECTION = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class FailingProxy:
    """Passes requests on, until `fails` answers each with 500 or `stop` lets none in."""

    def __init__(self, target: str) -> None:
        self.fails = False
        self.refused = 0
        """The requests that were answered with 500."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if proxy.fails:
                    proxy.refused += 1
                    self._answer(500, {}, b'{"error_code": "INTERNAL_ERROR", "message": "as wanted"}')
                    return
                connection = HTTPConnection(urlsplit(target).netloc, timeout=60)
                connection.request(self.command, self.path, body or None, dict(self.headers))
                told = connection.getresponse()
                content = told.read()
                self._answer(told.status, dict(told.headers), content)
                connection.close()

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _OF_A_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.pass_on)
        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Let requests in, at the same port each time."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Let no request in."""
        from trackhelm.rest.connections import close_idle

        close_idle()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "Self":
        self.start()
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.stop()
