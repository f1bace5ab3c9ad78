"""A server of the tests' own, in this process, that can refuse, fail and be away as a test wants it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


def error(status: int, code: str, message: str = "as the test wants it", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps({"error_code": code, "message": message}).encode()


class FakeServer:
    """Speaks log-batch and runs/update, as a stock server does, and remembers what it took."""

    def __init__(self) -> None:
        self.points: list[tuple[str, str, int, int, object]] = []
        self.params: dict[tuple[str, str], str] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.ends: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.intercept: Callable[[str, dict[str, Any]], Answer | None] = lambda *_: None
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send((404, {}, b"<html>not found</html>"))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._send(fake.answer(self.path, json.loads(body)))

            def _send(self, answer: Answer) -> None:
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str, message: dict[str, Any]) -> Answer:
        self.requests.append((path, message))
        if (answer := self.intercept(path, message)) is not None:
            return answer
        run = message["run_id"]
        if path.endswith("/log-batch"):
            for metric in message.get("metrics", []):
                self.points.append((run, metric["key"], metric["step"], metric["timestamp"], metric["value"]))
            for param in message.get("params", []):
                self.params[run, param["key"]] = param["value"]
            for tag in message.get("tags", []):
                self.tags[run, tag["key"]] = tag["value"]
        elif path.endswith("/runs/update"):
            self.ends[run] = message["status"]
        elif not path.endswith(("/runs/log-inputs", "/runs/outputs")):
            return error(404, "ENDPOINT_NOT_FOUND")
        return 200, {}, b"{}"


@contextmanager
def running() -> Iterator[FakeServer]:
    server = FakeServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
