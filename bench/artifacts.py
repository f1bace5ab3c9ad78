"""Moves files to and from servers and stores, and prints a table: `make bench-artifacts`.

Each way is measured over the same loopback by the same client, in blocks of 1 MiB. What a store does alone is
the bound for what a server in front of it can do. Stock MLflow is measured over a folder.
"""

import argparse
import http.client
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bench.artifact_servers import Server, s3_server, stock_server, trackhelm_server
from tests.fixtures.s3 import BUCKET, S3Server

BLOCK = 1024 * 1024
SMALL_BYTES = 4096
PART = 10 * BLOCK
"""What the stock client sends a part of, by default."""

DOWNLOAD_PART = 100 * BLOCK
PARTS_AT_ONCE = 4
IDLE_SECONDS = 2
ARTIFACTS = "/api/2.0/mlflow-artifacts"


class Way(Protocol):
    """A way to move files."""

    def put(self, name: str, size: int) -> None:
        """Upload a file of random bytes."""

    def get(self, name: str, size: int) -> None:
        """Download it and forget it."""


class Connection:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
        self._used = time.monotonic()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, str]:
        """Send a request; return the answer's last block and its ETag."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()  # The server may have; the next request opens it again.
        self._connection.request(method, path, body=body, headers=headers or {})
        answer = self._connection.getresponse()
        last = b""
        while block := answer.read(BLOCK):
            last = block
        self._used = time.monotonic()
        if answer.status not in {http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT}:
            raise RuntimeError(f"{method} {path}: {answer.status} {last[:500]!r}")
        return last, answer.headers.get("ETag", "")

    def message(self, method: str, path: str, /, **message: Any) -> Any:
        """Send a message and return the answer's."""
        body = json.dumps(message) if method == "POST" else None
        return json.loads(self.ask(method, path, body, {"Content-Type": "application/json"})[0])

    def send(self, path: str, size: int) -> str:
        """PUT random bytes and return the ETag."""
        return self.ask("PUT", path, random_blocks(size), {"Content-Length": str(size)})[1]


class Proxy:
    """Through a server."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)

    def put(self, name: str, size: int) -> None:
        """Upload a file."""
        self._connection.send(f"{ARTIFACTS}/artifacts/{name}", size)

    def get(self, name: str, size: int) -> None:
        """Download a file."""
        self._connection.ask("GET", f"{ARTIFACTS}/artifacts/{name}")


class Presigned:
    """Past a server, by addresses that it signs, in parts as the stock client sends and asks for them."""

    def __init__(self, url: str) -> None:
        self._server = Connection(url)
        self._proxy = Proxy(url)

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
            etag = Connection(part["url"]).send(_target(part["url"]), min(PART, size - (number - 1) * PART))
            return {"part_number": number, "etag": etag}

        with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
            parts = list(threads.map(send, upload["credentials"]))
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
            stop = min(start + DOWNLOAD_PART, size) - 1
            Connection(url).ask("GET", _target(url), headers={"Range": f"bytes={start}-{stop}"})

        with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
            list(threads.map(fetch, range(0, size, DOWNLOAD_PART)))


class Alone:
    """The S3 server by itself, in one piece."""

    def __init__(self, server: S3Server) -> None:
        self._connection = Connection(server.endpoint)
        self._client = server.client

    def put(self, name: str, size: int) -> None:
        """Upload a file."""
        self._connection.send(self._signed("PUT", name), size)

    def get(self, name: str, size: int) -> None:
        """Download a file."""
        self._connection.ask("GET", self._signed("GET", name))

    def _signed(self, method: str, name: str) -> str:
        return _target(self._client.get_presigned_url(method, BUCKET, name, timedelta(hours=1)))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def random_blocks(size: int) -> Iterator[bytes]:
    """Yield bytes that do not compress."""
    block = os.urandom(BLOCK)
    while size > 0:
        yield block[: min(size, BLOCK)]
        size -= BLOCK


def rate(amount: int, call: Callable[[str, int], None], names: Sequence[str], size: int) -> str:
    """Return how much of an amount a call for each name moves a second."""
    began = time.perf_counter()
    for name in names:
        call(name, size)
    return f"{amount / (time.perf_counter() - began):.0f}"


def measure(title: str, way: Way, server: Server | None, mebibytes: list[int], files: int) -> None:
    """Measure one way and print its row."""
    folder = uuid.uuid4().hex
    way.put(f"{folder}/first", SMALL_BYTES)
    way.get(f"{folder}/first", SMALL_BYTES)
    before = server.peak_mebibytes() if server else 0
    calls = (way.put, way.get)
    cells = [rate(size, call, [f"{folder}/{size}"], size * BLOCK) for size in mebibytes for call in calls]
    small = [f"{folder}/small/{number}" for number in range(files)]
    cells += [rate(files, call, small, SMALL_BYTES) for call in calls]
    growth = f"{server.peak_mebibytes() - before}" if server else ""
    print(f"| {' | '.join([title, *cells, growth])} |", flush=True)


def main() -> None:
    """Measure every way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow-python", type=Path, help="Python of an environment with stock MLflow")
    parser.add_argument("--mebibytes", type=int, nargs="+", default=[100, 1024], help="sizes of large files")
    parser.add_argument("--files", type=int, default=1000, help="number of files of 4 KiB")
    options = parser.parse_args()
    sizes = [f"{size} MiB {way}" for size in options.mebibytes for way in ("up", "down")]
    header = ["way", *(f"{size}, MiB/s" for size in sizes), "4 KiB up, files/s", "4 KiB down, files/s"]
    print(f"| {' | '.join([*header, 'memory grows, MiB'])} |\n|{'---|' * (len(header) + 1)}")
    with tempfile.TemporaryDirectory(prefix="bench-artifacts-") as temporary:
        folder = Path(temporary)
        if options.mlflow_python:
            with stock_server(options.mlflow_python, folder / "stock") as server:
                measure("stock MLflow, folder", Proxy(server.url), server, options.mebibytes, options.files)
        with trackhelm_server(folder / "trackhelm", {}) as server:
            measure("Trackhelm, folder", Proxy(server.url), server, options.mebibytes, options.files)
        with s3_server(folder / "s3") as s3:
            environment = s3.environment() | {"TRACKHELM_ARTIFACTS_PRESIGNED": "true"}
            with trackhelm_server(folder / "over-s3", environment) as server:
                for title, way in (
                    ("Trackhelm, S3", Proxy(server.url)),
                    ("past Trackhelm, S3, in parts", Presigned(server.url)),
                ):
                    measure(title, way, server, options.mebibytes, options.files)
                measure("S3 alone, in one piece", Alone(s3), None, options.mebibytes, options.files)


if __name__ == "__main__":
    main()
