"""Statements that write what is imported.

Times, ids and texts are stored as they were read; nothing is checked again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import Base, dialect_of, is_any_of, table_of, upsert
from trackhelm_domain.keys import key_ids
from trackhelm_domain.locations import location_key
from trackhelm_domain.tables import (
    Dataset,
    Experiment,
    ExperimentTag,
    ImportedEntity,
    ImportSource,
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
    Run,
    RunDataset,
    RunDatasetTag,
    RunModelInput,
    RunModelOutput,
    RunParam,
    RunTag,
    Webhook,
    WebhookEvent,
    Workspace,
)
from trackhelm_domain.tables.identity import Account
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_domain.tables.webhooks import WebhookStatus
from trackhelm_importer import records
from trackhelm_importer.records import Kind
from trackhelm_registry.model_versions.store import note_alias

# Which entities come from a source.


class Known(NamedTuple):
    """What an entity of a source became here: see `ImportedEntity`."""

    target: str
    fingerprint: str
    digest: str


def source_id(session: Session, name: str, *, now: int) -> int:
    """Return the id of a source, which is inserted if it is new, and note that it is read now."""
    found = session.scalar(select(ImportSource.id).where(ImportSource.name == name))
    if found is None:
        row = {"name": name, "first_time": now, "last_time": now}
        return session.execute(insert(ImportSource).values(row).returning(ImportSource.id)).scalar_one()
    session.execute(update(ImportSource).where(ImportSource.id == found).values(last_time=now))
    return found


def find_source(session: Session, name: str) -> int | None:
    """Return the id of a source; None if nothing was imported from it."""
    return session.scalar(select(ImportSource.id).where(ImportSource.name == name))


def known_entities(
    session: Session, source: int, kind: Kind, keys: Sequence[str] | None = None
) -> dict[str, Known]:
    """Return what entities of a source became here, by their keys there; without `keys`, all of a kind."""
    entity = ImportedEntity
    columns = (entity.source_key, entity.target_key, entity.fingerprint, entity.digest)
    statement = select(*columns).where(entity.source_id == source, entity.kind == kind)
    if keys is not None:
        statement = statement.where(is_any_of(session, entity.source_key, keys))
    return {key: Known(*rest) for key, *rest in session.execute(statement)}


def note_entities(session: Session, source: int, kind: Kind, entities: Mapping[str, Known]) -> None:
    """Note what entities became here."""
    rows = [
        {"source_id": source, "kind": kind, "source_key": key, "target_key": known.target}
        | {"fingerprint": known.fingerprint, "digest": known.digest}
        for key, known in sorted(entities.items())
    ]
    upsert(session, ImportedEntity, rows, update=["target_key", "fingerprint", "digest"])


# What is here already.


def workspace_ids(session: Session) -> dict[str, int]:
    """Return the ids of all workspaces by their names."""
    return dict(session.execute(select(Workspace.name, Workspace.id)).all())


class Holder(NamedTuple):
    """An experiment that has an id: its workspace, empty if that is deleted, and its name.

    One that is not there is deleted for good, and its row is about to go.
    """

    workspace: str
    name: str
    is_there: bool


def taken_experiments(session: Session) -> dict[int, Holder]:
    """Return what has an id of an experiment."""
    statement = select(
        Experiment.id, Workspace.name.label("workspace"), Experiment.name, Experiment.lifecycle_stage
    ).outerjoin(Workspace, Workspace.id == Experiment.workspace_id)
    return {
        found.id: Holder(
            found.workspace or "",
            found.name,
            found.workspace is not None and found.lifecycle_stage != LifecycleStage.PURGED,
        )
        for found in session.execute(statement)
    }


def has_runs(session: Session, experiment_id: int) -> bool:
    """Return whether an experiment has a run, in the bin or not."""
    return session.scalar(select(Run.id).where(Run.experiment_id == experiment_id).limit(1)) is not None


def taken(session: Session, kind: Kind, keys: Sequence[str]) -> set[str]:
    """Return which of some entities are here: by their public ids, and accounts by their names."""
    if kind is Kind.EXPERIMENT:
        return {str(number) for number, holder in taken_experiments(session).items() if holder.is_there}
    if kind is Kind.LOGGED_MODEL:
        statement = select(LoggedModel.model_id).where(LoggedModel.lifecycle_stage != LifecycleStage.PURGED)
        return set(session.scalars(statement.where(is_any_of(session, LoggedModel.model_id, keys))))
    column = {Kind.RUN: Run.uuid, Kind.WEBHOOK: Webhook.uuid, Kind.ACCOUNT: Account.name}[kind]
    return set(session.scalars(select(column).where(is_any_of(session, column, keys))))


def taken_models(session: Session, names: Sequence[str]) -> set[tuple[str, str]]:
    """Return which registered models of some names there are, by workspace and name."""
    statement = (
        select(Workspace.name, RegisteredModel.name)
        .join(Workspace, Workspace.id == RegisteredModel.workspace_id)
        .where(is_any_of(session, RegisteredModel.name, names))
    )
    return {(workspace, name) for workspace, name in session.execute(statement)}


# Experiments.


def write_experiment(session: Session, experiment: records.Experiment) -> None:
    """Insert an experiment, or write it over the one of its id."""
    values = {
        "name": experiment.name,
        "workspace_id": _workspace_id(session, experiment.workspace),
        "artifact_location": experiment.artifact_location,
        "location_key": location_key(experiment.artifact_location),
        "lifecycle_stage": experiment.stage,
        "creation_time": experiment.creation_time,
        "last_update_time": experiment.last_update_time,
    }
    upsert(session, Experiment, [{"id": experiment.id, **values}], update=list(values))
    session.execute(delete(ExperimentTag).where(ExperimentTag.experiment_id == experiment.id))
    insert_rows(
        session,
        ExperimentTag,
        ("experiment_id", "key", "value"),
        [(experiment.id, key, value) for key, value in experiment.tags.items()],
    )


def _workspace_id(session: Session, name: str) -> int:
    return session.scalars(select(Workspace.id).where(Workspace.name == name)).one()


def pass_over_ids(session: Session) -> None:
    """Let the next experiment get an id that is not in use; SQLite does so by itself."""
    if dialect_of(session) == "postgresql":
        newest = session.scalar(select(func.max(Experiment.id))) or 0
        sequence = func.pg_get_serial_sequence("experiment", "id")
        session.execute(select(func.setval(sequence, max(newest, 1))))


# Runs.


def delete_runs(session: Session, uuids: Sequence[str]) -> None:
    """Delete runs with all that was logged to them."""
    session.execute(delete(Run).where(is_any_of(session, Run.uuid, uuids)))


def insert_runs(session: Session, runs: Sequence[records.Run]) -> dict[str, int]:
    """Insert runs without their points, and return their integer ids."""
    rows = [
        {
            "uuid": run.uuid,
            "experiment_id": run.experiment_id,
            "name": run.name,
            "user_id": run.user_id,
            "status": run.status,
            "start_time": run.start_time,
            "end_time": run.end_time,
            "lifecycle_stage": run.stage,
            "deleted_time": run.deleted_time,
            "artifact_uri": run.artifact_uri,
        }
        for run in runs
    ]
    inserted = session.execute(insert(Run).returning(Run.uuid, Run.id), rows)
    ids: dict[str, int] = dict(inserted.all())
    keys = key_ids(session, {key for run in runs for key in (*run.params, *run.tags)})
    for model, name in ((RunParam, "params"), (RunTag, "tags")):
        insert_rows(
            session,
            model,
            ("run_id", "key_id", "value"),
            [(ids[run.uuid], keys[key], value) for run in runs for key, value in getattr(run, name).items()],
        )
    _insert_datasets(session, runs, ids)
    insert_rows(
        session,
        RunModelInput,
        ("run_id", "model_id", "position"),
        [
            (ids[run.uuid], model_id, position)
            for run in runs
            for position, model_id in enumerate(dict.fromkeys(run.inputs))
        ],
    )
    insert_rows(
        session,
        RunModelOutput,
        ("run_id", "model_id", "step", "position"),
        [
            (ids[run.uuid], model_id, step, position)
            for run in runs
            for position, (model_id, step) in enumerate(dict.fromkeys(run.outputs))
        ],
    )
    return ids


def _insert_datasets(session: Session, runs: Sequence[records.Run], ids: Mapping[str, int]) -> None:
    for run in runs:
        for use in run.datasets:
            identity = {"experiment_id": run.experiment_id, "name": use.name, "digest": use.digest}
            found = session.scalar(select(Dataset.id).filter_by(**identity))
            if found is None:
                values: dict[str, str | None] = {"source_type": use.source_type, "source": use.source}
                values |= {"schema": use.schema, "profile": use.profile}
                statement = insert(Dataset).values(**identity, **values)
                found = session.execute(statement.returning(Dataset.id)).scalar_one()
            upsert(session, RunDataset, [{"run_id": ids[run.uuid], "dataset_id": found}])
            of_use = select(RunDataset.id).filter_by(run_id=ids[run.uuid], dataset_id=found)
            use_id = session.scalars(of_use).one()
            tags = [
                {"run_dataset_id": use_id, "key": key, "value": value}
                for key, value in sorted(use.tags.items())
            ]
            upsert(session, RunDatasetTag, tags, update=["value"])


# Logged models.


def write_logged_model(session: Session, model: records.LoggedModel) -> None:
    """Insert a logged model, or write it over the one of its id. Its metrics are points of runs."""
    session.execute(delete(LoggedModel).where(LoggedModel.model_id == model.model_id))
    values = {
        "model_id": model.model_id,
        "experiment_id": model.experiment_id,
        "name": model.name,
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "status": model.status,
        "status_message": model.status_message,
        "artifact_uri": model.artifact_uri,
        "creation_timestamp": model.creation_time,
        "last_updated_timestamp": model.last_update_time,
        "lifecycle_stage": model.stage,
    }
    row_id = session.execute(insert(LoggedModel).values(values).returning(LoggedModel.id)).scalar_one()
    for table, pairs in ((LoggedModelParam, model.params), (LoggedModelTag, model.tags)):
        columns = ("logged_model_id", "key", "value")
        insert_rows(session, table, columns, [(row_id, key, value) for key, value in pairs.items()])


# Registered models. A row that is here keeps its id, because protections and approval requests refer to it.


def write_registered_model(session: Session, model: records.RegisteredModel) -> None:
    """Insert a registered model, or write it over the one of its name in its workspace."""
    workspace = _workspace_id(session, model.workspace)
    values = {
        "name": model.name,
        "workspace_id": workspace,
        "description": model.description,
        "creation_timestamp": model.creation_time,
        "last_updated_timestamp": model.last_update_time,
        "next_version": model.next_version,
    }
    row_id = session.scalar(select(RegisteredModel.id).filter_by(name=model.name, workspace_id=workspace))
    if row_id is None:
        statement = insert(RegisteredModel).values(values)
        row_id = session.execute(statement.returning(RegisteredModel.id)).scalar_one()
    else:
        session.execute(update(RegisteredModel).where(RegisteredModel.id == row_id).values(values))
    session.execute(delete(RegisteredModelTag).where(RegisteredModelTag.registered_model_id == row_id))
    insert_rows(
        session,
        RegisteredModelTag,
        ("registered_model_id", "key", "value"),
        [(row_id, key, value) for key, value in model.tags.items()],
    )
    _write_versions(session, row_id, model.versions)
    _write_aliases(session, row_id, model.aliases)


def _write_versions(session: Session, model: int, versions: Sequence[records.Version]) -> None:
    session.execute(delete(ModelVersion).where(ModelVersion.registered_model_id == model))
    for version in versions:
        values = {
            "registered_model_id": model,
            "version": version.number,
            "description": version.description,
            "current_stage": version.stage,
            "source": version.source,
            "storage_location": version.storage_location,
            "location_key": location_key(version.storage_location),
            "run_id": version.run_id,
            "run_link": version.run_link,
            "model_id": version.model_id,
            "creation_timestamp": version.creation_time,
            "last_updated_timestamp": version.last_update_time,
        }
        row_id = session.execute(insert(ModelVersion).values(values).returning(ModelVersion.id)).scalar_one()
        columns = ("model_version_id", "key", "value")
        insert_rows(
            session, ModelVersionTag, columns, [(row_id, key, value) for key, value in version.tags.items()]
        )


def _write_aliases(session: Session, model: int, aliases: Mapping[str, int]) -> None:
    session.execute(delete(RegisteredModelAlias).where(RegisteredModelAlias.registered_model_id == model))
    rows = sorted(aliases.items())
    insert_rows(
        session,
        RegisteredModelAlias,
        ("registered_model_id", "alias", "version"),
        [(model, alias, version) for alias, version in rows],
    )
    for alias, version in rows:
        note_alias(session, model, alias, version)


# Webhooks.


def write_webhook(session: Session, webhook: records.Webhook) -> None:
    """Insert a webhook that is disabled and has no secret, or write it over the one of its id."""
    session.execute(delete(Webhook).where(Webhook.uuid == webhook.uuid))
    values = {
        "uuid": webhook.uuid,
        "workspace_id": _workspace_id(session, webhook.workspace),
        "name": webhook.name,
        "url": webhook.url,
        "description": webhook.description,
        "secret": None,
        "status": WebhookStatus.DISABLED,
        "creation_time": webhook.creation_time,
        "last_update_time": webhook.last_update_time,
    }
    row_id = session.execute(insert(Webhook).values(values).returning(Webhook.id)).scalar_one()
    insert_rows(session, WebhookEvent, ("webhook_id", "event"), [(row_id, event) for event in webhook.events])


# Many rows.


def insert_rows(
    session: Session, model: type[Base], columns: Sequence[str], rows: Collection[tuple[Any, ...]]
) -> None:
    """Insert rows with the driver: SQLAlchemy's work for a row takes longer than the database's."""
    if not rows:
        return
    names = f"{table_of(model).name} ({', '.join(columns)})"
    if dialect_of(session) == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {names} VALUES ({marks})"  # noqa: S608 - constant
        session.connection().exec_driver_sql(statement, list(rows))
        return
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {names} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
