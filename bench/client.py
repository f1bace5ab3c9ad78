"""A client with one connection that stays open, in plain HTTP without the overhead of a library."""

import http.client
import json
import socket
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
        self.acknowledges_at_once = False
        """Whether the client's machine acknowledges the head of an answer at once.

        By default it delays the acknowledgement by up to 40 ms to send it with other data, and a server that
        sends an answer in two pieces may wait for it.
        """

    def ready(self) -> None:
        """Connect again if the server may have closed the connection, as it does after five idle seconds."""
        if time.monotonic() - self._answered > _IDLE_SECONDS:
            self._connection.close()
            self._connection.connect()

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request and return the body of its answer, whose status must be 200."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, path, body, headers)
        if self.acknowledges_at_once:
            # Linux resets this option, so it is set again for each answer.
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        response = self._connection.getresponse()
        answer = response.read()
        self._answered = time.monotonic()
        if response.status != http.client.OK:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:1_000]!r}")
        return answer

    def post(self, path: str, **message: object) -> Any:
        """Send a JSON message and return that of the answer."""
        return json.loads(self.send("POST", f"{API}/{path}", json.dumps(message).encode()))

    def get(self, path: str, **message: object) -> Any:
        """Send a query and return the message of the answer."""
        return json.loads(self.send("GET", f"{API}/{path}?{urlencode(message)}"))
