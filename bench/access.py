"""What logins and quotas cost who logs metrics: a server without them against one with them.

    PYTHONPATH=services:. python -m bench.access [--rounds N] [--seconds N] [--systems embedded split]

Both run at the same time, and take turns in each round, so that other load of the machine affects both alike.
On the second, an editor logs by a token, in every other turn in a workspace with quotas that are not reached.
The rate is what is acknowledged; the processor time is that of the process that takes the metrics.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import ingest_systems as systems
from bench.ingest_systems import System
from bench.load import Shape
from bench.report import machine
from bench.servers import postgresql

WAYS: Final = ("off", "on", "on, with quotas")
SHAPES: Final = (Shape(1, 1), Shape(10, 100), Shape(10, 1_000, is_columnar=True))
CONNECTIONS: Final = 8
BAR: Final = 0.98
_MOST: Final = {1: 12_000, 1_000: 1_500, 10_000: 400}
"""Requests that a connection may send in a second, by the points of each."""
_PASSWORD: Final = "a password of the bench"
_KNOWN_SECONDS: Final = 6.0
"""How long until every process knows of a change of quotas."""
_QUOTAS: Final = {"points_per_second": 10**9, "requests_per_second": 10**6, "series_per_run": 10**6}
_LISTENS: Final = "0A"
_NO_QUOTAS: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True)
class Measured:
    """A server that is measured: where metrics go, by which process, and who logs them."""

    system: System
    pid: int
    token: str = ""

    def call(self, path: str, message: Mapping[str, Any], name: str = "admin") -> Any:
        """Send a request as somebody, and return the answer."""
        login = base64.b64encode(f"{name}:{_PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.system.makes_runs}/api/{path}",
            json.dumps(message).encode(),
            {"Content-Type": "application/json", "Authorization": f"Basic {login}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def new_runs(self) -> list[str]:
        """Return the ids of new runs, one for each connection."""
        experiment = self.call("2.0/mlflow/experiments/create", {"name": f"bench {time.time_ns()}"})
        message = {"experiment_id": experiment["experiment_id"]}
        made = (self.call("2.0/mlflow/runs/create", message) for _ in range(CONNECTIONS))
        return [run["run"]["info"]["run_id"] for run in made]

    def log(self, shape: Shape, seconds: float) -> tuple[float, float]:
        """Log for some seconds; return the points a second, and the microseconds of processor a request."""
        most = int(_MOST[shape.points] * seconds) + 2
        arguments = [str(self.system.writes), str(seconds), str(shape), "0", str(most), *self.new_runs()]
        with subprocess.Popen(
            [sys.executable, "-m", "bench.load", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"BENCH_TOKEN": self.token},
        ) as load:
            assert load.stdout is not None
            assert load.stdin is not None
            load.stdout.readline()
            before = _cpu_seconds(self.pid)
            load.stdin.write("go\n")
            load.stdin.flush()
            result = json.loads(load.stdout.readline())
            used = _cpu_seconds(self.pid) - before
        assert not result["ran_dry"], "the load was too small for the server"
        requests = sum(result["requests"])
        return requests * shape.points / result["seconds"], used / requests * 1e6


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _listener(port: int) -> int:
    """Return the process that listens at a port."""
    table = Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split() for line in table]
    (inode,) = {row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _LISTENS}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:
            continue
        if f"socket:[{inode}]" in links:
            return int(process.name)
    raise RuntimeError(f"nobody listens at {port}")


@contextmanager
def _running(name: str, auth: str, folder: Path, database: str) -> Iterator[Measured]:
    """Run a system with a mode of `TRACKHELM_AUTH`, and yield it with the token of an editor."""
    folder.mkdir(parents=True)
    password = folder / "password"
    password.write_text(_PASSWORD, encoding="utf-8")
    os.environ["TRACKHELM_AUTH"] = auth
    os.environ["TRACKHELM_ADMIN_PASSWORD_FILE"] = str(password)
    with ExitStack() as running:
        if name == "embedded":
            system = running.enter_context(systems.embedded(folder / "data"))
        else:
            system, _ = running.enter_context(systems.split(database, folder / "data"))
        found = Measured(system, _listener(system.writes))
        if auth == "off":
            yield found
            return
        found.call("2.0/mlflow/users/create", {"username": "editor", "password": _PASSWORD})
        found.call(
            "3.0/mlflow/users/permissions/grant",
            {
                "username": "editor",
                "resource_type": "experiment",
                "resource_id": "*",
                "permission": "EDIT",
            },
        )
        token = found.call("2.0/trackhelm/tokens/create", {"name": "bench"}, "editor")["token"]
        yield Measured(system, found.pid, token)


def _measure(name: str, rounds: int, seconds: float, folder: Path, databases: Sequence[str]) -> None:
    with (
        _running(name, "off", folder / f"{name}-off", databases[0]) as without,
        _running(name, "on", folder / f"{name}-on", databases[1]) as checked,
    ):
        rates: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        times: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        # The first round is not counted: processes, caches and files are still cold.
        for number in range(rounds + 1):
            order = WAYS if number % 2 else tuple(reversed(WAYS))
            for way in order:
                quotas = _QUOTAS if way == WAYS[2] else _NO_QUOTAS
                if way != "off":
                    checked.call("2.0/trackhelm/workspaces/quotas", quotas)
                    time.sleep(_KNOWN_SECONDS)
                for shape in SHAPES:
                    rate, used = (without if way == "off" else checked).log(shape, seconds)
                    if number:
                        rates[str(shape), way].append(rate)
                        times[str(shape), way].append(used)
        for shape in SHAPES:
            for way in WAYS:
                _print_row(name, shape, way, rates, times)


def _print_row(
    name: str,
    shape: Shape,
    way: str,
    rates: Mapping[tuple[str, str], Sequence[float]],
    times: Mapping[tuple[str, str], Sequence[float]],
) -> None:
    own, base = rates[str(shape), way], rates[str(shape), WAYS[0]]
    share = median(mine / other for mine, other in zip(own, base, strict=True))
    used = median(times[str(shape), way])
    more = used - median(times[str(shape), WAYS[0]])
    below = "" if share >= BAR else " (below)"
    print(
        f"| {name} | {shape} | {way} | {median(own):,.0f} | {share:.3f}{below} | {used:,.1f} | {more:+.1f} |",
        flush=True,
    )


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--systems", nargs="+", default=["embedded", "split"])
    given = options.parse_args()
    print(machine())
    print("| system | request | logins | points/s | of `off` | µs of processor a request | more than `off` |")
    print("|---|---|---|---:|---:|---:|---:|")
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql(Path(folder) / "postgresql", ("without", "checked")) as databases,
    ):
        for name in given.systems:
            _measure(name, given.rounds, given.seconds, Path(folder), databases)


if __name__ == "__main__":
    main()
