"""Models and versions with all that hangs on them, read with a fixed number of statements a page.

Rows are read here and nowhere else, after the changes of the transaction: what is returned is what is stored.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Select, func, literal_column, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.db.models import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from trackhelm_core.db.models.registry import Stage

# SQLite takes 32,766 parameters a statement and a page of versions may have 200,000 rows.
_IDS_PER_STATEMENT: Final = 10_000


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
    found = session.scalar(select(RegisteredModel).where(RegisteredModel.name == name))
    return None if found is None else complete_models(session, [found])[0]


def version_details(session: Session, name: str, number: int) -> VersionDetails | None:
    """Return the version with a number of the model with a name."""
    condition = (RegisteredModel.name == name, ModelVersion.version == number)
    found = session.execute(versions_with_names().where(*condition)).all()
    return complete_versions(session, found)[0] if found else None


def latest_versions(session: Session, model: int) -> Sequence[VersionDetails]:
    """Return the newest version of each stage of a model that has any, by their numbers."""
    return _latest_versions(session, [model])[model]


def complete_models(session: Session, rows: Sequence[RegisteredModel]) -> list[ModelDetails]:
    """Return models with all that hangs on them."""
    ids = [row.id for row in rows]
    latest = _latest_versions(session, ids)
    tags = _grouped(
        session, RegisteredModelTag.registered_model_id, ids, RegisteredModelTag.key, RegisteredModelTag.value
    )
    aliases = _aliases(session, ids)
    return [ModelDetails(row, latest[row.id], tags[row.id], aliases[row.id]) for row in rows]


def complete_versions(session: Session, rows: Sequence[tuple[ModelVersion, str]]) -> list[VersionDetails]:
    """Return versions (given with their models' names) with all that hangs on them."""
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
    """Select the number of each model's newest version in a stage: the end of a part of an index.

    Grouped by stage, it would be a walk over every version of the models.
    """
    number = (
        select(func.max(ModelVersion.version))
        .where(
            ModelVersion.registered_model_id == RegisteredModel.id,
            # Not as a parameter: the plan is the same for every model.
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
