"""A tracking database of MLflow as a source: PostgreSQL, MySQL or MariaDB, and SQLite.

Reads in one transaction that sees one snapshot. What columns and tables there are is asked of the database,
so that what a version did not have yet is absent. Must not write, and must not need MLflow.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import MetaData, Select, Table, func, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.chunks.points import Points
from trackhelm_importer.grouping import MOST_POINTS, pieces_of
from trackhelm_importer.records import (
    ACTIVE,
    DELETED_STAGE,
    LOGGED_MODEL_STATUSES,
    Counts,
    DatasetUse,
    Experiment,
    LastValue,
    LoggedModel,
    ModelPoint,
    Piece,
    RegisteredModel,
    Run,
    RunHead,
    SourceError,
    Version,
    Webhook,
    Workspace,
    logged_model_of_source,
)
from trackhelm_importer.sources import snapshot, source_engine

REVISIONS: Final = (  # noqa: SIM905 - as a list it would be a line for each
    "97727af70f4d 3500859a5d39 7f2a7d5fae7d 2d6e25af4d3e acf3f17fdcc7 867495a8f9d4 5b0e9adcef9c "
    "4465047574b1 f5a4f2784254 0584bdc529eb 400f98739977 6953534de441 bda7b8c39065 cbc13b556ace "
    "770bee3ae1dd a1b2c3d4e5f6 de4033877273 1a0cddfcaa16 534353b11cbc 71994744cf8e 3da73c924c2f "
    "bf29a5ff90ea 1bd49d398cd23 b7c8d9e0f1a2 5d2d30f0abce c9d4e5f6a7b8 2c33131f4dae d3e4f5a6b7c8 "
    "d0e1f2a3b4c5 c8d9e0f1a2b3 1b5f0d9ad7c1 e1f2a3b4c5d6 76601a5f987d c3d6457b6d8a a5b4c3d2e1f0 "
    "ae8bbe7743c9 7d34483879f0 da6fb0208061 89d3d66ed43f b7e4c1a90f23 a8b9c0d1e2f3 c1d2e3f4a5b6 "
    "c3d9e7f1a2b4 6f8d9c3b2a1e 1971f2d9a75b 17e22815139b b7e2c1a4d9f3 75868b020152 dc11669786a5 "
).split()
"""The revisions of the schema that can be read, from the one of MLflow 2.0 to the one of 3.17."""

_OLDER: Final = (  # noqa: SIM905 - as a list it would be a line for each
    "451aebb31d03 90e64c465722 181f10493468 df50e92ffc5e 7ac759974ad8 89d4b8295536 2b4d017a5e9b "
    "cfd24bdc0731 0a8213491aaa 728d730b5ebd 27a6a02d2cf1 84291f40a231 a8c4a736bde6 39d1c3be5f05 "
    "c48cb773bb87 bd07f7e963c5 0c779009ac13 cc1f77228345 "
).split()

_SUPPORTED: Final = f"MLflow 2.0 ({REVISIONS[0]}) to 3.17 ({REVISIONS[-1]})"

_COUNTED: Final = (
    "experiments", "experiment_tags", "runs", "params", "tags", "metrics", "logged_models",
    "logged_model_params", "logged_model_tags", "logged_model_metrics", "registered_models",
    "registered_model_tags", "registered_model_aliases", "model_versions", "webhooks",
)  # fmt: skip
"""Tables each of whose rows is imported, but for the marks of deleted versions and webhooks."""

_PARTS: Final = frozenset({"datasets", "inputs", "input_tags", "model_version_tags", "webhook_events"})
"""Tables whose rows are imported with what they belong to; rows that belong to nothing any more are not."""

_DERIVED: Final = frozenset({"alembic_version", "latest_metrics", "workspaces"})
"""Tables that hold nothing of their own: what they say is in the others."""

_IN_WORKSPACES: Final = ("experiments", "registered_models", "webhooks")
"""Tables whose rows belong to a workspace, from MLflow 3.10 on."""

_Model: TypeAlias = tuple[str, str]
"""A registered model by its workspace and its name."""

_ROWS: Final = 50_000


class SqlSource:
    """A tracking database, from `open` to `close`."""

    def __init__(self, url: URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        self._engine = source_engine(url)
        try:
            self._connection = snapshot(self._engine.connect())
            self._check_version()
        except (SQLAlchemyError, ModuleNotFoundError, OSError) as error:
            self._engine.dispose()
            raise SourceError(f"{self.name} cannot be read: {str(error).splitlines()[0]}") from error
        except SourceError:
            self._engine.dispose()
            raise

    def refresh(self) -> None:
        """Begin another snapshot."""
        self._connection.close()
        self._connection = snapshot(self._engine.connect())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._engine.dispose()

    def counts(self) -> Counts:
        """Count the rows of each table."""
        names = self._names - _DERIVED - _PARTS
        counted = {name: self._count(name) for name in sorted(names)}
        return Counts(
            {name: counted[name] for name in _COUNTED if name in names},
            {name: number for name, number in counted.items() if number and name not in _COUNTED},
        )

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces, also those of which a table of its own says nothing."""
        found = {DEFAULT_WORKSPACE: Workspace(DEFAULT_WORKSPACE)}
        for name in _IN_WORKSPACES:
            if name in self._names and "workspace" in self._table(name).c:
                for used in self._connection.scalars(select(self._table(name).c.workspace).distinct()):
                    found[used] = Workspace(used)
        if "workspaces" in self._names:
            for row in self._rows(select(self._table("workspaces"))):
                root = row.get("default_artifact_root") or ""
                found[row["name"]] = Workspace(row["name"], row["description"] or "", root)
        return [found[name] for name in sorted(found)]

    def experiments(self) -> Iterator[Experiment]:
        """Yield every experiment by id."""
        table = self._table("experiments")
        tags = self._texts("experiment_tags", "experiment_id")
        for row in self._rows(select(table).order_by(table.c.experiment_id)):
            yield Experiment(
                id=row["experiment_id"],
                name=row["name"],
                artifact_location=row["artifact_location"] or "",
                stage=row["lifecycle_stage"] or ACTIVE,
                creation_time=row.get("creation_time") or 0,
                last_update_time=row.get("last_update_time") or row.get("creation_time") or 0,
                tags=tags[row["experiment_id"]],
                workspace=row.get("workspace") or DEFAULT_WORKSPACE,
            )

    def run_heads(self) -> Iterator[RunHead]:
        """Yield every run with the number of its points."""
        runs, metrics = self._table("runs"), self._table("metrics")
        counted = select(metrics.c.run_uuid, func.count()).group_by(metrics.c.run_uuid)
        counts: dict[str, int] = dict(self._connection.execute(counted).all())
        for (uuid,) in self._connection.execute(select(runs.c.run_uuid).order_by(runs.c.run_uuid)):
            yield RunHead(uuid, str(counts.get(uuid, 0)))

    def runs(self, uuids: Sequence[str]) -> list[Run]:
        """Return runs with their params, tags, datasets and models."""
        table = self._table("runs")
        params = self._texts("params", "run_uuid", uuids)
        tags = self._texts("tags", "run_uuid", uuids)
        datasets = self._datasets(uuids)
        inputs, outputs = self._models(uuids)
        return [
            Run(
                uuid=(uuid := row["run_uuid"]),
                experiment_id=row["experiment_id"],
                name=row["name"] or tags[uuid].get("mlflow.runName", ""),
                user_id=row["user_id"] or "",
                status=row["status"] or "RUNNING",
                start_time=row["start_time"] or 0,
                end_time=row["end_time"],
                stage=row["lifecycle_stage"] or ACTIVE,
                deleted_time=row.get("deleted_time"),
                artifact_uri=row["artifact_uri"] or "",
                params=params[uuid],
                tags=tags[uuid],
                datasets=datasets[uuid],
                inputs=inputs[uuid],
                outputs=outputs[uuid],
            )
            for row in self._rows(select(table).where(table.c.run_uuid.in_(uuids)).order_by(table.c.run_uuid))
        ]

    def points(self, uuids: Sequence[str]) -> Iterator[Piece]:
        """Yield the points of runs."""
        table = self._table("metrics").c
        statement = (
            select(table.run_uuid, table.key, table.step, table.timestamp, table.value, table.is_nan)
            .where(table.run_uuid.in_(uuids))
            # Together, so that a metric is stored in as few chunks as it can be.
            .order_by(table.run_uuid, table.key)
        )
        found = self._connection.execute(statement, execution_options={"yield_per": _ROWS})
        for rows in found.partitions(MOST_POINTS):
            runs, keys, steps, timestamps, values, is_nan = zip(*rows, strict=True)
            yield from pieces_of(
                list(zip(runs, keys, strict=True)), Points.of(steps, timestamps, _values(values, is_nan))
            )

    def last_values(self, uuids: Sequence[str]) -> dict[tuple[str, str], LastValue]:
        """Return the last point of each metric of runs, as MLflow keeps it beside the points."""
        table = self._table("latest_metrics").c
        columns = (table.run_uuid, table.key, table.step, table.timestamp, table.value, table.is_nan)
        rows = self._connection.execute(select(*columns).where(table.run_uuid.in_(uuids))).all()
        values = _values([row.value for row in rows], [row.is_nan for row in rows]).tolist()
        return {
            (row.run_uuid, row.key): LastValue(row.step, row.timestamp, value)
            for row, value in zip(rows, values, strict=True)
        }

    def logged_models(self) -> Iterator[LoggedModel]:
        """Yield every logged model."""
        if "logged_models" not in self._names:
            return
        table = self._table("logged_models")
        params = self._texts("logged_model_params", "model_id", columns=("param_key", "param_value"))
        tags = self._texts("logged_model_tags", "model_id", columns=("tag_key", "tag_value"))
        points = self._model_points()
        for row in self._rows(select(table).order_by(table.c.creation_timestamp_ms, table.c.model_id)):
            yield LoggedModel(
                model_id=(model_id := row["model_id"]),
                experiment_id=row["experiment_id"],
                name=row["name"],
                model_type=row["model_type"],
                source_run_id=row["source_run_id"],
                status=LOGGED_MODEL_STATUSES.get(row["status"], LOGGED_MODEL_STATUSES[1]),
                status_message=row["status_message"],
                artifact_uri=row["artifact_location"],
                creation_time=row["creation_timestamp_ms"],
                last_update_time=row["last_updated_timestamp_ms"],
                stage=row["lifecycle_stage"] or ACTIVE,
                params=params[model_id],
                tags=tags[model_id],
                points=points[model_id],
            )

    def registered_models(self) -> Iterator[RegisteredModel]:
        """Yield every registered model and prompt with its versions."""
        table = self._table("registered_models")
        tags: dict[_Model, dict[str, str]] = defaultdict(dict)
        for row in self._rows(select(self._table("registered_model_tags"))):
            tags[_model(row)][row["key"]] = row["value"] or ""
        aliases: dict[_Model, dict[str, int]] = defaultdict(dict)
        if "registered_model_aliases" in self._names:
            for row in self._rows(select(self._table("registered_model_aliases"))):
                aliases[_model(row)][row["alias"]] = row["version"]
        versions, newest = self._versions()
        for row in self._rows(select(table).order_by(table.c.name)):
            workspace, name = model = _model(row)
            yield RegisteredModel(
                name=name,
                description=row["description"] or "",
                creation_time=row["creation_time"] or 0,
                last_update_time=row["last_updated_time"] or row["creation_time"] or 0,
                next_version=newest[model] + 1,
                tags=tags[model],
                aliases=aliases[model],
                versions=versions[model],
                workspace=workspace,
            )

    def webhooks(self) -> Iterator[Webhook]:
        """Yield every webhook that is not deleted."""
        if "webhooks" not in self._names:
            return
        table = self._table("webhooks")
        events: dict[str, list[str]] = defaultdict(list)
        for row in self._rows(select(self._table("webhook_events"))):
            events[row["webhook_id"]].append(f"{row['entity']}.{row['action']}".lower())
        found = select(table).where(table.c.deleted_timestamp.is_(None)).order_by(table.c.webhook_id)
        for row in self._rows(found):
            yield Webhook(
                uuid=row["webhook_id"],
                name=row["name"],
                description=row["description"] or "",
                url=row["url"],
                events=sorted(events[row["webhook_id"]]),
                has_secret=bool(row["secret"]),
                creation_time=row["creation_timestamp"] or 0,
                last_update_time=row["last_updated_timestamp"] or row["creation_timestamp"] or 0,
                workspace=row.get("workspace") or DEFAULT_WORKSPACE,
            )

    def _versions(self) -> tuple[dict[_Model, list[Version]], dict[_Model, int]]:
        table = self._table("model_versions")
        versions: dict[_Model, list[Version]] = defaultdict(list)
        newest: dict[_Model, int] = defaultdict(int)
        tags: dict[tuple[_Model, int], dict[str, str]] = defaultdict(dict)
        for row in self._rows(select(self._table("model_version_tags"))):
            tags[_model(row), row["version"]][row["key"]] = row["value"] or ""
        for row in self._rows(select(table).order_by(table.c.name, table.c.version)):
            model, number = _model(row), row["version"]
            newest[model] = max(newest[model], number)
            if row["current_stage"] == DELETED_STAGE:
                continue  # Only its number is left, which is never used again.
            source = row["source"] or ""
            versions[model].append(
                Version(
                    number=number,
                    description=row["description"] or "",
                    stage=row["current_stage"] or "None",
                    source=source,
                    storage_location=row.get("storage_location") or source,
                    run_id=row["run_id"],
                    run_link=row["run_link"] or "",
                    model_id=logged_model_of_source(source),
                    creation_time=row["creation_time"] or 0,
                    last_update_time=row["last_updated_time"] or row["creation_time"] or 0,
                    tags=tags[model, number],
                )
            )
        return versions, newest

    def _datasets(self, uuids: Sequence[str]) -> dict[str, list[DatasetUse]]:
        uses: dict[str, list[DatasetUse]] = defaultdict(list)
        if "inputs" not in self._names:
            return uses
        inputs, datasets = self._table("inputs").c, self._table("datasets")
        joined = (
            select(inputs.input_uuid, inputs.destination_id, datasets)
            .join(datasets, datasets.c.dataset_uuid == inputs.source_id)
            .where(
                inputs.source_type == "DATASET",
                inputs.destination_type == "RUN",
                inputs.destination_id.in_(uuids),
            )
            .order_by(inputs.input_uuid)
        )
        rows = list(self._rows(joined))
        tags = self._texts(
            "input_tags", "input_uuid", [row["input_uuid"] for row in rows], columns=("name", "value")
        )
        for row in rows:
            uses[row["destination_id"]].append(
                DatasetUse(
                    name=row["name"],
                    digest=row["digest"],
                    source_type=row["dataset_source_type"],
                    source=row["dataset_source"],
                    schema=row["dataset_schema"],
                    profile=row["dataset_profile"],
                    tags=tags[row["input_uuid"]],
                )
            )
        return uses

    def _models(self, uuids: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, int]]]]:
        inputs: dict[str, list[str]] = defaultdict(list)
        outputs: dict[str, list[tuple[str, int]]] = defaultdict(list)
        if "inputs" not in self._names:
            return inputs, outputs
        table = self._table("inputs")
        found = select(table).where(
            table.c.source_type.in_(("RUN_INPUT", "RUN_OUTPUT")), table.c.source_id.in_(uuids)
        )
        for row in self._rows(found.order_by(table.c.input_uuid)):
            if row["source_type"] == "RUN_INPUT":
                inputs[row["source_id"]].append(row["destination_id"])
            else:
                outputs[row["source_id"]].append((row["destination_id"], row.get("step") or 0))
        return inputs, outputs

    def _model_points(self) -> dict[str, list[ModelPoint]]:
        points: dict[str, list[ModelPoint]] = defaultdict(list)
        for row in self._rows(select(self._table("logged_model_metrics"))):
            value = row["metric_value"]
            points[row["model_id"]].append(
                ModelPoint(
                    run=row["run_id"],
                    key=row["metric_name"],
                    step=row["metric_step"],
                    timestamp=row["metric_timestamp_ms"],
                    value=float(_values([np.nan if value is None else value], [value is None])[0]),
                    dataset_name=row["dataset_name"],
                    dataset_digest=row["dataset_digest"],
                )
            )
        return points

    def _texts(
        self,
        name: str,
        owner: str,
        owners: Sequence[str] | None = None,
        columns: tuple[str, str] = ("key", "value"),
    ) -> Mapping[Any, dict[str, str]]:
        """Return the keys and values of a table of params or tags, by their owner."""
        found: dict[Any, dict[str, str]] = defaultdict(dict)
        if name not in self._names:
            return found
        table = self._table(name).c
        statement = select(table[owner], *(table[column] for column in columns))
        if owners is not None:
            statement = statement.where(table[owner].in_(owners))
        for owned_by, key, value in self._connection.execute(statement):
            found[owned_by][key] = value or ""
        return found

    def _rows(self, statement: Select[Any]) -> Iterator[dict[str, Any]]:
        for row in self._connection.execute(statement).mappings():
            yield dict(row)

    def _count(self, name: str) -> int:
        table = self._table(name)
        statement = select(func.count()).select_from(table)
        if name == "model_versions":
            statement = statement.where(table.c.current_stage.is_distinct_from(DELETED_STAGE))
        elif name == "webhooks":
            statement = statement.where(table.c.deleted_timestamp.is_(None))
        return self._connection.scalar(statement) or 0

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(inspect(self._connection).get_table_names())

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            try:
                self._tables[name] = Table(
                    name, MetaData(), autoload_with=self._connection, resolve_fks=False
                )
            except NoSuchTableError as error:
                raise SourceError(f"{self.name} has no table {name!r}: it is no tracking database") from error
        return self._tables[name]

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {}

    def _check_version(self) -> None:
        if "alembic_version" not in self._names:
            raise SourceError(
                f"{self.name} is no tracking database of MLflow: it has no table 'alembic_version'"
            )
        revisions = list(self._connection.scalars(text("SELECT version_num FROM alembic_version")))
        if len(revisions) == 1 and revisions[0] in REVISIONS:
            return
        shown = ", ".join(revisions) or "none"
        if set(revisions) & set(_OLDER):
            advice = "older than what is supported; run `mlflow db upgrade` on a copy of it"
        else:
            advice = "newer than what is supported, or not MLflow's; a newer trackhelm-server may know it"
        raise SourceError(f"{self.name} has the schema {shown}, which is {advice}. Supported: {_SUPPORTED}")


def _values(values: Sequence[float], is_nan: Sequence[bool | int]) -> NDArray[np.float64]:
    """Return values as they were logged: the greatest number stands for infinity, a mark says NaN."""
    logged = np.asarray(values, np.float64)
    logged = np.where(np.abs(logged) == sys.float_info.max, np.copysign(np.inf, logged), logged)
    return np.where(np.asarray(is_nan, np.bool_), np.nan, logged)


def _model(row: Mapping[str, Any]) -> _Model:
    """Return of which model a row is; before there were workspaces every model was in the default one."""
    return row.get("workspace") or DEFAULT_WORKSPACE, row["name"]
