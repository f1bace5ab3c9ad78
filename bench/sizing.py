"""What each process of a stack needs at a steady rate of metrics: processor time, memory, bytes on the disk.

    python -m bench.sizing [--rates 10000 100000] [--shape 100x1] [--seconds N]

Requests (by default of 100 points: 100 keys, one step) come by the gateway over eight connections, each for a
run of its own, at a fixed rate. Processor time is what the kernel counts for a process and those it forked:
it depends less than a duration on what else the machine does. Memory is the most that they held, and of
shared pages their part.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from bench.client import Client
from bench.load import Shape, request
from bench.servers import stack_server

_CONNECTIONS: Final = 8
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SETTLE_SECONDS: Final = 6.0
"""A drain stores what it gathered 3 s after the last request: its work counts, too."""


@dataclass
class Need:
    """What a process and those that it forked took."""

    seconds: float = 0.0
    mebibytes: float = 0.0


@dataclass
class Taken:
    """What a round found: points that were answered, how long they were sent, and the needs by process."""

    points: int
    seconds: float
    needs: dict[str, Need] = field(default_factory=dict)


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def _processor_seconds(pid: int) -> float:
    total = 0
    for each in _family(pid):
        words = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        # Its own time, and that of those that have ended.
        total += sum(map(int, words[11:15]))
    return total / _TICKS


def _mebibytes(pid: int) -> float:
    kibibytes = 0
    for each in _family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kibibytes += int(line.split()[1])
    return kibibytes / 1024


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent to a stack: requests of a shape, at so many points a second in all, for so long."""

    shape: Shape
    rate: int
    seconds: float
    first: int
    """The number of the first request; no two rounds send the same points."""

    @property
    def a_connection(self) -> float:
        """Requests a second of one connection."""
        return self.rate / self.shape.points / _CONNECTIONS


def _send(port: int, run: str, load: Load, counted: list[int]) -> None:
    """Send a run's requests, each when it is due, and note how many were answered."""
    client = Client(port)
    number, began = load.first, time.monotonic()
    while time.monotonic() < began + load.seconds:
        if (wait := began + (number - load.first) / load.a_connection - time.monotonic()) > 0:
            time.sleep(wait)
        body = request(load.shape, run, number).partition(b"\r\n\r\n")[2]
        client.send("POST", "/api/2.0/mlflow/runs/log-batch", body)
        number += 1
    counted.append(number - load.first)


def _round(port: int, pids: dict[str, int], runs: Sequence[str], load: Load) -> Taken:
    before = {name: _processor_seconds(pid) for name, pid in pids.items()}
    counted: list[int] = []
    began = time.monotonic()
    threads = [threading.Thread(target=_send, args=(port, run, load, counted)) for run in runs]
    for thread in threads:
        thread.start()
    most = dict.fromkeys(pids, 0.0)
    while any(thread.is_alive() for thread in threads):
        for name, pid in pids.items():
            most[name] = max(most[name], _mebibytes(pid))
        threads[0].join(1.0)
    took = time.monotonic() - began
    time.sleep(_SETTLE_SECONDS)
    needs = {name: Need(_processor_seconds(pid) - before[name], most[name]) for name, pid in pids.items()}
    return Taken(sum(counted) * load.shape.points, took, needs)


def _report(taken: Taken, load: Load) -> None:
    achieved = taken.points / taken.seconds
    rate = load.rate
    print(f"\n{rate:,} points/s in requests of {load.shape.points}; {achieved:,.0f} were sent\n")
    print("| process | CPU s a million points | cores at this rate | MiB |")
    print("|---|---:|---:|---:|")
    for name, need in sorted(taken.needs.items(), key=lambda item: -item[1].seconds):
        a_million = need.seconds / taken.points * 1e6
        print(f"| {name} | {a_million:.2f} | {a_million * rate / 1e6:.2f} | {need.mebibytes:.0f} |")


def main() -> None:
    """Measure and print a table for each rate."""
    options = argparse.ArgumentParser()
    options.add_argument("--rates", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--shape", type=Shape.parse, default=Shape(100, 1))
    options.add_argument("--seconds", type=float, default=20.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, stack_server(None, Path(folder)) as port:
        record = json.loads((Path(folder) / "stack" / "processes.json").read_text(encoding="utf-8"))
        pids = {name: each["pid"] for name, each in record.items()}
        client = Client(port)
        experiment = client.post("experiments/create", name="sizing")["experiment_id"]
        for rate in given.rates:
            runs = [
                client.post("runs/create", experiment_id=experiment, start_time=1)["run"]["info"]["run_id"]
                for _ in range(_CONNECTIONS)
            ]
            # What is imported and cached by the first requests does not count.
            _round(port, pids, runs, Load(given.shape, rate, seconds=2.0, first=0))
            load = Load(given.shape, rate, given.seconds, first=1_000_000)
            _report(_round(port, pids, runs, load), load)
        secret = (Path(folder) / "stack" / "secret").read_text(encoding="utf-8")
        database = record["postgres"]["address"].replace("trackhelm@", f"trackhelm:{secret}@")
        with psycopg.connect(database) as connection:
            query = (
                "SELECT sum(pg_total_relation_size(oid)), (SELECT sum(count) FROM metric_chunk) FROM pg_class"
            )
            rows = connection.execute(f"{query} WHERE relname IN ('metric_chunk', 'series')".encode())
            size, points = rows.fetchall()[0]
        print(f"\n{float(size) / float(points):.1f} bytes a point in PostgreSQL, before compaction")


if __name__ == "__main__":
    main()
