"""Measures how many metric points a second are stored, against stock MLflow and a server that only reads.

All systems take turns in each round, so that other load of the machine affects all of them alike. Each is
sent the same bytes; only points that can be read back afterwards count. `--growth` measures full runs and a
full database, `--disk` the bytes that a point takes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import ingest_systems as systems
from bench.client import Client
from bench.ingest_growth import HELD_POINTS, OTHER_RUNS, add_points, add_runs, bytes_a_point
from bench.ingest_systems import System
from bench.load import Shape, column_of, value_at
from bench.report import machine
from bench.servers import postgresql

CONNECTIONS = 8
SYSTEMS = ("stock", "stock-sqlite", "limit", "bare", "split", "embedded")
_KEY = "metric_000"
_HISTORY_PAGE = 25_000


@dataclass(frozen=True, slots=True)
class Row:
    """The shape of the requests, and the required ratios: to stock's points a second, and to the limit's."""

    shape: Shape
    times_stock: float = 0.0
    share_of_limit: float = 0.0


ROWS = (Row(Shape(10, 100), 100, 0.30), Row(Shape(100, 1), 80, 0.20), Row(Shape(1, 1), 40, 0.35))

# As columns, which stock MLflow does not take.
COLUMN_ROWS = (
    Row(Shape(10, 1_000, is_columnar=True)),
    Row(Shape(100, 100, is_columnar=True)),
    Row(Shape(10, 100, is_columnar=True)),
)
COLUMN_SYSTEMS = ("limit", "split", "embedded")


@dataclass(slots=True)
class Measured:
    """Rounds of one system with one shape."""

    points_a_second: list[float] = field(default_factory=list)
    readable_after: list[float] = field(default_factory=list)
    load_cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Held:
    """Runs to log to, the points that they hold already, and the steps of these points."""

    runs: list[str]
    points: int = 0
    steps: int = 0


class Target:
    """A system, and the runs to which one shape is logged round after round."""

    def __init__(self, system: System, shape: Shape, held: Held | None = None) -> None:
        self.system = system
        self.shape = shape
        self.measured = Measured()
        held = held or Held(system.new_runs(CONNECTIONS))
        self._runs = held.runs
        self._held = held.points
        self._sent = [0] * CONNECTIONS
        self._first = -(-held.steps // shape.steps)
        self._most = 4

    def warm_up(self) -> None:
        """Find out how many requests a second needs, until a round does not run out of them."""
        while self._round(1.0)["ran_dry"]:
            pass
        self.measured = Measured()

    def measure(self, seconds: float) -> None:
        """Log for some seconds, and check that everything can be read back."""
        self._round(seconds)

    def _round(self, seconds: float) -> dict[str, object]:
        arguments = [str(self.system.writes), str(seconds), str(self.shape)]
        arguments += [str(self._first), str(int(self._most * seconds) + 2), *self._runs]
        with subprocess.Popen(
            [sys.executable, "-m", "bench.load", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as load:
            assert load.stdout is not None
            assert load.stdin is not None
            load.stdout.readline()
            load.stdin.write("go\n")
            load.stdin.flush()
            line = load.stdout.readline()
        if load.returncode:
            raise RuntimeError(f"{self.system.name}: the load failed")
        result = json.loads(line)
        answered = result["requests"]
        before = sum(self._sent)
        last_steps = {
            run: (self._first + count) * self.shape.steps - 1
            for run, count in zip(self._runs, answered, strict=True)
            if count
        }
        if self.system.reads is not None:
            self.measured.readable_after.append(self.system.seconds_until_readable(last_steps, _KEY))
            stored = self.system.stored_points(self._runs)
            expected = self._held + (before + sum(answered)) * self.shape.points
            if stored != expected:
                raise RuntimeError(f"{self.system.name}: {stored:,} points are stored, not {expected:,}")
        self._sent = [sent + more for sent, more in zip(self._sent, answered, strict=True)]
        # All connections continue at the same step; steps that a run skips cost nothing.
        self._first += max(answered) + 1
        self._most = max(4, int(max(answered) / result["seconds"] * 1.6))
        self.measured.points_a_second.append(sum(answered) * self.shape.points / result["seconds"])
        self.measured.load_cpu.append(result["load_cpu"])
        return dict(result)

    def check_values(self) -> None:
        """Read a run's whole metric back and compare every value."""
        if self.system.reads is None:
            return
        client = Client(self.system.reads)
        read: dict[int, float] = {}
        token = ""
        while True:
            page = client.get(
                "metrics/get-history",
                run_id=self._runs[0],
                metric_key=_KEY,
                max_results=_HISTORY_PAGE,
                page_token=token,
            )
            read |= {point.get("step", 0): point["value"] for point in page.get("metrics", [])}
            if not (token := page.get("next_page_token", "")):
                break
        assert len(read) == self._sent[0] * self.shape.steps, f"{self.system.name}: {len(read)} steps"
        if self.shape.is_columnar:
            expected = column_of(0, range(max(read) + 1))
            assert all(value == expected[step] for step, value in read.items()), self.system.name
            return
        assert all(value == value_at(0, step) for step, value in read.items()), self.system.name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its tables."""
    settings = _parser().parse_args(arguments)
    rounds, seconds = (2, 2.0) if settings.quick else (settings.rounds, settings.seconds)
    rows = [
        row
        for row in (COLUMN_ROWS if settings.columns else ROWS)
        if settings.points in (None, row.shape.points)
    ]
    chosen = [name for name in settings.systems if not settings.columns or name in COLUMN_SYSTEMS]
    if settings.disk:
        print(f"\n{machine()}.\n\n{bytes_a_point()}")
        return 0
    if settings.growth:
        print(f"\n{machine()}; {rounds} rounds of {seconds:g} s.\n\n{_growth(rows, rounds, seconds)}")
        return 0
    with ExitStack() as running:
        compared = _started(running, chosen, settings.mlflow_python)
        results = {row: _measure(row, compared, rounds, seconds) for row in rows}
    print(f"\n{machine()}; {rounds} rounds of {seconds:g} s.\n\n{_table(results)}")
    return 0


def _started(running: ExitStack, chosen: Sequence[str], mlflow_python: Path) -> list[System]:
    """Start the systems in the order of the table."""
    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    on_postgresql = [name for name in ("stock", "split") if name in chosen]
    urls: dict[str, str] = {}
    if on_postgresql:
        made = running.enter_context(postgresql(folder / "postgres", on_postgresql))
        urls = dict(zip(on_postgresql, made, strict=True))
    _say("starting the servers")
    compared: list[System] = []
    for name in (name for name in SYSTEMS if name in chosen):
        own = folder / name
        match name:
            case "stock":
                started = systems.stock(mlflow_python, urls[name], own)
            case "stock-sqlite":
                started = systems.stock_on_sqlite(mlflow_python, own)
            case "limit":
                started = systems.limit(own)
            case "bare":
                started = systems.bare(own)
            case "embedded":
                started = systems.embedded(own)
            case _:
                compared += running.enter_context(systems.split(urls[name], own))
                continue
        compared.append(running.enter_context(started))
    return compared


def _measure(row: Row, compared: Sequence[System], rounds: int, seconds: float) -> dict[str, Measured]:
    targets = {system.name: Target(system, row.shape) for system in compared}
    measured = _interleaved(targets, rounds, seconds)
    for target in targets.values():
        target.check_values()
    return measured


def _interleaved(targets: Mapping[str, Target], rounds: int, seconds: float) -> dict[str, Measured]:
    for target in targets.values():
        target.warm_up()
    for _ in range(rounds):
        for name, target in targets.items():
            target.measure(seconds)
            rate = target.measured.points_a_second[-1]
            _say(f"{target.shape.points:,} points a request, {name}: {rate:,.0f} points/s")
    return {name: target.measured for name, target in targets.items()}


def _growth(rows: Sequence[Row], rounds: int, seconds: float) -> str:
    """Measure runs that hold millions of points, and a database of many runs, beside empty ones."""
    lines = [
        "| points a request | in the database | points/s | of the empty one's |",
        "|---:|---|---:|---:|",
    ]
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        urls = running.enter_context(postgresql(folder / "postgres", ("small", "large")))
        small, large = (
            running.enter_context(systems.split(url, folder / name))[0]
            for name, url in zip(("small", "large"), urls, strict=True)
        )
        add_runs(urls[1])
        for row in rows:
            held = small.new_runs(CONNECTIONS)
            steps = add_points(urls[0], held, row.shape.keys)
            targets = {
                "nothing": Target(small, row.shape),
                f"{HELD_POINTS:,} points in each run": Target(
                    small, row.shape, Held(held, CONNECTIONS * HELD_POINTS, steps)
                ),
                f"{OTHER_RUNS:,} other runs": Target(large, row.shape),
            }
            measured = _interleaved(targets, rounds, seconds)
            rates = {name: median(one.points_a_second) for name, one in measured.items()}
            lines += [
                f"| {row.shape.points:,} | {name} | {rate:,.0f} | {rate / rates['nothing']:.2f} |"
                for name, rate in rates.items()
            ]
    return "\n".join(lines)


_HEAD = (
    "| points | system | points/s | times stock | aim | of the limit | aim | readable after, s | load |",
    "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
)


def _table(results: dict[Row, dict[str, Measured]]) -> str:
    lines = list(_HEAD)
    for row, measured in results.items():
        rates = defaultdict(float, {name: median(one.points_a_second) for name, one in measured.items()})
        for name, one in measured.items():
            is_aimed = name == "split"
            cells = (
                f"{row.shape.points:,}" + (f" of {row.shape.keys} keys" if row.shape.is_columnar else ""),
                name,
                f"{rates[name]:,.0f}",
                _ratio(rates[name], rates["stock"], row.times_stock if is_aimed else 0, 0),
                f"{row.times_stock:g}" if is_aimed and row.times_stock else "",
                _ratio(rates[name], rates["limit"], row.share_of_limit if is_aimed else 0, 2),
                f"{row.share_of_limit:g}" if is_aimed and row.share_of_limit else "",
                f"{max(one.readable_after):.2f}" if one.readable_after else "",
                f"{median(one.load_cpu):.0%}",
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(rate: float, other: float, aim: float, digits: int) -> str:
    if not other:
        return ""
    return f"{rate / other:.{digits}f}" + (" (below)" if rate / other < aim else "")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument(
        "--mlflow-python",
        type=lambda text: Path.cwd() / text,  # Not resolved: Python finds its environment by this link.
        default=".venvs/mlflow3/bin/python",
        help="the Python of an environment with stock MLflow (%(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each system and shape (%(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of a round (%(default)s)")
    parser.add_argument(
        "--systems",
        nargs="+",
        choices=SYSTEMS,
        default=SYSTEMS,
        metavar="NAME",
        help=f"which are measured, of {', '.join(SYSTEMS)}; default: all",
    )
    parser.add_argument(
        "--points",
        type=int,
        choices=sorted({row.shape.points for row in (*ROWS, *COLUMN_ROWS)}),
        help="of a request; default: one after another",
    )
    parser.add_argument("--columns", action="store_true", help="measure metrics as columns instead of JSON")
    parser.add_argument("--growth", action="store_true", help="measure full runs and databases instead")
    parser.add_argument("--disk", action="store_true", help="measure bytes a point instead")
    parser.add_argument("--quick", action="store_true", help="two rounds of two seconds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
