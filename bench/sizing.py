"""What each process of a stack needs at a steady rate of metrics: processor time, memory, bytes on the disk.

    python -m bench.sizing [--loads 10000:100x1 1000000:10x100] [--seconds N]

A load is points a second, and keys and steps of a request. Requests come by the gateway over eight
connections, each for a run of its own. Processor time is what the kernel counts for a process and those it
forked: it depends less than a duration on what else the machine does. Memory is the most that they held, and
of shared pages their part.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from bench.client import Client
from bench.load import Shape
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
    load_cores: float
    """Processor time a second of what sent it, on the same machine."""
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
    """What is sent to a stack: requests of a shape, at so many points a second in all."""

    rate: int
    shape: Shape

    @classmethod
    def parse(cls, text: str) -> "Load":
        """Parse a text such as `10000:100x1`."""
        rate, _, shape = text.partition(":")
        return cls(int(rate), Shape.parse(shape))


_LOADS: Final = [
    Load(10_000, Shape(100, 1)),
    Load(100_000, Shape(100, 1)),
    Load(10_000, Shape(10, 100)),
    Load(100_000, Shape(10, 100)),
    Load(1_000_000, Shape(10, 100)),
]


def _sent(port: int, load: Load, seconds: float, first: int, runs: Sequence[str]) -> subprocess.Popen[str]:
    """Start what sends a load, from a request's number on, and wait until it has prepared the requests."""
    most = int(load.rate * seconds / load.shape.points / len(runs)) + 2
    arguments = [str(port), f"{seconds}@{load.rate}", str(load.shape), str(first), str(most), *runs]
    sending = subprocess.Popen(
        [sys.executable, "-m", "bench.load", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sending.stdout is not None
    sending.stdout.readline()
    return sending


def _round(
    port: int, pids: dict[str, int], runs: Sequence[str], load: Load, *, seconds: float, first: int
) -> Taken:
    sending = _sent(port, load, seconds, first, runs)
    assert sending.stdin is not None
    assert sending.stdout is not None
    before = {name: _processor_seconds(pid) for name, pid in pids.items()}
    most = dict.fromkeys(pids, 0.0)
    sending.stdin.write("go\n")
    sending.stdin.flush()
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        for name, pid in pids.items():
            most[name] = max(most[name], _mebibytes(pid))
        time.sleep(1.0)
    told = json.loads(sending.stdout.readline())
    if sending.wait():
        raise RuntimeError("the load failed")
    time.sleep(_SETTLE_SECONDS)
    needs = {name: Need(_processor_seconds(pid) - before[name], most[name]) for name, pid in pids.items()}
    return Taken(sum(told["requests"]) * load.shape.points, told["seconds"], told["load_cpu"], needs)


def _report(taken: Taken, load: Load, size: float) -> None:
    rate = taken.points / taken.seconds
    print(f"\n{load.rate:,} points/s in requests of {load.shape} were wanted, {rate:,.0f} were sent", end="")
    print(f" by {taken.load_cores:.2f} cores; {size:.1f} bytes a point in PostgreSQL before compaction\n")
    print("| process | CPU s a million points | cores at the rate that was sent | MiB |")
    print("|---|---:|---:|---:|")
    for name, need in sorted(taken.needs.items(), key=lambda item: -item[1].seconds):
        a_million = need.seconds / taken.points * 1e6
        print(f"| {name} | {a_million:.2f} | {a_million * rate / 1e6:.2f} | {need.mebibytes:.0f} |")


def main() -> None:
    """Measure and print a table for each rate."""
    options = argparse.ArgumentParser()
    options.add_argument("--loads", type=Load.parse, nargs="+", default=_LOADS)
    options.add_argument("--seconds", type=float, default=12.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, stack_server(None, Path(folder)) as port:
        record = json.loads((Path(folder) / "stack" / "processes.json").read_text(encoding="utf-8"))
        pids = {name: each["pid"] for name, each in record.items()}
        client = Client(port)
        experiment = client.post("experiments/create", name="sizing")["experiment_id"]
        secret = (Path(folder) / "stack" / "secret").read_text(encoding="utf-8")
        database = record["postgres"]["address"].replace("trackhelm@", f"trackhelm:{secret}@")
        with psycopg.connect(database, autocommit=True) as connection:
            for load in given.loads:
                created = [
                    client.post("runs/create", experiment_id=experiment, start_time=1)
                    for _ in range(_CONNECTIONS)
                ]
                runs = [answer["run"]["info"]["run_id"] for answer in created]
                # What is imported and cached by the first requests does not count.
                _round(port, pids, runs, load, seconds=2.0, first=0)
                before = _stored(connection)
                taken = _round(port, pids, runs, load, seconds=given.seconds, first=1_000_000)
                after = _stored(connection)
                points, size = after[0] - before[0], after[1] - before[1]
                if points != taken.points:
                    raise RuntimeError(f"{points:,} points are stored, not {taken.points:,}")
                _report(taken, load, size / points)


def _stored(connection: psycopg.Connection) -> tuple[int, int]:
    """Return how many points are stored, and the bytes of the tables of metrics."""
    query = (
        b"SELECT coalesce((SELECT sum(count) FROM metric_chunk), 0)::bigint,"
        b" (SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
        b" WHERE relname IN ('metric_chunk', 'series'))::bigint"
    )
    ((points, size),) = connection.execute(query).fetchall()
    return points, size


if __name__ == "__main__":
    main()
