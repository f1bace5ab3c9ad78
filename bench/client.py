"""One client with one connection that stays open: plain HTTP, no library's own costs in the way."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode

API = "/api/2.0/mlflow"
_IDLE_SECONDS = 3


class Client:
    """Sends requests to one server, one after another."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._answered = time.monotonic()

    def ready(self) -> None:
        """Connect anew where the server may have hung up: it waits five seconds for the next request."""
        if time.monotonic() - self._answered > _IDLE_SECONDS:
            self._connection.close()
            self._connection.connect()

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request and return the body of its answer, which must be 200."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        self._answered = time.monotonic()
        if response.status != http.client.OK:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:1_000]!r}")
        return answer

    def post(self, path: str, **message: object) -> Any:
        """Send a message and return the answer's."""
        return json.loads(self.send("POST", f"{API}/{path}", json.dumps(message).encode()))

    def get(self, path: str, **message: object) -> Any:
        """Ask by a query and return the answer's message."""
        return json.loads(self.send("GET", f"{API}/{path}?{urlencode(message)}"))
