"""What logins cost who logs metrics: a server that checks nobody against one where an editor has a token.

    PYTHONPATH=services:. python -m bench.access [--rounds N] [--seconds N] [--quotas] [--systems NAME…]

First the checks are measured by themselves (`bench.access_alone`). What they cost more with logins is held
against the processor time of a whole request: rates on a shared machine are too noisy for that. Then servers:
both run all the time and take short turns: off, on, on, off, so that other load of the machine
affects both alike. A round is one turn of each, and gives one share of "on" of "off"; the table has their
median, and an interval that holds the true median in 19 of 20 cases. With `--quotas` the editor's workspace
has quotas that are not reached. The rate is what is acknowledged; the processor time is that of the process
that takes the metrics. Each row is printed when it is measured.
"""

import argparse
import base64
import json
import math
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench import ingest_systems as systems
from bench.access_alone import microseconds_of_checks
from bench.ingest_systems import System
from bench.load import Shape, request, run_load
from bench.report import machine
from bench.servers import postgresql

SHAPES: Final = (Shape(1, 1), Shape(10, 100), Shape(10, 1_000, is_columnar=True))
CONNECTIONS: Final = 8
BAR: Final = 0.98
_OUTSIDE: Final = 0.05
"""The probability that the true median is outside an interval."""
_MOST: Final = {1: 3_000, 1_000: 700, 10_000: 300}
"""Requests that a connection may send in a second, by the points of each."""
_PASSWORD: Final = "a password of the bench"
_KNOWN_SECONDS: Final = 6.0
"""How long until every process knows of a change of quotas."""
_QUOTAS: Final = {"points_per_second": 10**9, "requests_per_second": 10**6, "series_per_run": 10**6}
_LISTENS: Final = "0A"
_NO_RUN: Final = "0" * 32
"""The run that requests are prepared for, and that is replaced by another of the same length."""


class Turn(NamedTuple):
    """What was measured of a server in a turn."""

    points_per_second: float
    microseconds: float
    """Of processor, for a request."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A server that is measured: where metrics go, by which process, and who logs them."""

    system: System
    pid: int
    login: str = ""
    """The header of who logs."""

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

    def log(self, shape: Shape, bodies: Sequence[bytes], seconds: float) -> Turn:
        """Log prepared requests for some seconds, and wait until everything is stored."""
        runs = self.new_runs()
        before = _cpu_seconds(self.pid)
        result = run_load(self.system.writes, seconds, [_of(run, bodies) for run in runs])
        used = _cpu_seconds(self.pid) - before
        # What is still to be stored would take processor time from the next turn.
        self._wait_until_stored(runs)
        assert not result["ran_dry"], "the load was too small for the server"
        requests = sum(result["requests"])
        return Turn(requests * shape.points / result["seconds"], used / requests * 1e6)

    def _wait_until_stored(self, runs: Sequence[str]) -> None:
        for run in runs:
            while True:
                try:
                    self.call("2.0/mlflow/runs/search", {"experiment_ids": [], "run_ids": [run]})
                except urllib.error.HTTPError as error:
                    if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                        raise
                else:
                    break


def _of(run: str, bodies: Sequence[bytes]) -> Iterable[bytes]:
    """Return the prepared requests for a run, each made when it is sent."""
    name = run.encode()
    return (body.replace(_NO_RUN.encode(), name, 1) for body in bodies)


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
        yield Measured(system, found.pid, f"Authorization: Bearer {token}\r\n")


def _measure(
    name: str, more: float, given: argparse.Namespace, folder: Path, databases: Sequence[str]
) -> None:
    with (
        _running(name, "off", folder / f"{name}-off", databases[0]) as off,
        _running(name, "on", folder / f"{name}-on", databases[1]) as on,
    ):
        if given.quotas:
            on.call("2.0/trackhelm/workspaces/quotas", _QUOTAS)
            time.sleep(_KNOWN_SECONDS)
        for shape in SHAPES:
            numbers = range(int(_MOST[shape.points] * given.seconds) + 2)
            prepared = {
                server.login: [request(shape, _NO_RUN, number, server.login) for number in numbers]
                for server in (off, on)
            }
            turns: dict[str, list[Turn]] = {off.login: [], on.login: []}
            # The first round is not counted: processes, caches and files are still cold.
            for number in range(given.rounds + 1):
                for server in (off, on) if number % 2 else (on, off):
                    turn = server.log(shape, prepared[server.login], given.seconds)
                    if number:
                        turns[server.login].append(turn)
            _print_row(f"{name} | {shape}", more, turns[off.login], turns[on.login])


def _print_row(what: str, more: float, off: Sequence[Turn], on: Sequence[Turn]) -> None:
    rates = [mine.points_per_second / other.points_per_second for mine, other in zip(on, off, strict=True)]
    low, high = interval(rates)
    used = median(turn.microseconds for turn in off)
    share = more / used
    print(
        f"| {what} | {used:,.1f} | {share:.1%}{'' if share <= 1 - BAR else ' (above)'} "
        f"| {median(turn.points_per_second for turn in off):,.0f} "
        f"| {median(turn.points_per_second for turn in on):,.0f} "
        f"| {median(rates):.3f} ({low:.3f} to {high:.3f}) |",
        flush=True,
    )


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return two of the values, between which the true median lies with a probability of 95 % at least.

    Each value is above it or below, like a coin; with fewer than six values no two of them are so sure.
    """
    ordered, number = sorted(values), len(values)
    outside, left_out = 0.0, 0
    while (outside := outside + math.comb(number, left_out) / 2**number) <= _OUTSIDE / 2:
        left_out += 1
    first = max(left_out - 1, 0)
    return ordered[first], ordered[-1 - first]


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=14)
    options.add_argument("--seconds", type=float, default=0.8)
    options.add_argument("--quotas", action="store_true")
    options.add_argument("--systems", nargs="+", default=["embedded", "split"])
    given = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        off, on = microseconds_of_checks(Path(folder))
    print(f"checks of a request that logs: {off:.2f} µs without logins, {on:.2f} with, {on - off:+.2f}")
    print()
    print(
        "| system | request | µs of processor a request | of it more with logins "
        "| off, points/s | on, points/s | on of off |"
    )
    print("|---|---|---:|---:|---:|---:|---:|", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql(Path(folder) / "postgresql", ("without", "checked")) as databases,
    ):
        for name in given.systems:
            _measure(name, on - off, given, Path(folder), databases)


if __name__ == "__main__":
    main()
