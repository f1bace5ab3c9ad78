"""Sends one very large file through a server and back, and watches its memory: `make test-large-files`.

It fails if the server at any moment takes more than the limit above its memory after a small file, or if the
file comes back changed. It needs free disk space of twice the file's size.
"""

import argparse
import hashlib
import http.client
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from bench.artifact_servers import Server, s3_server, trackhelm_server
from bench.artifact_ways import ARTIFACTS, BLOCK, random_blocks

LIMIT_MEBIBYTES = 64
STORES = ("folder", "s3")
_PAUSE_SECONDS = 0.1


class Watch:
    """Records the most memory of a server since the watch began, in MiB."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.first = self.most = server.mebibytes()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self.most = max(self.most, self._server.mebibytes())


def upload(connection: http.client.HTTPConnection, size: int) -> str:
    """PUT random bytes and return their SHA-256."""
    digest = hashlib.sha256()

    def content() -> Iterator[memoryview]:
        for block in random_blocks(size):
            digest.update(block)
            yield block

    connection.request("PUT", f"{ARTIFACTS}/artifacts/large/f", content(), {"Content-Length": str(size)})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"PUT: {answer.status} {text[:500]!r}")
    return digest.hexdigest()


def download(connection: http.client.HTTPConnection) -> str:
    """GET the same file and return its SHA-256."""
    digest = hashlib.sha256()
    connection.request("GET", f"{ARTIFACTS}/artifacts/large/f")
    answer = connection.getresponse()
    room = memoryview(bytearray(BLOCK))
    while count := answer.readinto(room):
        digest.update(room[:count])
    return digest.hexdigest()


def check(title: str, server: Server, size: int) -> bool:
    """Send a file both ways, print the result, and return whether it is as required."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    upload(connection, BLOCK)
    download(connection)
    sound = True
    expected = ""
    for direction in ("up", "down"):
        began = time.perf_counter()
        with Watch(server) as watch:
            if direction == "up":
                expected = upload(connection, size)
            else:
                sound &= download(connection) == expected
        rate = size / BLOCK / (time.perf_counter() - began)
        growth = watch.most - watch.first
        sound &= growth < LIMIT_MEBIBYTES
        print(f"| {title} | {direction} | {rate:.0f} | {watch.first:.0f} | {growth:.0f} |", flush=True)
    connection.close()
    return sound


@contextmanager
def server_over(store: str, folder: Path) -> Iterator[Server]:
    """Run a server over one kind of store."""
    if store == "folder":
        with trackhelm_server(folder / "folder", {}) as server:
            yield server
        return
    with (
        s3_server(folder / "s3") as s3,
        trackhelm_server(folder / "over-s3", s3.environment()) as server,
    ):
        yield server


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every kind of store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=5 * 1024, help="size of the file")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    options = parser.parse_args(arguments)
    size = options.mebibytes * BLOCK
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * size:
        parser.error(f"{tempfile.gettempdir()} has less than {2 * options.mebibytes} MiB free")
    print(
        f"| {options.mebibytes} MiB over | way | MiB/s | memory before, MiB | grew by, MiB |\n|{'---|' * 5}"
    )
    sound = True
    for store in options.stores:
        with (
            tempfile.TemporaryDirectory(prefix="large-files-") as folder,
            server_over(store, Path(folder)) as server,
        ):
            sound &= check(store, server, size)
    if not sound:
        print(f"Not as it should be: another content, or {LIMIT_MEBIBYTES} MiB or more.")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
