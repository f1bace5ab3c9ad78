"""What traces cost a request: without a collector, with one that records a tenth, and one that records all.

    PYTHONPATH=services:. python -m bench.tracing [--rounds N]

Calls the application of every service in this process, without a network, so that the rest of a request is as
cheap as it can be. The three take turns in one run. Spans are sent to a collector in another process.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from fastapi import FastAPI

from trackhelm_core.settings import StorageSettings, TraceSettings
from trackhelm_core.telemetry.tracing import Tracing
from trackhelm_core.traces import bound_trace
from trackhelm_embedded.app import embedded_app

REQUESTS = 500
PATH = "/api/2.0/mlflow/experiments/get"
SAMPLES = {"none": None, "a tenth": 0.1, "all": 1.0}


def _collect(connection: Any) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    connection.send(server.server_port)
    server.serve_forever()


@contextmanager
def _collector() -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_collect, args=(there,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()


async def _request(app: FastAPI) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"experiment_id=0",
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == HTTPStatus.OK, message

    await app(scope, receive, send)


async def _microseconds(app: FastAPI) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        await _request(app)
    return (time.perf_counter() - began) / REQUESTS * 1e6


async def _measure(rounds: int, url: str, folder: Path) -> None:
    took: dict[str, list[float]] = {name: [] for name in SAMPLES}
    apps = {}
    for name, sample in SAMPLES.items():
        settings = TraceSettings(traces_url=url, traces_sample=1.0 if sample is None else sample)
        tracing = None if sample is None else Tracing(settings, "bench")
        apps[name] = embedded_app(StorageSettings(data=folder / name), tracing=tracing)
        await _microseconds(apps[name])
    for _ in range(rounds):
        for name, app in apps.items():
            took[name].append(await _microseconds(app))
    base = median(took["none"])
    for name, times in took.items():
        print(
            f"traces recorded: {name:8} {median(times):7.1f} µs a request, {median(times) / base:.3f} of none"
        )
    began = time.perf_counter()
    for _ in range(1_000_000):
        bound_trace.get()
    print(f"reading the variable that says there is none: {(time.perf_counter() - began) * 1e3:.0f} ns")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=9)
    rounds: int = options.parse_args().rounds
    with _collector() as url, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(rounds, url, Path(folder)))


if __name__ == "__main__":
    main()
