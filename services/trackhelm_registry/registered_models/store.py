"""Statements that find and change registered models, their tags and aliases, and delete logged models."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.db.statements import is_any_of, upsert
from trackhelm_domain.access.checks import here
from trackhelm_domain.tables import (
    Experiment,
    LoggedModel,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from trackhelm_domain.tables.registry import Stage
from trackhelm_domain.tables.runs import LifecycleStage

# Models and versions with their tags and aliases, read with a fixed number of statements for each page.
#
# Rows are read only here, after the changes of the transaction, so that the answer is what is stored.

# SQLite allows 32,766 parameters in a statement, and a page of versions may have 200,000 rows.
_IDS_PER_STATEMENT: Final = 10_000


def named(name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions that a model has a name in the workspace of the request."""
    return RegisteredModel.workspace_id == here(), RegisteredModel.name == name


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """A version, its model's name, its tags by key and its aliases."""

    model_name: str
    row: ModelVersion
    tags: Sequence[tuple[str, str]]
    aliases: Sequence[str]


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """A model, the newest version of each of its stages, its tags by key and its aliases."""

    row: RegisteredModel
    latest_versions: Sequence[VersionDetails]
    tags: Sequence[tuple[str, str]]
    aliases: Sequence[tuple[str, int]]


def model_details(session: Session, name: str) -> ModelDetails | None:
    """Return the model with a name."""
    found = session.scalar(select(RegisteredModel).where(*named(name)))
    return None if found is None else complete_models(session, [found])[0]


def version_details(session: Session, name: str, number: int) -> VersionDetails | None:
    """Return the version with a number of the model with a name."""
    condition = (*named(name), ModelVersion.version == number)
    found = session.execute(versions_with_names().where(*condition)).all()
    return complete_versions(session, found)[0] if found else None


def latest_versions(session: Session, model: int) -> Sequence[VersionDetails]:
    """Return the newest version in each stage of a model that has any, by number."""
    return _latest_versions(session, [model])[model]


def complete_models(session: Session, rows: Sequence[RegisteredModel]) -> list[ModelDetails]:
    """Return models with their newest versions, tags and aliases."""
    ids = [row.id for row in rows]
    latest = _latest_versions(session, ids)
    tags = _grouped(
        session, RegisteredModelTag.registered_model_id, ids, RegisteredModelTag.key, RegisteredModelTag.value
    )
    aliases = _aliases(session, ids)
    return [ModelDetails(row, latest[row.id], tags[row.id], aliases[row.id]) for row in rows]


def complete_versions(session: Session, rows: Sequence[tuple[ModelVersion, str]]) -> list[VersionDetails]:
    """Return versions (given with their models' names) with their tags and aliases."""
    tags = _grouped(
        session,
        ModelVersionTag.model_version_id,
        [row.id for row, _ in rows],
        ModelVersionTag.key,
        ModelVersionTag.value,
    )
    of_model = _aliases(session, sorted({row.registered_model_id for row, _ in rows}))
    aliases = defaultdict(list)
    for model, pairs in of_model.items():
        for alias, number in pairs:
            aliases[model, number].append(alias)
    return [
        VersionDetails(name, row, tags[row.id], aliases[row.registered_model_id, row.version])
        for row, name in rows
    ]


def versions_with_names() -> Select[ModelVersion, str]:
    """Select versions beside the names of their models."""
    return select(ModelVersion, RegisteredModel.name).join(
        RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id
    )


