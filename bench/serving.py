"""The scoring server beside `mlflow models serve`: the same model, 8 connections, one worker.

    make bench-serve            # or: BENCH="--seconds 5"

Prints the time to the first answer, as the median of five starts by turns, the memory of all processes, and
for requests of 1 and of 100 rows the answers a second with the 50th and 99th percentile of their time, and
the processor's time for each. The caller is one process that sends prepared bytes. Both servers run, and they
are asked by turns of a second, so that other work of the machine affects both alike.
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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

CONNECTIONS = 8
STARTS = 5
TURN_SECONDS = 1.0
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


@dataclass
class Load:
    """What a server did: the seconds of each request, of all of them, and of the processor."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def milliseconds(self, part: float) -> float:
        """The time within which such a part of the requests was answered."""
        return sorted(self.times)[int(len(self.times) * part)] * 1e3


@dataclass(frozen=True)
class Server:
    """A server that runs, and the seconds until it answered first."""

    port: int
    group: int
    start: float


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


def load(server: Server, rows: int, seconds: float, into: Load) -> None:
    """Ask a server over all connections; each sends its next request as soon as one is answered."""
    request = request_of(rows)
    with selectors.DefaultSelector() as waiting:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            waiting.register(connection, selectors.EVENT_READ, [time.perf_counter(), b""])
        used, began = processor_of(server.group), time.perf_counter()
        while time.perf_counter() - began < seconds:
            for key, _ in waiting.select(1):
                state = key.data
                state[1] += key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # a socket
                if is_whole(state[1]):
                    now = time.perf_counter()
                    into.times.append(now - state[0])
                    state[:] = [now, b""]
                    key.fileobj.sendall(request)  # type: ignore[union-attr]  # likewise
        into.seconds += time.perf_counter() - began
        into.processor += processor_of(server.group) - used
        # What is under way is answered before the other server has its turn.
        for key in list(waiting.get_map().values()):
            while not is_whole(key.data[1]):
                key.data[1] += key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # likewise
            key.fileobj.close()  # type: ignore[union-attr]  # likewise


def processes_of(group: int) -> Iterator[Path]:
    """Yield the folders below /proc of the processes of a group."""
    for place in Path("/proc").iterdir():
        with suppress(ProcessLookupError):
            if place.name.isdigit() and os.getpgid(int(place.name)) == group:
                yield place


def processor_of(group: int) -> float:
    """Return the seconds of the processor that the processes of a group have used."""
    used = 0
    for place in processes_of(group):
        with suppress(OSError):
            told = (place / "stat").read_text().rpartition(")")[2].split()
            used += int(told[11]) + int(told[12])
    return used / os.sysconf("SC_CLK_TCK")


def memory_of(group: int) -> float:
    """Return the megabytes that the processes of a group hold, each shared page counted by its part."""
    total = 0
    for place in processes_of(group):
        with suppress(OSError):
            told = (place / "smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


@contextmanager
def serving(command: list[str], environment: dict[str, str], log: Path) -> Iterator[Server]:
    """Start a server at a free port, and yield it when it has answered first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*command, "-p", str(port)]
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
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def main() -> None:
    """Measure both servers and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client-python", required=True)
    parser.add_argument("--mlflow-python", required=True)
    parser.add_argument("--seconds", type=float, default=10.0, help="of load, for each server and size")
    arguments = parser.parse_args()
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
        began = {name: command_of(arguments, name, model, base) for name in ("MLflow", "Trackhelm")}
        starts: dict[str, list[float]] = {name: [] for name in began}
        # The first start of each reads its files from the disk, and is not counted.
        for turn in range(STARTS + 1):
            for name in sorted(began, reverse=bool(turn % 2)):
                with serving(*began[name], Path(place) / f"{name}.log") as server:
                    starts[name].append(server.start)
        with ExitStack() as running:
            servers = {
                name: running.enter_context(serving(*how, Path(place) / f"{name}.log"))
                for name, how in began.items()
            }
            found = ask(servers, arguments.seconds)
            write(servers, {name: median(times[1:]) for name, times in starts.items()}, found)


def command_of(
    arguments: argparse.Namespace, name: str, model: Path, base: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return how a server is started: its command, to which the port is added, and its environment."""
    is_ours = name == "Trackhelm"
    # Not resolved: the link is what makes it the Python of its environment.
    path = Path(arguments.client_python if is_ours else arguments.mlflow_python).absolute()
    environment = {**base, "PATH": f"{path.parent}:{os.environ['PATH']}"}
    if is_ours:
        environment["PYTHONPATH"] = str(Path(__file__).parents[1] / "client" / "src")
    module, more = ("trackhelm", []) if is_ours else ("mlflow", ["--env-manager", "local", "-w", "1"])
    command = [str(path), "-m", module, "models", "serve", "-m", str(model), "-h", "127.0.0.1", *more]
    return command, environment


def ask(servers: dict[str, Server], seconds: float) -> dict[str, dict[int, Load]]:
    """Ask the servers by turns, each for so many seconds about requests of each size."""
    found = {name: {rows: Load() for rows in ROWS} for name in servers}
    for rows in ROWS:
        for server in servers.values():
            load(server, rows, TURN_SECONDS, Load())
        for turn in range(max(1, round(seconds / TURN_SECONDS))):
            for name in sorted(servers, reverse=bool(turn % 2)):
                load(servers[name], rows, TURN_SECONDS, found[name][rows])
    return found


def write(servers: dict[str, Server], starts: dict[str, float], loads: dict[str, dict[int, Load]]) -> None:
    """Print the table, with ratios."""
    out = sys.stdout
    out.write("| | MLflow | Trackhelm | ratio |\n|---|---:|---:|---:|\n")

    def row(label: str, theirs: float, ours: float, digits: int) -> None:
        out.write(f"| {label} | {theirs:,.{digits}f} | {ours:,.{digits}f} | {ours / theirs:.2f} |\n")

    stock, own = servers["MLflow"], servers["Trackhelm"]
    row("until the first answer, s", starts["MLflow"], starts["Trackhelm"], 1)
    row("memory after all requests, MB", memory_of(stock.group), memory_of(own.group), 0)
    for rows in ROWS:
        one, other = loads["MLflow"][rows], loads["Trackhelm"][rows]
        what = "1 row" if rows == 1 else f"{rows} rows"
        row(f"{what}: requests/s", one.rate, other.rate, 0)
        for label, part in (("p50", 0.5), ("p99", 0.99)):
            row(f"{what}: {label}, ms", one.milliseconds(part), other.milliseconds(part), 1)
        used = [1e3 * load.processor / len(load.times) for load in (one, other)]
        row(f"{what}: processor's time a request, ms", used[0], used[1], 2)


if __name__ == "__main__":
    main()
