"""What models and versions are before they change, as far as the audit trail tells of it."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.db.models import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)


def model_description(session: Session, model: int) -> str:
    """Return a model's description."""
    return session.execute(
        select(RegisteredModel.description).where(RegisteredModel.id == model)
    ).scalar_one()


def model_tags(session: Session, model: int, keys: Sequence[str] | None = None) -> dict[str, str]:
    """Return those tags of a model that have one of `keys`; all of them where none are named."""
    table = RegisteredModelTag
    return _tags(session, table.registered_model_id, model, (table.key, table.value), keys)


def model_aliases(session: Session, model: int, number: int | None = None) -> dict[str, int]:
    """Return the aliases of a model, each with the number it points to; of one version where it is named."""
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
    # As columns: an object would be remembered by the session, and answered with after the row has changed.
    statement = select(ModelVersion.__table__).where(ModelVersion.id == version)
    return session.execute(statement).mappings().one()


def version_tags(session: Session, version: int, keys: Sequence[str] | None = None) -> dict[str, str]:
    """Return those tags of a version that have one of `keys`; all of them where none are named."""
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
