"""Fills a SQLite file of each system, which its server created before, with runs and their metrics.

Rows of stock are as its server inserts them; those of Trackhelm are written by what its server writes with.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bench.data import Experiment, Run, artifact_uri, runs_of
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.runs.schemas import RunInfo
from trackhelm_domain.tables import Experiment as ExperimentRow
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.store import write_points
from trackhelm_ingest.runs import store
from trackhelm_ingest.runs.logic import finalize_some

_RUNS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Content:
    """An experiment, the points of each of its runs, and whether its runs have ended."""

    experiment: Experiment
    points: Callable[[Run], Mapping[str, Points]]
    """The points of a run by metric, in order of step; none of them is NaN."""

    are_ended: bool = True

    def batches(self) -> Iterator[list[Run]]:
        """Yield the runs, some at a time."""
        runs = runs_of(self.experiment)
        while batch := list(islice(runs, _RUNS_AT_ONCE)):
            yield batch

    @property
    def status(self) -> str:
        """The status of every run."""
        return "FINISHED" if self.are_ended else "RUNNING"

    def end_time(self, run: Run) -> int | None:
        """Return when a run has ended, if it has."""
        return run.end_time if self.are_ended else None


def load_stock(file: Path, content: Content) -> None:
    """Insert an experiment and its runs into stock's tables."""
    experiment = content.experiment
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
                " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id",
                [
                    (
                        run.uuid, run.name, "UNKNOWN", "", "", "ada", content.status, run.start_time,
                        content.end_time(run), "", "active", artifact_uri(experiment, run), experiment.id,
                    )
                ],
            )  # fmt: skip
            columns = "run_uuid, key, value, timestamp, step, is_nan"
            for key, points in content.points(run).items():
                lists = (points.values.tolist(), points.timestamps.tolist(), points.steps.tolist())
                rows = [(run.uuid, key, *point, False) for point in zip(*lists, strict=True)]
                put("metrics", columns, rows)
                put("latest_metrics", columns, rows[-1:])
            for table, pairs in (("params", run.params), ("tags", run.tags)):
                put(table, "run_uuid, key, value", ((run.uuid, *pair) for pair in pairs.items()))


def load_trackhelm(url: str, content: Content) -> None:
    """Write an experiment and its runs into Trackhelm's tables."""
    experiment = content.experiment
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
    for runs in content.batches():
        with database.writing() as session:
            for run in runs:
                _write_run(session, content, run)
    # What the server does within seconds.
    more = True
    while more:
        with database.writing() as session:
            more = finalize_some(session)
    database.close()


def _write_run(session: Session, content: Content, run: Run) -> None:
    info = RunInfo(
        run_id=run.uuid,
        run_uuid=run.uuid,
        run_name=run.name,
        experiment_id=str(content.experiment.id),
        user_id="ada",
        status=content.status,
        start_time=run.start_time,
        end_time=content.end_time(run),
        artifact_uri=artifact_uri(content.experiment, run),
        lifecycle_stage="active",
    )
    run_id = store.insert_run(session, info, store.Source(None, None))
    assert run_id is not None, "the ids are drawn"
    store.add_params(session, run_id, run.params)
    store.set_tags(session, run_id, run.tags)
    write_points(session, [(run_id, {SeriesKey(key): points for key, points in content.points(run).items()})])
