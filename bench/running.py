"""Searches of runs that are going on, against stock MLflow, each over a SQLite file of its own: `make bench`.

Every metric has points of many steps, and before each search one of the runs is logged to: what is found is
what was acknowledged a moment before.
"""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.cases import running_searches
from bench.client import Client
from bench.data import Experiment, Run, runs_of
from bench.measure import Recorder, Result, measure
from bench.servers import limit_server, mlflow_server, trackhelm_server
from bench.sqlite_tables import Content, load_stock, load_trackhelm
from trackhelm_core.chunks.points import Points

_POINTS: Final = 100
"""Of each metric; the last one has the run's value."""

_WRITTEN: Final = 100
"""Runs that are logged to, one after another: those that started last."""


def measure_running(settings: argparse.Namespace, folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Load both systems with an experiment of running runs and measure its searches."""
    experiment = Experiment(1_101, settings.running)
    ours, theirs = folder / "trackhelm.db", folder / "stock.db"
    with ExitStack() as running:
        say("starting the servers over SQLite")
        stock = running.enter_context(
            mlflow_server(settings.mlflow_python, f"sqlite:///{theirs}", folder / "stock")
        )
        trackhelm = running.enter_context(trackhelm_server(f"sqlite:///{ours}", folder / "trackhelm"))
        limit = running.enter_context(limit_server(folder / "limit"))
        say(f"loading {experiment.runs:,} running runs into both")
        content = Content(experiment, _points, are_ended=False)
        load_stock(theirs, content)
        load_trackhelm(f"sqlite:///{ours}", content)
        clients = Client(stock), Recorder(trackhelm), Client(limit)
        written = list(runs_of(experiment))[-_WRITTEN:]
        results = []
        for case in running_searches(experiment, f"{experiment.runs:,} running runs", written):
            if settings.only and settings.only not in case.name:
                continue
            results.append(
                measure(
                    case, stock=clients[0], trackhelm=clients[1], limit=clients[2], repeats=settings.repeats
                )
            )
            stock_times, own_times = results[-1].stock, results[-1].trackhelm
            say(f"{case.name}: stock {stock_times.median:.2f} ms, Trackhelm {own_times.median:.2f} ms")
        return results


def _points(run: Run) -> dict[str, Points]:
    steps = range(_POINTS)
    times = [run.start_time + 1_000 * step for step in steps]
    return {
        key: Points.of(steps, times, [value + (_POINTS - 1 - step) / 100 for step in steps])
        for key, value in run.metrics.items()
    }
