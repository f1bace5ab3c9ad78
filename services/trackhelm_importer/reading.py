"""Statements that read this server's database in the form of the records.

An export writes what they return, and a verification compares it with a source: they share nothing with the
statements that write, so that what was written wrongly is found.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points, merge
from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import (
    Dataset,
    Experiment,
    ExperimentTag,
    Key,
    LabelSet,
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    MetricChunk,
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
    Series,
    Webhook,
    WebhookEvent,
    Workspace,
)
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_importer import records
from trackhelm_importer.records import Piece

_CHUNKS: Final = 64
"""Chunks may have megabytes, so only a few at a time are in memory."""


# What is left of a workspace that was deleted is not there any more for anybody: each statement asks for the
# workspace.


def read_workspaces(session: Session) -> list[records.Workspace]:
    """Return the workspaces by name."""
    found = session.scalars(select(Workspace).order_by(Workspace.name))
    return [records.Workspace(row.name, row.description, row.artifact_root) for row in found]


def read_experiments(session: Session, ids: Sequence[int] | None = None) -> list[records.Experiment]:
    """Return experiments by id; all without `ids`."""
    statement = (
        select(Experiment, Workspace.name)
        .join(Workspace, Workspace.id == Experiment.workspace_id)
        .where(Experiment.lifecycle_stage != LifecycleStage.PURGED)
    )
    tags = select(ExperimentTag.experiment_id, ExperimentTag.key, ExperimentTag.value)
    if ids is not None:
        statement = statement.where(is_any_of(session, Experiment.id, ids))
        tags = tags.where(is_any_of(session, ExperimentTag.experiment_id, ids))
    by_id = _texts(session, tags)
    return [
        records.Experiment(
            id=found.id,
            name=found.name,
            artifact_location=found.artifact_location,
            stage=found.lifecycle_stage,
            creation_time=found.creation_time,
            last_update_time=found.last_update_time,
            tags=by_id[found.id],
            workspace=workspace,
        )
        for found, workspace in session.execute(statement.order_by(Experiment.id))
    ]


def run_ids(session: Session) -> list[str]:
    """Return the public ids of all runs."""
    statement = (
        select(Run.uuid)
        .join(Experiment, Experiment.id == Run.experiment_id)
        .join(Workspace, Workspace.id == Experiment.workspace_id)
        .where(Run.lifecycle_stage != LifecycleStage.PURGED)
    )
    return list(session.scalars(statement.order_by(Run.uuid)))


def read_runs(session: Session, uuids: Sequence[str]) -> list[records.Run]:
    """Return runs without their points."""
    rows = session.scalars(select(Run).where(is_any_of(session, Run.uuid, uuids)).order_by(Run.uuid)).all()
    ids = [row.id for row in rows]
    params, tags = (
        _texts(
            session,
            select(table.run_id, Key.name, table.value)
            .join(Key, Key.id == table.key_id)
            .where(is_any_of(session, table.run_id, ids)),
        )
        for table in (RunParam, RunTag)
    )
    datasets = _datasets(session, ids)
    inputs, outputs = _models(session, ids)
    return [
        records.Run(
            uuid=row.uuid,
            experiment_id=row.experiment_id,
            name=row.name,
            user_id=row.user_id,
            status=row.status,
            start_time=row.start_time,
            end_time=row.end_time,
            stage=row.lifecycle_stage,
            deleted_time=row.deleted_time,
            artifact_uri=row.artifact_uri,
            params=params[row.id],
            tags=tags[row.id],
            datasets=datasets[row.id],
            inputs=inputs[row.id],
            outputs=outputs[row.id],
        )
        for row in rows
    ]


def _datasets(session: Session, ids: Sequence[int]) -> dict[int, list[records.DatasetUse]]:
    uses: dict[int, list[records.DatasetUse]] = defaultdict(list)
    rows = session.execute(
        select(RunDataset.id, RunDataset.run_id, Dataset)
        .join(Dataset, Dataset.id == RunDataset.dataset_id)
        .where(is_any_of(session, RunDataset.run_id, ids))
        .order_by(RunDataset.id)
    ).all()
    of_uses = is_any_of(session, RunDatasetTag.run_dataset_id, [use_id for use_id, _, _ in rows])
    columns = (RunDatasetTag.run_dataset_id, RunDatasetTag.key, RunDatasetTag.value)
    tags = _texts(session, select(*columns).where(of_uses))
    for use_id, run_id, dataset in rows:
        uses[run_id].append(
            records.DatasetUse(
                name=dataset.name,
                digest=dataset.digest,
                source_type=dataset.source_type,
                source=dataset.source,
                schema=dataset.schema,
                profile=dataset.profile,
                tags=tags[use_id],
            )
        )
    return uses


def _models(
    session: Session, ids: Sequence[int]
) -> tuple[dict[int, list[str]], dict[int, list[tuple[str, int]]]]:
    inputs: dict[int, list[str]] = defaultdict(list)
    outputs: dict[int, list[tuple[str, int]]] = defaultdict(list)
    used = select(RunModelInput.run_id, RunModelInput.model_id)
    used = used.where(is_any_of(session, RunModelInput.run_id, ids)).order_by(RunModelInput.position)
    for run_id, model_id in session.execute(used):
        inputs[run_id].append(model_id)
    made = select(RunModelOutput.run_id, RunModelOutput.model_id, RunModelOutput.step)
    made = made.where(is_any_of(session, RunModelOutput.run_id, ids)).order_by(RunModelOutput.position)
    for run_id, model_id, step in session.execute(made):
        outputs[run_id].append((model_id, step))
    return inputs, outputs


def read_points(session: Session, uuids: Sequence[str]) -> Iterator[Piece]:
    """Yield the points of runs, a metric in one piece, whatever labels its points have, each once."""
    columns = (Run.uuid, Key.name, MetricChunk.data)
    statement = (
        select(*columns)
        .join(Series, Series.id == MetricChunk.series_id)
        .join(Run, Run.id == Series.run_id)
        .join(Key, Key.id == Series.key_id)
        .where(is_any_of(session, Run.uuid, uuids))
        .order_by(Run.uuid, Key.name)
    )
    found = session.connection().execute(statement, execution_options={"yield_per": _CHUNKS})
    metric: tuple[str, str] | None = None
    parts: list[Points] = []
    for run, key, data in found:
        if metric is not None and metric != (run, key):
            yield Piece(*metric, merge(parts))
            parts = []
        metric = (run, key)
        parts.append(decode(data))
    if metric is not None:
        yield Piece(*metric, merge(parts))


def read_logged_models(
    session: Session, model_ids: Sequence[str] | None = None
) -> Iterator[records.LoggedModel]:
    """Yield logged models with their points; all without `model_ids`."""
    statement = (
        select(LoggedModel)
        .join(Experiment, Experiment.id == LoggedModel.experiment_id)
        .join(Workspace, Workspace.id == Experiment.workspace_id)
        .where(LoggedModel.lifecycle_stage != LifecycleStage.PURGED)
    )
    if model_ids is not None:
        statement = statement.where(is_any_of(session, LoggedModel.model_id, model_ids))
    rows = session.scalars(statement.order_by(LoggedModel.id)).all()
    ids = [row.id for row in rows]
    params, tags = (
        _texts(
            session,
            select(table.logged_model_id, table.key, table.value).where(
                is_any_of(session, table.logged_model_id, ids)
            ),
        )
        for table in (LoggedModelParam, LoggedModelTag)
    )
    for row in rows:
        yield records.LoggedModel(
            model_id=row.model_id,
            experiment_id=row.experiment_id,
            name=row.name,
            model_type=row.model_type,
            source_run_id=row.source_run_id,
            status=row.status,
            status_message=row.status_message,
            artifact_uri=row.artifact_uri,
            creation_time=row.creation_timestamp,
            last_update_time=row.last_updated_timestamp,
            stage=row.lifecycle_stage,
            params=params[row.id],
            tags=tags[row.id],
            points=_model_points(session, row.model_id),
        )


def _model_points(session: Session, model_id: str) -> list[records.ModelPoint]:
    statement = (
        select(Run.uuid, Key.name, LabelSet.labels, MetricChunk.data)
        .join(Series, Series.id == MetricChunk.series_id)
        .join(LabelSet, LabelSet.id == Series.label_set_id)
        .join(Run, Run.id == Series.run_id)
        .join(Key, Key.id == Series.key_id)
        .where(LabelSet.model_id == model_id)
    )
    parts: dict[tuple[str, str, str], list[Points]] = defaultdict(list)
    for run, key, labels, data in session.execute(statement):
        parts[run, key, labels].append(decode(data))
    points = []
    for (run, key, labels), several in sorted(parts.items()):
        named = json.loads(labels)
        merged = merge(several)
        columns = (merged.steps.tolist(), merged.timestamps.tolist(), merged.values.tolist())
        points += [
            records.ModelPoint(run, key, *point, named.get("dataset_name"), named.get("dataset_digest"))
            for point in zip(*columns, strict=True)
        ]
    return points


def read_registered_models(
    session: Session, names: Sequence[str] | None = None
) -> Iterator[records.RegisteredModel]:
    """Yield registered models of every workspace with their versions; all without `names`."""
    statement = select(RegisteredModel, Workspace.name).join(
        Workspace, Workspace.id == RegisteredModel.workspace_id
    )
    if names is not None:
        statement = statement.where(is_any_of(session, RegisteredModel.name, names))
    for row, workspace in session.execute(statement.order_by(Workspace.name, RegisteredModel.name)).all():
        own = RegisteredModelTag.registered_model_id == row.id
        tags = select(
            RegisteredModelTag.registered_model_id, RegisteredModelTag.key, RegisteredModelTag.value
        )
        aliases = select(RegisteredModelAlias.alias, RegisteredModelAlias.version).where(
            RegisteredModelAlias.registered_model_id == row.id
        )
        yield records.RegisteredModel(
            name=row.name,
            description=row.description,
            creation_time=row.creation_timestamp,
            last_update_time=row.last_updated_timestamp,
            next_version=row.next_version,
            tags=_texts(session, tags.where(own))[row.id],
            aliases=dict(session.execute(aliases).all()),
            versions=_versions(session, row.id),
            workspace=workspace,
        )


def _versions(session: Session, model: int) -> list[records.Version]:
    statement = select(ModelVersion).where(ModelVersion.registered_model_id == model)
    rows = session.scalars(statement.order_by(ModelVersion.version)).all()
    columns = (ModelVersionTag.model_version_id, ModelVersionTag.key, ModelVersionTag.value)
    own = is_any_of(session, ModelVersionTag.model_version_id, [row.id for row in rows])
    tags = _texts(session, select(*columns).where(own))
    return [
        records.Version(
            number=row.version,
            description=row.description,
            stage=row.current_stage,
            source=row.source,
            storage_location=row.storage_location,
            run_id=row.run_id,
            run_link=row.run_link,
            model_id=row.model_id,
            creation_time=row.creation_timestamp,
            last_update_time=row.last_updated_timestamp,
            tags=tags[row.id],
        )
        for row in rows
    ]


def read_webhooks(session: Session, uuids: Sequence[str] | None = None) -> list[records.Webhook]:
    """Return webhooks; all without `uuids`."""
    found = []
    statement = select(Webhook, Workspace.name).join(Workspace, Workspace.id == Webhook.workspace_id)
    if uuids is not None:
        statement = statement.where(is_any_of(session, Webhook.uuid, uuids))
    for row, workspace in session.execute(statement.order_by(Webhook.id)).all():
        events = select(WebhookEvent.event).where(WebhookEvent.webhook_id == row.id)
        found.append(
            records.Webhook(
                uuid=row.uuid,
                name=row.name,
                description=row.description,
                url=row.url,
                events=sorted(session.scalars(events)),
                has_secret=row.secret is not None,
                creation_time=row.creation_time,
                last_update_time=row.last_update_time,
                workspace=workspace,
            )
        )
    return found


def last_values(session: Session, uuids: Sequence[str]) -> dict[tuple[str, str], records.LastValue]:
    """Return the last point of each metric of runs, as the summary of its series has it."""
    statement = (
        select(Run.uuid, Key.name, Series.last_step, Series.last_timestamp, Series.last_value)
        .join(Run, Run.id == Series.run_id)
        .join(Key, Key.id == Series.key_id)
        .where(is_any_of(session, Run.uuid, uuids), Series.label_set_id == NO_LABELS_ID)
    )
    return {
        (run, key): records.LastValue(step, timestamp, value)
        for run, key, step, timestamp, value in session.execute(statement)
    }


def _texts(session: Session, statement: Select[*tuple[Any, ...]]) -> dict[Any, dict[str, str]]:
    """Return the keys and values of a SELECT of (owner, key, value), by owner."""
    found: dict[Any, dict[str, str]] = defaultdict(dict)
    for owner, key, value in session.execute(statement):
        found[owner][key] = value
    return found
