"""Writes what is here as the SQLite database of a stock MLflow server: nobody who moves in is locked in.

Files stay where they are. A stock server finds those of this server's store if its --artifacts-destination is
that store. What MLflow has no place for (the audit trail, approvals, protections, labels other than models)
is not written.
"""

import math
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from trackhelm_core.chunks.points import summarise
from trackhelm_core.db.unit_of_work import Database
from trackhelm_importer import reading
from trackhelm_importer.importing import RUNS_AT_ONCE
from trackhelm_importer.records import (
    DELETED_STAGE,
    LOGGED_MODEL_STATUSES,
    Experiment,
    LoggedModel,
    RegisteredModel,
    Run,
    Webhook,
    Workspace,
)
from trackhelm_importer.sql_source import REVISIONS

_STRUCTURE: Final = "mlflow_3_17.sql"
_STATUS_NUMBERS: Final = {status: number for number, status in LOGGED_MODEL_STATUSES.items()}


class ExportError(Exception):
    """The file cannot be written; the message says why."""


def export_sqlite(database: Database, file: Path, listener: Callable[[int, int], None]) -> dict[str, int]:
    """Write everything into a new file, and return the number of rows by table.

    `listener` is told how many runs of how many are written. The file appears when it is complete.
    """
    if file.exists():
        raise ExportError(f"{file} exists: name a file that does not")
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            rows = _Export(database, connection).run(listener)
    except sqlite3.Error as error:
        draft.unlink(missing_ok=True)
        raise ExportError(f"{file} cannot be written: {error}") from error
    draft.rename(file)
    return rows