def _latest_versions(session: Session, models: Sequence[int]) -> Mapping[int, Sequence[VersionDetails]]:
    rows: list[tuple[ModelVersion, str]] = []
    for some in _portions(models, _IDS_PER_STATEMENT // len(Stage)):
        newest = union_all(*(_newest(some, stage) for stage in Stage)).subquery()
        same = (newest.c.registered_model_id == ModelVersion.registered_model_id) & (
            newest.c.version == ModelVersion.version
        )
        rows += session.execute(versions_with_names().join(newest, same).order_by(ModelVersion.version)).all()
    found = defaultdict(list)
    for version in complete_versions(session, rows):
        found[version.row.registered_model_id].append(version)
    return found


def _newest(models: Sequence[int], stage: Stage) -> Select[*tuple[Any, ...]]:
    """Select the number of each model's newest version in a stage, which is one look-up in an index.

    A statement grouped by stage would read every version of the models.
    """
    number = (
        select(func.max(ModelVersion.version))
        .where(
            ModelVersion.registered_model_id == RegisteredModel.id,
            # It is not a parameter, because the plan is the same for every model.
            ModelVersion.current_stage == literal_column(f"'{stage}'"),
        )
        .scalar_subquery()
    )
    return select(RegisteredModel.id.label("registered_model_id"), number.label("version")).where(
        RegisteredModel.id.in_(models)
    )


def _aliases(session: Session, models: Sequence[int]) -> Mapping[int, list[tuple[str, int]]]:
    table = RegisteredModelAlias
    return _grouped(session, table.registered_model_id, models, table.alias, table.version)


def _grouped(
    session: Session,
    owner: InstrumentedAttribute[int],
    ids: Sequence[int],
    key: InstrumentedAttribute[str],
    value: InstrumentedAttribute[Any],
) -> Mapping[int, list[tuple[str, Any]]]:
    """Return the (key, value) pairs of each owner, by key."""
    found = defaultdict(list)
    for some in _portions(ids):
        statement = select(owner, key, value).where(owner.in_(some)).order_by(owner, key)
        for owner_id, a_key, a_value in session.execute(statement):
            found[owner_id].append((a_key, a_value))
    return found


def _portions(ids: Sequence[int], size: int = _IDS_PER_STATEMENT) -> Iterator[list[int]]:
    remaining = iter(ids)
    while some := list(islice(remaining, size)):
        yield some


def set_model_tags(session: Session, model: int, tags: Mapping[str, str]) -> None:
    """Set tags of a model; existing ones get the new value."""
    rows = [{"registered_model_id": model, "key": key, "value": tags[key]} for key in sorted(tags)]
    upsert(session, RegisteredModelTag, rows, update=["value"])


def delete_model_tag(session: Session, model: int, key: str) -> None:
    """Delete a tag of a model, if it exists."""
    session.execute(
        delete(RegisteredModelTag).where(
            RegisteredModelTag.registered_model_id == model, RegisteredModelTag.key == key
        )
    )


def set_version_tags(session: Session, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version; existing ones get the new value."""
    rows = [{"model_version_id": version, "key": key, "value": tags[key]} for key in sorted(tags)]
    upsert(session, ModelVersionTag, rows, update=["value"])


def delete_version_tag(session: Session, version: int, key: str) -> None:
    """Delete a tag of a version, if it exists."""
    session.execute(
        delete(ModelVersionTag).where(ModelVersionTag.model_version_id == version, ModelVersionTag.key == key)
    )


def set_alias(session: Session, model: int, alias: str, number: int) -> None:
    """Set an alias to the version with a number."""
    row = {"registered_model_id": model, "alias": alias, "version": number}
    upsert(session, RegisteredModelAlias, [row], update=["version"])


def aliased_number(session: Session, model: int, alias: str) -> int | None:
    """Return the number of the version to which an alias points."""
    return session.scalar(
        select(RegisteredModelAlias.version).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.alias == alias
        )
    )


def delete_alias(session: Session, model: int, alias: str) -> None:
    """Delete an alias, if it exists."""
    session.execute(
        delete(RegisteredModelAlias).where(
            RegisteredModelAlias.registered_model_id == model, RegisteredModelAlias.alias == alias
        )
    )


def model_description(session: Session, model: int) -> str:
    """Return a model's description."""
    return session.execute(
        select(RegisteredModel.description).where(RegisteredModel.id == model)
    ).scalar_one()


def model_tags(session: Session, model: int, keys: Sequence[str] | None = None) -> dict[str, str]:
    """Return those tags of a model that have one of `keys`; all of them if no keys are given."""
    table = RegisteredModelTag
    return _tags(session, table.registered_model_id, model, (table.key, table.value), keys)


def model_aliases(session: Session, model: int, number: int | None = None) -> dict[str, int]:
    """Return the aliases of a model with the numbers of their versions; only of version `number` if given."""
    table = RegisteredModelAlias
    statement = select(table.alias, table.version).where(table.registered_model_id == model)
    if number is not None:
        statement = statement.where(table.version == number)
    return dict(session.execute(statement).all())


def version_stages(session: Session, model: int) -> dict[int, str]:
    """Return the numbers of a model's versions, each with its stage."""
    statement = select(ModelVersion.version, ModelVersion.current_stage)
    return dict(session.execute(statement.where(ModelVersion.registered_model_id == model)).all())


def version_description(session: Session, version: int) -> str:
    """Return a version's description."""
    return session.execute(select(ModelVersion.description).where(ModelVersion.id == version)).scalar_one()


def version_row(session: Session, version: int) -> RowMapping:
    """Return a version's row."""
    # Columns are selected, because the session would keep an object and return it unchanged later.
    statement = select(ModelVersion.__table__).where(ModelVersion.id == version)
    return session.execute(statement).mappings().one()


def version_tags(session: Session, version: int, keys: Sequence[str] | None = None) -> dict[str, str]:
    """Return those tags of a version that have one of `keys`; all of them if no keys are given."""
    table = ModelVersionTag
    return _tags(session, table.model_version_id, version, (table.key, table.value), keys)


def _tags(
    session: Session,
    owner: InstrumentedAttribute[int],
    owner_id: int,
    pair: tuple[InstrumentedAttribute[str], InstrumentedAttribute[str]],
    keys: Sequence[str] | None,
) -> dict[str, str]:
    key, value = pair
    statement = select(key, value).where(owner == owner_id)
    if keys is not None:
        statement = statement.where(key.in_(keys))
    return dict(session.execute(statement).all())


# Changes of registered models.
#
# A change of a model, of a version or of an alias first locks the model's row: changes of one model run one
# after the other, and no second lock can be taken in another order.


class NameTakenError(Exception):
    """Another registered model has the name."""


def find_model(session: Session, name: str) -> int | None:
    """Return a model's row id."""
    return session.scalar(select(RegisteredModel.id).where(*named(name)))


def all_names(session: Session) -> Sequence[str]:
    """Return the names of all models of the workspace."""
    statement = select(RegisteredModel.name).where(RegisteredModel.workspace_id == here())
    return session.scalars(statement.order_by(RegisteredModel.name)).all()


def lock_models(session: Session, names: Collection[str]) -> dict[str, int]:
    """Lock the models with these names, in the order of the names, and return the row id of each."""
    statement = (
        select(RegisteredModel.name, RegisteredModel.id)
        .where(RegisteredModel.workspace_id == here(), RegisteredModel.name.in_(names))
        .order_by(RegisteredModel.name)
        .with_for_update()
    )
    return dict(session.execute(statement).all())


def insert_model(session: Session, *, name: str, description: str, now: int) -> int:
    """Insert a model without versions and return its row id; raises `NameTakenError`."""
    statement = insert(RegisteredModel).values(
        workspace_id=here(),
        name=name,
        description=description,
        creation_timestamp=now,
        last_updated_timestamp=now,
        next_version=1,
    )
    try:
        return session.execute(statement.returning(RegisteredModel.id)).scalar_one()
    except IntegrityError as error:
        raise NameTakenError(name) from error


def rename_model(session: Session, model: int, name: str, *, now: int) -> None:
    """Change the name, which counts as a change of every version; raises `NameTakenError`."""
    statement = update(RegisteredModel).where(RegisteredModel.id == model)
    try:
        session.execute(statement.values(name=name, last_updated_timestamp=now))
    except IntegrityError as error:
        raise NameTakenError(name) from error
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.registered_model_id == model)
        .values(last_updated_timestamp=now)
    )


