"""Searches of runs that are going on, against stock MLflow, each over a SQLite file of its own: `make bench`.

Every metric has points of many steps, and before each search one of the runs is logged to: what is found is
what was acknowledged a moment before.
"""

import argparse
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from bench.cases import running_searches
from bench.client import Client
from bench.data import Experiment, Run, artifact_uri, runs_of
from bench.measure import Recorder, Result, measure
from bench.servers import limit_server, mlflow_server, trackhelm_server
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.runs.schemas import RunInfo
from trackhelm_domain.tables import Experiment as ExperimentRow
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.store import write_points
from trackhelm_ingest.runs import store
from trackhelm_ingest.runs.logic import finalize_some

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
        _load_stock(theirs, experiment)
        _load_trackhelm(f"sqlite:///{ours}", experiment)
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


def _points(run: Run) -> Iterator[tuple[str, int, int, float]]:
    """Yield key, step, timestamp and value."""
    for key, value in run.metrics.items():
        for step in range(_POINTS):
            yield key, step, run.start_time + 1_000 * step, value + (_POINTS - 1 - step) / 100


def _load_stock(file: Path, experiment: Experiment) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        # Loading two million rows takes minutes else. What the server's connections do is its own.
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-1000000"):
            connection.execute(f"PRAGMA {pragma}")

        def put(table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
            marks = ", ".join("?" * (columns.count(",") + 1))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

        put(
            "experiments",
            "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time",
            [(experiment.id, experiment.name, f"mlflow-artifacts:/{experiment.id}", "active", 1, 1)],
        )
        for run in runs_of(experiment):
            put(
                "runs",
                "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
                " source_version, lifecycle_stage, artifact_uri, experiment_id",
                [
                    (
                        run.uuid, run.name, "UNKNOWN", "", "", "ada", "RUNNING", run.start_time,
                        "", "active", artifact_uri(experiment, run), experiment.id,
                    )
                ],
            )  # fmt: skip
            points = [
                (run.uuid, key, value, timestamp, step, False) for key, step, timestamp, value in _points(run)
            ]
            columns = "run_uuid, key, value, timestamp, step, is_nan"
            put("metrics", columns, points)
            put("latest_metrics", columns, points[_POINTS - 1 :: _POINTS])
            for table, pairs in (("params", run.params), ("tags", run.tags)):
                put(table, "run_uuid, key, value", ((run.uuid, *pair) for pair in pairs.items()))


def _load_trackhelm(url: str, experiment: Experiment) -> None:
    database = Database(make_engine(url))
    with database.writing() as session:
        session.execute(
            insert(ExperimentRow).values(
                id=experiment.id,
                name=experiment.name,
                artifact_location=f"mlflow-artifacts:/{experiment.id}",
                lifecycle_stage="active",
                creation_time=1,
                last_update_time=1,
            )
        )
        for run in runs_of(experiment):
            info = RunInfo(
                run_id=run.uuid,
                run_uuid=run.uuid,
                run_name=run.name,
                experiment_id=str(experiment.id),
                user_id="ada",
                status="RUNNING",
                start_time=run.start_time,
                artifact_uri=artifact_uri(experiment, run),
                lifecycle_stage="active",
            )
            run_id = store.insert_run(session, info, store.Source(None, None))
            assert run_id is not None, "the ids are drawn"
            store.add_params(session, run_id, run.params)
            store.set_tags(session, run_id, run.tags)
            points = list(_points(run))
            write_points(
                session,
                [
                    (
                        run_id,
                        {
                            SeriesKey(points[begin][0]): _series(points[begin : begin + _POINTS])
                            for begin in range(0, len(points), _POINTS)
                        },
                    )
                ],
            )
    # What the server does within seconds.
    more = True
    while more:
        with database.writing() as session:
            more = finalize_some(session)
    database.close()


def _series(points: Sequence[tuple[str, int, int, float]]) -> Points:
    _, steps, timestamps, values = zip(*points, strict=True)
    return Points.of(steps, timestamps, values)
