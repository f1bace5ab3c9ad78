"""The load of `make bench-ingest`: one process, eight connections, and requests that are prepared beforehand.

    python -m bench.load PORT SECONDS[@RATE] SHAPE FIRST MOST RUN…

SHAPE is keys x steps, 10x100, or 10x100c for columns. Each connection logs to a run of its own and sends its
next request when the last is answered; with a rate, in points a second of all together, not before that is
due. It prints one line of JSON, with its own processor time, because the measured system shares the two cores
with it.
"""

import heapq
import json
import os
import resource
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_START_MS: Final = 1_800_000_000_000
_RECEIVE: Final = 65_536
_SEND: Final = 1_048_576
_NOISE: Final = 2**52 - 1
_TOKEN: Final = os.environ.get("BENCH_TOKEN", "")
_LOGIN: Final = f"Authorization: Bearer {_TOKEN}\r\n" if _TOKEN else ""
"""The header of who logs in; empty where nobody has to."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The contents of a request: `keys` metrics of `steps` steps each."""

    keys: int
    steps: int
    is_columnar: bool = False
    """Whether the body is columns, and not JSON."""

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """Parse a text such as `10x100`, or `10x100c` for columns."""
        keys, steps = map(int, text.removesuffix("c").split("x"))
        return cls(keys, steps, text.endswith("c"))

    def __str__(self) -> str:
        return f"{self.keys}x{self.steps}{'c' if self.is_columnar else ''}"

    @property
    def points(self) -> int:
        """The number of points of a request."""
        return self.keys * self.steps


def request(shape: Shape, run: str, number: int, login: str = _LOGIN) -> bytes:
    """Return the bytes of a run's request number `number`; no two requests share a point."""
    first = number * shape.steps
    if shape.is_columnar:
        return _columnar(shape, run, number, first, login)
    metrics = ",".join(
        f'{{"key":"metric_{key:03}","value":{_value(key, step)},'
        f'"timestamp":{_START_MS + step * 250},"step":{step}}}'
        for step in range(first, first + shape.steps)
        for key in range(shape.keys)
    )
    body = f'{{"run_id":"{run}","metrics":[{metrics}]}}'
    head = (
        f"POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: 127.0.0.1\r\n{login}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return f"{head}{body}".encode()


def _columnar(shape: Shape, run: str, number: int, first: int, login: str) -> bytes:
    steps = range(first, first + shape.steps)
    definition = json.dumps([run, [f"metric_{key:03}" for key in range(shape.keys)], []]).encode()
    body = struct.pack("<4sBBHQI", b"TRKM", 1, 0, 5, number, 1) + b"bench"
    body += struct.pack("<II", len(definition), shape.steps) + definition
    body += struct.pack(f"<{shape.steps}q", *steps)
    body += struct.pack(f"<{shape.steps}q", *(_START_MS + step * 250 for step in steps))
    for key in range(shape.keys):
        body += column_of(key, steps).tobytes()
    head = (
        f"POST /api/2.0/trackhelm/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n{login}"
        f"Content-Type: application/vnd.trackhelm.metrics\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_NOISE_TABLE: Final = np.random.default_rng(7).random(1 << 16)


def column_of(key: int, steps: range) -> NDArray[np.float64]:
    """Return the values of a key at some steps as columns have them: noise, from a table, which is quick."""
    at = np.arange(steps.start, steps.stop)
    column: NDArray[np.float64] = (
        1.0 / (1.0 + at * 1e-4) + _NOISE_TABLE[(at * 7_919 + key * 104_729) & 0xFFFF] * 0.05
    )
    return column


def value_at(key: int, step: int) -> float:
    """Return the value of a key at a step: noise in every digit, as losses have."""
    return float(_value(key, step))


def _value(key: int, step: int) -> str:
    # The hash of integers is the same in every process. An evenly stepping sequence, modulo any number, would
    # not be noise: chunks store differences, which would show its pattern.
    noise = (hash((step, key)) & _NOISE) / _NOISE
    return repr(1.0 / (1.0 + step * 1e-4) + noise * 0.05)


class _Connection:
    """Sends a run's requests one after another."""

    def __init__(self, port: int, requests: Iterable[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        # The buffer holds a whole request, so that a slow reader does not delay the other connections.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = iter(requests)
        self._answer = b""
        self.sent = self.answered = 0

    def send(self) -> bool:
        """Send the next request; return False if there is none left."""
        following = next(self._requests, None)
        if following is None:
            return False
        self.socket.sendall(following)
        self.sent += 1
        return True

    def receive(self) -> bool:
        """Receive data; return True if an answer is complete. Any status but 200 ends the measurement."""
        received = self.socket.recv(_RECEIVE)
        if not received:
            raise RuntimeError("the server hung up")
        self._answer += received
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank:
            return False
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(body) < length:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head!r} {body[:500]!r}")
        self._answer = b""
        self.answered += 1
        return True


class _Pace:
    """The connections that wait until their next request is due, the earliest first."""

    def __init__(self, seconds_a_request: float) -> None:
        self._seconds = seconds_a_request
        self._began = time.perf_counter()
        self._waiting: list[tuple[float, int, _Connection]] = []

    def hold(self, connection: _Connection) -> bool:
        """Keep a connection if its next request is not due yet."""
        due = self._began + connection.sent * self._seconds
        if due <= time.perf_counter():
            return False
        heapq.heappush(self._waiting, (due, id(connection), connection))
        return True

    @property
    def seconds(self) -> float | None:
        """How long until one is due; None if none waits."""
        return max(0.0, self._waiting[0][0] - time.perf_counter()) if self._waiting else None

    def due(self) -> Iterator[_Connection]:
        """Take those whose request is due by now."""
        while self._waiting and self._waiting[0][0] <= time.perf_counter():
            yield heapq.heappop(self._waiting)[2]


def run_load(
    port: int, seconds: float, requests: Sequence[Iterable[bytes]], seconds_a_request: float = 0.0
) -> dict[str, Any]:
    """Send requests for some seconds, a list for each connection; return counts and times of the answers."""
    connections = [_Connection(port, own) for own in requests]
    busy_before = _cpu_seconds()
    began = time.perf_counter()
    deadline = began + seconds
    ran_dry = False
    pace = _Pace(seconds_a_request)
    with selectors.DefaultSelector() as ready:
        for connection in connections:
            ready.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        waiting = len(connections)
        while waiting:
            answered = [key.data for key, _ in ready.select(pace.seconds) if key.data.receive()]
            for connection in (*answered, *pace.due()):
                if time.perf_counter() < deadline and (pace.hold(connection) or connection.send()):
                    continue
                ran_dry = ran_dry or time.perf_counter() < deadline
                waiting -= 1
    elapsed = time.perf_counter() - began
    return {
        "requests": [connection.answered for connection in connections],
        "seconds": elapsed,
        "load_cpu": (_cpu_seconds() - busy_before) / elapsed,
        "ran_dry": ran_dry,
    }


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(port: str, seconds: str, shape_text: str, first: str, most: str, *runs: str) -> None:
    """Prepare the requests, print that they are ready, wait for a line, send them, and print the result."""
    shape = Shape.parse(shape_text)
    seconds, _, rate = seconds.partition("@")
    # Of one connection.
    interval = len(runs) * shape.points / float(rate) if rate else 0.0
    numbers = range(int(first), int(first) + int(most))
    requests = [[request(shape, run, number) for number in numbers] for run in runs]
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(run_load(int(port), float(seconds), requests, interval)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