def describe_model(session: Session, model: int, description: str, *, now: int) -> None:
    """Change the description."""
    session.execute(
        update(RegisteredModel)
        .where(RegisteredModel.id == model)
        .values(description=description, last_updated_timestamp=now)
    )


def touch_model(session: Session, model: int, *, now: int) -> None:
    """Set the time of a model's last change."""
    session.execute(
        update(RegisteredModel).where(RegisteredModel.id == model).values(last_updated_timestamp=now)
    )


def delete_model(session: Session, model: int) -> None:
    """Delete a model; its versions, tags and aliases are deleted with it."""
    session.execute(delete(RegisteredModel).where(RegisteredModel.id == model))


def take_version_number(session: Session, name: str, *, now: int) -> tuple[int, int] | None:
    """Lock a model and return its row id and its next version's number, which is then used.

    If the transaction is rolled back, the number is not used, so that only deleted versions leave gaps.
    """
    taken = session.execute(
        update(RegisteredModel)
        .where(*named(name))
        .values(next_version=RegisteredModel.next_version + 1, last_updated_timestamp=now)
        .returning(RegisteredModel.id, RegisteredModel.next_version)
    ).one_or_none()
    return None if taken is None else (taken.id, taken.next_version - 1)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A logged model, and where its files are. `deleted_time` is in milliseconds since the epoch."""

    id: int
    model_id: str
    experiment_id: int
    artifact_uri: str
    stage: str
    deleted_time: int


_COLUMNS = (
    LoggedModel.id,
    LoggedModel.model_id,
    LoggedModel.experiment_id,
    LoggedModel.artifact_uri,
    LoggedModel.lifecycle_stage,
    LoggedModel.last_updated_timestamp,
)


def models_in_bin(session: Session, *, before: int, after: int, limit: int) -> list[ModelFiles]:
    """Return the next models after the row id `after` that came to the bin before a time."""
    statement = select(*_COLUMNS).where(
        LoggedModel.lifecycle_stage == LifecycleStage.DELETED,
        LoggedModel.last_updated_timestamp <= before,
        LoggedModel.id > after,
    )
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id).limit(limit))]


def models_of_experiment(session: Session, experiment_id: int, *, after: int, limit: int) -> list[ModelFiles]:
    """Return the next models of an experiment after the row id `after`, in the bin or not."""
    statement = select(*_COLUMNS).where(LoggedModel.experiment_id == experiment_id, LoggedModel.id > after)
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id).limit(limit))]


def experiments_with_models(session: Session, workspace_id: int) -> Sequence[int]:
    """Return the experiments of a workspace that have logged models."""
    has_models = exists().where(LoggedModel.experiment_id == Experiment.id)
    statement = select(Experiment.id).where(Experiment.workspace_id == workspace_id, has_models)
    return session.scalars(statement.order_by(Experiment.id)).all()


def find_models(session: Session, model_ids: Sequence[str], *, lock: bool) -> list[ModelFiles]:
    """Return those of the models `model_ids` that exist."""
    statement = select(*_COLUMNS).where(is_any_of(session, LoggedModel.model_id, model_ids))
    if lock:
        statement = statement.with_for_update()
    return [ModelFiles(*row) for row in session.execute(statement.order_by(LoggedModel.id))]


def delete_models(session: Session, models: Sequence[int]) -> None:
    """Delete models with their params and tags."""
    session.execute(delete(LoggedModel).where(is_any_of(session, LoggedModel.id, models)))
