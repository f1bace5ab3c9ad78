"""Measures tracking requests against stock MLflow, over one PostgreSQL server: `make bench`.

Both systems hold the same runs, get the same requests over HTTP from one client, and must answer the same.
Searches of running runs are over SQLite: see `bench.running`.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from bench import cases
from bench.cases import Case, acknowledged_at_once
from bench.client import Client
from bench.data import HISTORY, Experiment, Run, runs_of
from bench.measure import TURN, Recorder, Result, measure
from bench.report import machine, table
from bench.running import measure_running
from bench.servers import limit_server, mlflow_server, postgresql, trackhelm_server
from bench.tables import MlflowTables, TrackhelmTables

_FIRST_EXPERIMENT = 1_001


class Bench:
    """Two filled systems and the limit, and their results."""

    def __init__(self, settings: argparse.Namespace, running: ExitStack) -> None:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        theirs, ours = running.enter_context(postgresql(folder / "postgres", ("stock", "trackhelm")))
        _say("starting the servers")
        self._stock = Client(
            running.enter_context(mlflow_server(settings.mlflow_python, theirs, folder / "stock"))
        )
        self._trackhelm = Recorder(running.enter_context(trackhelm_server(ours, folder / "trackhelm")))
        self._limit = Client(running.enter_context(limit_server(folder / "limit")))
        self._tables = (MlflowTables(theirs), TrackhelmTables(ours))
        self._settings = settings
        self.results: list[Result] = []

    def load(self, experiment: Experiment) -> None:
        """Fill both with the runs of an experiment."""
        _say(f"loading {experiment.runs:,} runs into both")
        for tables in self._tables:
            tables.load(experiment)

    def load_history(self, run: Run, points: int) -> None:
        """Give a run a long metric in both."""
        _say(f"loading {points:,} points into both")
        for tables in self._tables:
            tables.load_history(run, points)

    def measure(self, rows: Sequence[Case]) -> None:
        """Measure cases; only those that `--only` names, if it is given."""
        for case in rows:
            if self._settings.only and self._settings.only not in case.name:
                continue
            repeats = self._settings.repeats if case.is_long else self._settings.latency_repeats
            result = measure(
                case, stock=self._stock, trackhelm=self._trackhelm, limit=self._limit, repeats=repeats
            )
            self.results.append(result)
            _say(
                f"{case.name}: stock {result.stock.median:.2f} ms, Trackhelm {result.trackhelm.median:.2f} ms"
            )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    settings = _parser().parse_args(arguments)
    if settings.quick:
        settings.repeats, settings.latency_repeats = 10, 30
        settings.many = settings.others = 0
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, lambda *_: sys.exit(1))  # by way of the servers' ends
    results: list[Result] = []
    if settings.ended:
        with ExitStack() as running:
            bench = Bench(settings, running)
            _measure_all(bench, settings)
            results += bench.results
    if settings.running:
        with tempfile.TemporaryDirectory() as folder:
            results += measure_running(settings, Path(folder), _say)
    print(f"\n{machine()}; {settings.repeats} repetitions, {settings.latency_repeats} of single requests.")
    print(f"Each cell: median / 95th percentile.\n\n{table(results)}")
    return 0


def _measure_all(bench: Bench, settings: argparse.Namespace) -> None:
    few = Experiment(_FIRST_EXPERIMENT, settings.runs)
    short, long, written = islice(runs_of(few), 3)
    bench.load(few)
    searched = f"{few.runs:,} runs"
    found = cases.searches(few, searched)
    bench.measure([*found, *map(acknowledged_at_once, found)])
    bench.load_history(long, settings.points)
    bench.measure([cases.history(long.uuid, settings.points)])
    single = [
        cases.get_run(short.uuid, "points of a step"),
        cases.get_run(long.uuid, f"{settings.points:,} points"),
        cases.log_metric(written.uuid, "logged", "a new metric"),
        cases.log_metric(long.uuid, HISTORY, f"{settings.points:,} points before it"),
        cases.write_then_read(written.uuid, "read back"),
        cases.log_param(2 * (settings.latency_repeats + TURN)),
    ]
    bench.measure([*single, *map(acknowledged_at_once, single)])
    if settings.many:
        many = Experiment(_FIRST_EXPERIMENT + 1, settings.many)
        bench.load(many)
        bench.measure(cases.searches(many, f"{many.runs:,} runs"))
    if settings.others:
        bench.load(Experiment(_FIRST_EXPERIMENT + 2, settings.others))
        bench.measure(cases.searches(few, f"{searched}, {settings.others:,} elsewhere"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.tracking", description=__doc__)
    parser.add_argument(
        "--mlflow-python",
        type=lambda text: Path.cwd() / text,  # Not resolved: Python finds its environment by this link.
        default=".venvs/mlflow3/bin/python",
        help="the Python of an environment with stock MLflow (%(default)s)",
    )
    parser.add_argument("--runs", type=int, default=1_000, help="runs of the first experiment (%(default)s)")
    parser.add_argument("--many", type=int, default=25_000, help="runs of the second; 0: none (%(default)s)")
    parser.add_argument(
        "--others", type=int, default=100_000, help="runs elsewhere, loaded last; 0: none (%(default)s)"
    )
    parser.add_argument(
        "--points", type=int, default=100_000, help="points of the long history (%(default)s)"
    )
    parser.add_argument(
        "--running", type=int, default=1_000, help="running runs over SQLite; 0: none (%(default)s)"
    )
    parser.add_argument(
        "--running-only",
        action="store_false",
        dest="ended",
        help="measure only the searches of running runs",
    )
    parser.add_argument("--repeats", type=int, default=25, help="of searches and histories (%(default)s)")
    parser.add_argument("--latency-repeats", type=int, default=150, help="of single requests (%(default)s)")
    parser.add_argument("--only", default="", help="measure only the rows with this text in their name")
    parser.add_argument(
        "--quick", action="store_true", help="few repetitions, and no experiment but the first"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