class _Export:
    def __init__(self, database: Database, connection: sqlite3.Connection) -> None:
        self._database = database
        self._connection = connection
        self._rows: dict[str, int] = {}
        self._datasets: dict[tuple[int, str, str], str] = {}
        self._inputs = 0

    def run(self, listener: Callable[[int, int], None]) -> dict[str, int]:
        structure = files("trackhelm_importer").joinpath(_STRUCTURE).read_text(encoding="utf-8")
        # A process that is killed leaves a draft, which the next export deletes: no journal is needed.
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(structure)
        self._connection.execute("BEGIN")
        self._insert("alembic_version", ("version_num",), [(REVISIONS[-1],)])
        with self._database.reading() as session:
            self._workspaces(reading.read_workspaces(session))
            self._experiments(reading.read_experiments(session))
            uuids = reading.run_ids(session)
        for begin in range(0, len(uuids), RUNS_AT_ONCE):
            # A transaction for each batch: one that lasts hours would keep the database from cleaning up.
            with self._database.reading() as session:
                batch = uuids[begin : begin + RUNS_AT_ONCE]
                self._runs(reading.read_runs(session, batch))
                self._points(reading.read_points(session, batch))
            listener(min(begin + RUNS_AT_ONCE, len(uuids)), len(uuids))
        with self._database.reading() as session:
            for model in reading.read_logged_models(session):
                self._logged_model(model)
            for registered in reading.read_registered_models(session):
                self._registered_model(registered)
            self._webhooks(reading.read_webhooks(session))
        self._connection.execute("COMMIT")
        return self._rows

    def _insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * len(columns))
        names = ", ".join(f'"{column}"' for column in columns)
        statement = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - constant
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        self._rows[table] = self._rows.get(table, 0) + self._connection.total_changes - before

    def _workspaces(self, workspaces: Sequence[Workspace]) -> None:
        self._insert(
            "workspaces",
            ("name", "description", "default_artifact_root"),
            [(each.name, each.description, each.root or None) for each in workspaces],
        )

    def _experiments(self, experiments: Sequence[Experiment]) -> None:
        columns = (
            "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time",
            "last_update_time", "workspace",
        )  # fmt: skip
        self._insert(
            "experiments",
            columns,
            [
                (
                    *(e.id, e.name, e.artifact_location, e.stage, e.creation_time, e.last_update_time),
                    e.workspace,
                )
                for e in experiments
            ],
        )
        self._insert(
            "experiment_tags",
            ("experiment_id", "key", "value"),
            [(each.id, key, value) for each in experiments for key, value in each.tags.items()],
        )

    def _runs(self, runs: Sequence[Run]) -> None:
        columns = (
            "run_uuid", "name", "source_type", "source_name", "entry_point_name", "user_id", "status",
            "start_time", "end_time", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id",
            "deleted_time",
        )  # fmt: skip
        self._insert(
            "runs",
            columns,
            [
                (
                    *(r.uuid, r.name, "UNKNOWN", "", "", r.user_id, r.status, r.start_time, r.end_time, ""),
                    *(r.stage, r.artifact_uri, r.experiment_id, r.deleted_time),
                )
                for r in runs
            ],
        )
        for table, name in (("params", "params"), ("tags", "tags")):
            pairs = [(run.uuid, *pair) for run in runs for pair in getattr(run, name).items()]
            self._insert(table, ("run_uuid", "key", "value"), pairs)
        for run in runs:
            self._inputs_of(run)

    def _inputs_of(self, run: Run) -> None:
        for use in run.datasets:
            identity = (run.experiment_id, use.name, use.digest)
            if identity not in self._datasets:
                self._datasets[identity] = f"{len(self._datasets) + 1:032x}"
                columns = (
                    "dataset_uuid", "experiment_id", "name", "digest", "dataset_source_type",
                    "dataset_source", "dataset_schema", "dataset_profile",
                )  # fmt: skip
                described = (use.source_type, use.source, use.schema, use.profile)
                self._insert("datasets", columns, [(self._datasets[identity], *identity, *described)])
            use_id = self._input("DATASET", self._datasets[identity], "RUN", run.uuid)
            tags = [(use_id, key, value) for key, value in use.tags.items()]
            self._insert("input_tags", ("input_uuid", "name", "value"), tags)
        for model in run.inputs:
            self._input("RUN_INPUT", run.uuid, "MODEL_INPUT", model)
        for model, step in run.outputs:
            self._input("RUN_OUTPUT", run.uuid, "MODEL_OUTPUT", model, step)

    def _input(self, *ends: str | int) -> str:
        self._inputs += 1
        use_id = f"{self._inputs:032x}"
        source_type, source, destination_type, destination, *step = ends
        columns = ("input_uuid", "source_type", "source_id", "destination_type", "destination_id", "step")
        row = (use_id, source_type, source, destination_type, destination, step[0] if step else 0)
        self._insert("inputs", columns, [row])
        return use_id

    def _points(self, pieces: Iterable[Any]) -> None:
        columns = ("run_uuid", "key", "step", "timestamp", "value", "is_nan")
        for run, key, points in pieces:
            rows = zip(points.steps.tolist(), points.timestamps.tolist(), points.values.tolist(), strict=True)
            self._insert(
                "metrics",
                columns,
                ((run, key, step, time, stored(value), math.isnan(value)) for step, time, value in rows),
            )
            last = summarise(points)
            row = (run, key, last.last_step, last.last_timestamp, stored(last.last_value))
            self._insert("latest_metrics", columns, [(*row, math.isnan(last.last_value))])

    def _logged_model(self, model: LoggedModel) -> None:
        columns: tuple[str, ...] = (
            "model_id", "experiment_id", "name", "artifact_location", "creation_timestamp_ms",
            "last_updated_timestamp_ms", "status", "lifecycle_stage", "model_type", "source_run_id",
            "status_message",
        )  # fmt: skip
        row: tuple[Any, ...] = (
            model.model_id,
            model.experiment_id,
            model.name,
            model.artifact_uri,
            model.creation_time,
        )
        row += (model.last_update_time, _STATUS_NUMBERS.get(model.status, 1), model.stage)
        self._insert(
            "logged_models", columns, [(*row, model.model_type, model.source_run_id, model.status_message)]
        )
        owner = (model.model_id, model.experiment_id)
        for table, name in (("logged_model_params", "param"), ("logged_model_tags", "tag")):
            pairs = getattr(model, f"{name}s").items()
            columns = ("model_id", "experiment_id", f"{name}_key", f"{name}_value")
            self._insert(table, columns, [(*owner, *pair) for pair in pairs])
        columns = (
            "model_id", "experiment_id", "metric_name", "metric_timestamp_ms", "metric_step",
            "metric_value", "run_id", "dataset_name", "dataset_digest",
        )  # fmt: skip
        self._insert(
            "logged_model_metrics",
            columns,
            [
                (*owner, p.key, p.timestamp, p.step, stored(p.value), p.run, p.dataset_name, p.dataset_digest)
                for p in model.points
            ],
        )

    def _registered_model(self, model: RegisteredModel) -> None:
        place = (model.workspace, model.name)
        columns: tuple[str, ...] = (
            "workspace", "name", "creation_time", "last_updated_time", "description",
        )  # fmt: skip
        row = (*place, model.creation_time, model.last_update_time, model.description)
        self._insert("registered_models", columns, [row])
        tags = [(*place, *pair) for pair in model.tags.items()]
        self._insert("registered_model_tags", ("workspace", "name", "key", "value"), tags)
        aliases = [(*place, *pair) for pair in model.aliases.items()]
        self._insert("registered_model_aliases", ("workspace", "name", "alias", "version"), aliases)
        columns = (
            "workspace", "name", "version", "creation_time", "last_updated_time", "description", "user_id",
            "current_stage", "source", "run_id", "status", "status_message", "run_link", "storage_location",
        )  # fmt: skip
        rows: list[tuple[Any, ...]] = [
            (
                *(*place, v.number, v.creation_time, v.last_update_time, v.description, None, v.stage),
                *(v.source, v.run_id or "", "READY", None, v.run_link, v.storage_location),
            )
            for v in model.versions
        ]
        newest = model.next_version - 1
        if newest > max((version.number for version in model.versions), default=0):
            # MLflow counts on from what it finds: the mark of a deleted version keeps its number.
            time = model.last_update_time
            rows.append(
                (*place, newest, time, time, None, None, DELETED_STAGE, "", "", "READY", None, "", "")
            )
        self._insert("model_versions", columns, rows)
        self._insert(
            "model_version_tags",
            ("workspace", "name", "version", "key", "value"),
            [(*place, version.number, *pair) for version in model.versions for pair in version.tags.items()],
        )

    def _webhooks(self, webhooks: Sequence[Webhook]) -> None:
        columns = (
            "webhook_id", "name", "description", "url", "status", "creation_timestamp",
            "last_updated_timestamp", "workspace",
        )  # fmt: skip
        self._insert(
            "webhooks",
            columns,
            [
                (
                    *(w.uuid, w.name, w.description, w.url, "DISABLED", w.creation_time),
                    *(w.last_update_time, w.workspace),
                )
                for w in webhooks
            ],
        )
        self._insert(
            "webhook_events",
            ("webhook_id", "entity", "action"),
            [
                (each.uuid, *event.split(".", 1))
                for each in webhooks
                for event in each.events
                if not event.startswith("run.")
            ],
        )


def stored(value: float) -> float:
    """Return a value as MLflow stores it, beside a column that says whether it is NaN."""
    if math.isnan(value):
        return 0.0
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value
