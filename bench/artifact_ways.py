"""Ways to move files: through a server, with presigned URLs, and with the store alone.

All use the same plain HTTP client, which neither computes nor stores the contents.
"""

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.fixtures.s3 import BUCKET, S3Server

BLOCK = 1024 * 1024
PART = 10 * BLOCK
"""The stock client's default size of a part."""

DOWNLOAD_PART = 100 * BLOCK
PARTS_AT_ONCE = 4
ARTIFACTS = "/api/2.0/mlflow-artifacts"

_IDLE_SECONDS = 2
_GOOD = {http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT, http.HTTPStatus.NO_CONTENT}


class Way(Protocol):
    """A way to move files."""

    def put(self, name: str, size: int) -> None:
        """Upload a file of random bytes."""

    def get(self, name: str, size: int) -> None:
        """Download it and discard the bytes."""

    def delete(self, name: str) -> None:
        """Delete it."""


class Connection:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
        self._used = time.monotonic()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, str, int]:
        """Send a request; return the beginning of the answer, its ETag and its length."""
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()  # The server may have closed it, too; the next request opens it again.
        self._connection.request(method, path, body=body, headers=headers or {})
        answer = self._connection.getresponse()
        beginning = answer.read(4096)
        length = len(beginning)
        room = memoryview(bytearray(BLOCK))
        while count := answer.readinto(room):
            length += count
        self._used = time.monotonic()
        if answer.status not in _GOOD:
            raise RuntimeError(f"{method} {path}: {answer.status} {beginning[:500]!r}")
        return beginning, answer.headers.get("ETag", ""), length

    def fetch(self, path: str, size: int, headers: dict[str, str] | None = None) -> None:
        """GET an answer of exactly `size` bytes; any other is an error."""
        length = self.ask("GET", path, headers=headers)[2]
        if length != size:
            raise RuntimeError(f"GET {path}: {length} bytes came, {size} are there")

    def message(self, method: str, path: str, /, **message: Any) -> Any:
        """Send a JSON message and return that of the answer."""
        body = json.dumps(message) if method == "POST" else None
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        self._used = time.monotonic()
        if answer.status not in _GOOD:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text)

    def send(self, path: str, size: int) -> str:
        """PUT random bytes and return the ETag."""
        return self.ask("PUT", path, random_blocks(size), {"Content-Length": str(size)})[1]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Proxy:
    """Through a server."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)

    def put(self, name: str, size: int) -> None:
        """Upload a file."""
        self._connection.send(f"{ARTIFACTS}/artifacts/{name}", size)

    def get(self, name: str, size: int) -> None:
        """Download a file."""
        self._connection.fetch(f"{ARTIFACTS}/artifacts/{name}", size)

    def delete(self, name: str) -> None:
        """Delete a file or a directory."""
        self._connection.ask("DELETE", f"{ARTIFACTS}/artifacts/{name}")


class Presigned:
    """With presigned URLs, in parts as the stock client sends and requests them.

    Each thread keeps its connection to the store open, as the stock client's session does.
    """

    def __init__(self, url: str) -> None:
        self._server = Connection(url)
        self._proxy = Proxy(url)
        self._kept = threading.local()
        self._threads = ThreadPoolExecutor(PARTS_AT_ONCE)

    def put(self, name: str, size: int) -> None:
        """Upload a file; a small one through the server."""
        if size < PART:
            self._proxy.put(name, size)
            return
        folder, _, file = name.rpartition("/")
        count = -(-size // PART)
        upload = self._server.message("POST", f"{ARTIFACTS}/mpu/create/{folder}", path=file, num_parts=count)

        def send(part: dict[str, Any]) -> dict[str, Any]:
            number = part["part_number"]
            length = min(PART, size - (number - 1) * PART)
            return {"part_number": number, "etag": self._to(part["url"]).send(_target(part["url"]), length)}

        parts = list(self._threads.map(send, upload["credentials"]))
        self._server.message(
            "POST",
            f"{ARTIFACTS}/mpu/complete/{folder}",
            path=file,
            upload_id=upload["upload_id"],
            parts=parts,
        )

    def get(self, name: str, size: int) -> None:
        """Download a file."""
        url = self._server.message("GET", f"{ARTIFACTS}/presigned/{name}")["url"]

        def fetch(start: int) -> None:
            stop = min(start + DOWNLOAD_PART, size)
            self._to(url).fetch(_target(url), stop - start, {"Range": f"bytes={start}-{stop - 1}"})

        list(self._threads.map(fetch, range(0, size, DOWNLOAD_PART)))

    def delete(self, name: str) -> None:
        """Delete a file or a directory."""
        self._proxy.delete(name)

    def _to(self, url: str) -> Connection:
        if not hasattr(self._kept, "connection"):
            self._kept.connection = Connection(url)
        connection: Connection = self._kept.connection
        return connection


class Alone:
    """The S3 server alone, each file in one request."""

    def __init__(self, server: S3Server) -> None:
        self._connection = Connection(server.endpoint)
        self._client = server.client

    def put(self, name: str, size: int) -> None:
        """Upload a file."""
        self._connection.send(self._signed("PUT", name), size)

    def get(self, name: str, size: int) -> None:
        """Download a file."""
        self._connection.fetch(self._signed("GET", name), size)

    def delete(self, name: str) -> None:
        """Delete a file, or everything below a directory."""
        for found in [*self._client.list_objects(BUCKET, f"{name}/", recursive=True)]:
            self._client.remove_object(BUCKET, str(found.object_name))
        self._client.remove_object(BUCKET, name)

    def _signed(self, method: str, name: str) -> str:
        return _target(self._client.get_presigned_url(method, BUCKET, name, timedelta(hours=1)))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


_RANDOM = os.urandom(BLOCK)


def random_blocks(size: int) -> Iterator[memoryview]:
    """Yield bytes that do not compress, different ones for each file."""
    block = memoryview(os.urandom(16) + _RANDOM[16:])
    while size > 0:
        yield block[: min(size, BLOCK)]
        size -= BLOCK
