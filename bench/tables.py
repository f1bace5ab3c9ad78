"""Fills both databases by COPY, each in its own schema, which its server created before.

Loading 25,000 runs through stock's API would take hours, and the load itself is not measured.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any

import psycopg

from bench.data import HISTORY, Experiment, Run, artifact_uri, history, runs_of
from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.points import Points, merge, summarise
from trackhelm_domain.opening import open_database
from trackhelm_ingest.runs.logic import finalize_some

_CHUNK_POINTS = 1_000


class MlflowTables:
    """Stock's tables."""

    def __init__(self, url: str) -> None:
        self._url = url

    def load(self, experiment: Experiment) -> None:
        """Insert an experiment and its runs."""
        with psycopg.connect(self._url) as connection:
            columns = (
                "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time"
            )
            location = f"mlflow-artifacts:/{experiment.id}"
            row = (experiment.id, experiment.name, location, "active", 1, 1)
            copy_rows(connection, "experiments", columns, [row])
            for runs in _batches(runs_of(experiment)):
                copy_rows(
                    connection,
                    "runs",
                    "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
                    " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id",
                    (
                        (
                            run.uuid, run.name, "UNKNOWN", "", "", "ada", "FINISHED", run.start_time,
                            run.end_time, "", "active", artifact_uri(experiment, run), experiment.id,
                        )
                        for run in runs
                    ),
                )  # fmt: skip
                points = [
                    (run.uuid, key, value, run.end_time, 0, False)
                    for run in runs
                    for key, value in run.metrics.items()
                ]
                for table in ("metrics", "latest_metrics"):
                    copy_rows(connection, table, "run_uuid, key, value, timestamp, step, is_nan", points)
                for table, pairs in (("params", "params"), ("tags", "tags")):
                    rows = ((run.uuid, *pair) for run in runs for pair in getattr(run, pairs).items())
                    copy_rows(connection, table, "run_uuid, key, value", rows)
        analyze(self._url)

    def load_history(self, run: Run, points: int) -> None:
        """Insert a metric with many points into a run."""
        columns = "run_uuid, key, value, timestamp, step, is_nan"
        with psycopg.connect(self._url) as connection:
            rows = [
                (run.uuid, HISTORY, value, timestamp, step, False)
                for step, timestamp, value in history(points)
            ]
            copy_rows(connection, "metrics", columns, rows)
            copy_rows(connection, "latest_metrics", columns, rows[-1:])
        analyze(self._url)


class TrackhelmTables:
    """Trackhelm's tables."""

    def __init__(self, url: str) -> None:
        self._url = url

    def load(self, experiment: Experiment) -> None:
        """Insert an experiment and its runs."""
        with psycopg.connect(self._url) as connection:
            columns = "id, name, artifact_location, lifecycle_stage, creation_time, last_update_time"
            location = f"mlflow-artifacts:/{experiment.id}"
            row = (experiment.id, experiment.name, location, "active", 1, 1)
            copy_rows(connection, "experiment", columns, [row])
            first = next(runs_of(experiment))
            keys = _key_ids(connection, {*first.metrics, *first.params, *first.tags})
            run_ids, series_ids = _next_ids(connection, "run"), _next_ids(connection, "series")
            for runs in _batches(runs_of(experiment)):
                ids = list(islice(run_ids, len(runs)))
                copy_rows(
                    connection,
                    "run",
                    "id, uuid, experiment_id, name, user_id, status, start_time, end_time, lifecycle_stage,"
                    " artifact_uri",
                    (
                        (
                            run_id, run.uuid, experiment.id, run.name, "ada", "FINISHED", run.start_time,
                            run.end_time, "active", artifact_uri(experiment, run),
                        )
                        for run_id, run in zip(ids, runs, strict=True)
                    ),
                )  # fmt: skip
                for table, pairs in (("run_param", "params"), ("run_tag", "tags")):
                    rows = (
                        (run_id, keys[key], value)
                        for run_id, run in zip(ids, runs, strict=True)
                        for key, value in getattr(run, pairs).items()
                    )
                    copy_rows(connection, table, "run_id, key_id, value", rows)
                _copy_series(
                    connection,
                    [
                        (next(series_ids), run_id, keys[key], [Points.of([0], [run.end_time], [value])])
                        for run_id, run in zip(ids, runs, strict=True)
                        for key, value in run.metrics.items()
                    ],
                )
            _set_sequences(connection)
        self._finalize()
        analyze(self._url)

    def load_history(self, run: Run, points: int) -> None:
        """Insert a metric with many points into a run, stored as batches of 1,000 would be."""
        parts = [Points.of(*zip(*part, strict=True)) for part in _batches(history(points), _CHUNK_POINTS)]
        with psycopg.connect(self._url) as connection:
            ((run_id,),) = connection.execute("SELECT id FROM run WHERE uuid = %s", [run.uuid]).fetchall()
            key_id = _key_ids(connection, [HISTORY])[HISTORY]
            _copy_series(connection, [(next(_next_ids(connection, "series")), run_id, key_id, parts)])
            connection.execute("UPDATE run SET finalized = false WHERE id = %s", [run_id])
            _set_sequences(connection)
        self._finalize()
        analyze(self._url)

    def _finalize(self) -> None:
        """Do what workers do within seconds after runs have ended."""
        url = self._url.replace("postgresql://", "postgresql+psycopg://", 1)
        database = open_database(url)
        more = True
        while more:
            with database.writing() as session:
                more = finalize_some(session)
        database.close()


def _key_ids(connection: psycopg.Connection[Any], names: Iterable[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO key (name) VALUES (%s) ON CONFLICT DO NOTHING", [(name,) for name in sorted(names)]
        )
    return dict(connection.execute("SELECT name, id FROM key").fetchall())


def _copy_series(
    connection: psycopg.Connection[Any], series: Sequence[tuple[int, int, int, list[Points]]]
) -> None:
    rows = []
    chunks = []
    for series_id, run_id, key_id, parts in series:
        whole = summarise(merge(parts))
        rows.append(
            (
                series_id, run_id, key_id, 0, whole.last_step, whole.last_timestamp, whole.last_value,
                whole.min, whole.max, whole.count, whole.nonfinite,
            )
        )  # fmt: skip
        for part in parts:
            bounds = summarise(part)
            chunks.append(
                (
                    series_id, bounds.min_step, bounds.max_step, bounds.min_timestamp, bounds.max_timestamp,
                    len(part), encode(part),
                )
            )  # fmt: skip
    copy_rows(
        connection,
        "series",
        "id, run_id, key_id, label_set_id, last_step, last_timestamp, last_value, min_value, max_value,"
        " count, nonfinite_count",
        rows,
    )
    copy_rows(
        connection,
        "metric_chunk",
        "series_id, min_step, max_step, min_timestamp, max_timestamp, count, data",
        chunks,
    )


def copy_rows(
    connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterable[Sequence[object]]
) -> None:
    """Insert rows by COPY."""
    with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _batches(items: Iterable[Any], size: int = 2_000) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _next_ids(connection: psycopg.Connection[Any], table: str) -> Iterator[int]:
    ((last,),) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchall()
    return count(last + 1)


def _set_sequences(connection: psycopg.Connection[Any]) -> None:
    for table in ("experiment", "run", "series"):
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def analyze(url: str) -> None:
    """Do what autovacuum would do some minutes later."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
