"""Databases in MLflow's form that are written directly, for tests that need many runs or odd ones."""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from trackhelm_importer.sql_source import REVISIONS


def make_source(
    file: Path,
    *,
    runs: int,
    metrics: int,
    points: int,
    experiment: str = "vision",
    number: int = 7,
    prefix: str = "",
) -> Path:
    """Make a database with one experiment, its runs and one registered model with one version."""
    structure = files("trackhelm_importer").joinpath("mlflow_3_17.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(structure)
        connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
        connection.executemany(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, "
            "creation_time, last_update_time) VALUES (?, ?, ?, 'active', 1, 2)",
            [(0, "Default", "/files/0"), (number, experiment, f"/files/{number}")],
        )
        uuids = [f"{prefix}run{run}" for run in range(runs)]
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, "
            "experiment_id, user_id) VALUES (?, ?, 'FINISHED', 10, 20, 'active', ?, ?, 'ann')",
            [(uuid, f"run {uuid}", f"/files/{number}/{uuid}/artifacts", number) for uuid in uuids],
        )
        connection.executemany(
            "INSERT INTO tags VALUES ('mlflow.runName', ?, ?)", [(f"run {uuid}", uuid) for uuid in uuids]
        )
        connection.executemany(
            "INSERT INTO params VALUES (?, ?, ?)",
            [(f"param{param}", f"value {param}", uuid) for uuid in uuids for param in range(2)],
        )
        connection.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
            [
                (f"metric{metric}", 1 / (1 + step + metric), 1_000 + step, uuid, step)
                for uuid in uuids
                for metric in range(metrics)
                for step in range(points)
            ],
        )
        connection.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) "
            "VALUES (?, ?, ?, ?, 0, ?)",
            [
                (f"metric{metric}", 1 / (points + metric), 999 + points, points - 1, uuid)
                for uuid in uuids
                for metric in range(metrics)
            ],
        )
        connection.execute(
            "INSERT INTO registered_models (name, creation_time, last_updated_time, description) "
            "VALUES ('model', 1, 2, 'a model')"
        )
        connection.execute(
            "INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, "
            "source, run_id, status, storage_location) "
            "VALUES ('model', 1, 1, 2, 'Production', ?, ?, 'READY', ?)",
            (
                f"/files/{number}/{uuids[0]}/artifacts/model",
                uuids[0],
                f"/files/{number}/{uuids[0]}/artifacts/model",
            ),
        )
        connection.execute(
            "INSERT INTO registered_model_aliases (name, alias, version) VALUES ('model', 'champion', 1)"
        )
    return file
