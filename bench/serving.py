"""The scoring server beside `mlflow models serve`: the same model, 8 connections, one worker.

    make bench-serve            # or: BENCH="--seconds 5"

Prints the time to the first answer, the memory of all processes, and for requests of 1 and of 100 rows the
answers a second with the 50th and 99th percentile of their time. The caller is one process that sends
prepared bytes.
"""

import argparse
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8
COLUMNS = ["a", "b", "c", "d"]
ROWS = (1, 100)
SAVE = """
import sys
import numpy as np
import pandas as pd
import mlflow
from sklearn.ensemble import RandomForestClassifier
data = pd.DataFrame(np.random.default_rng(7).normal(size=(500, 4)), columns=list("abcd"))
target = (data.sum(axis=1) > 0).astype("int64")
forest = RandomForestClassifier(50, random_state=7).fit(data, target)
signature = mlflow.models.infer_signature(data, forest.predict(data))
mlflow.sklearn.save_model(forest, sys.argv[1], serialization_format="cloudpickle", signature=signature,
pip_requirements=["scikit-learn"])
"""


@dataclass(frozen=True)
class Load:
    """What a server did: answers a second, and percentiles of the seconds of a request."""

    rate: float
    median: float
    worst: float


def request_of(rows: int) -> bytes:
    """Return a request about some rows, as it is sent."""
    data = [[(row * 7 + place) % 13 / 6 - 1 for place in range(4)] for row in range(rows)]
    body = json.dumps({"dataframe_split": {"columns": COLUMNS, "data": data}}).encode()
    head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def is_whole(received: bytes) -> bool:
    """Return whether an answer is there to its end; raises if it is no 200."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(received[:500])
    lines = head.lower().split(b"\r\n")
    length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
    return len(body) >= length


def load(port: int, rows: int, seconds: float) -> Load:
    """Ask a server over all connections; each sends its next request as soon as one is answered."""
    request = request_of(rows)
    times: list[float] = []
    with selectors.DefaultSelector() as waiting:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            waiting.register(connection, selectors.EVENT_READ, [time.perf_counter(), b""])
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            for key, _ in waiting.select(1):
                state = key.data
                state[1] += key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # a socket
                if is_whole(state[1]):
                    now = time.perf_counter()
                    times.append(now - state[0])
                    state[:] = [now, b""]
                    key.fileobj.sendall(request)  # type: ignore[union-attr]  # likewise
        took = time.perf_counter() - began
        for key in list(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # likewise
    times.sort()
    return Load(len(times) / took, times[len(times) // 2], times[int(len(times) * 0.99)])


def memory_of(group: int) -> float:
    """Return the megabytes that the processes of a group hold, each shared page counted by its part."""
    total = 0
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if os.getpgid(int(place.name)) != group:
                    continue
                told = (place / "smaps_rollup").read_text()
            except (OSError, ProcessLookupError):
                continue
            total += next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], port: int, log: Path
) -> Iterator[tuple[int, float]]:
    """Start a server, and yield its process group and the seconds until it answered first."""
    began = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    request = request_of(1)
    try:
        while True:
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            try:
                with socket.create_connection(("127.0.0.1", port), 60) as connection:
                    connection.sendall(request)
                    received = b""
                    while not is_whole(received):
                        received += connection.recv(1 << 16)
                break
            except OSError:
                time.sleep(0.02)
        yield process.pid, time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def main() -> None:
    """Measure both servers and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client-python", required=True)
    parser.add_argument("--mlflow-python", required=True)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    source = Path(__file__).parents[1] / "client" / "src"
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as place:
        model = Path(place) / "forest"
        base = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
        }
        base.pop("PYTHONPATH", None)
        subprocess.run(
            [arguments.mlflow_python, "-c", SAVE, model], env=base, check=True, capture_output=True
        )
        found = {}
        for name, python, module, more in (
            ("MLflow", arguments.mlflow_python, "mlflow", ["--env-manager", "local", "-w", "1"]),
            ("Trackhelm", arguments.client_python, "trackhelm", []),
        ):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            # Not resolved: the link is what makes it the Python of its environment.
            folder = str(Path(python).absolute().parent)
            environment = {**base, "PATH": f"{folder}:{os.environ['PATH']}"}
            if module == "trackhelm":
                environment["PYTHONPATH"] = str(source)
            command = [str(Path(python).absolute()), "-m", module, "models", "serve", "-m", str(model)]
            command += ["-p", str(port), "-h", "127.0.0.1", *more]
            with serving(command, environment, port, Path(place) / f"{name}.log") as (group, start):
                for rows in ROWS:
                    load(port, rows, min(2.0, arguments.seconds))
                loads = {rows: load(port, rows, arguments.seconds) for rows in ROWS}
                found[name] = start, memory_of(group), loads
    write(found)


def write(found: dict[str, tuple[float, float, dict[int, Load]]]) -> None:
    """Print the table, with ratios."""
    (their_start, their_memory, theirs), (start, memory, ours) = found["MLflow"], found["Trackhelm"]
    out = sys.stdout
    out.write("| | MLflow | Trackhelm | ratio |\n|---|---|---|---|\n")
    out.write(f"| s to the first answer | {their_start:.1f} | {start:.1f} | {start / their_start:.2f} |\n")
    out.write(f"| MB | {their_memory:.0f} | {memory:.0f} | {memory / their_memory:.2f} |\n")
    for rows in ROWS:
        one, other = theirs[rows], ours[rows]
        out.write(
            f"| requests/s, {rows} rows | {one.rate:.0f} | {other.rate:.0f} | {other.rate / one.rate:.1f} |\n"
        )
        for label, a, b in (("p50", one.median, other.median), ("p99", one.worst, other.worst)):
            out.write(f"| ms, {label}, {rows} rows | {a * 1e3:.1f} | {b * 1e3:.1f} | {b / a:.2f} |\n")


if __name__ == "__main__":
    main()
