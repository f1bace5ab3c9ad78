"""Statements that find and change registered models.

A change of a model, of a version or of an alias first locks the model's row: changes of one model take
turns, and there is no second lock to take in another order.
"""

from collections.abc import Collection

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trackhelm_core.db.models import ModelVersion, RegisteredModel


class NameTakenError(Exception):
    """Another registered model has the name."""


def find_model(session: Session, name: str) -> int | None:
    """Return a model's row id."""
    return session.scalar(select(RegisteredModel.id).where(RegisteredModel.name == name))


def lock_models(session: Session, names: Collection[str]) -> dict[str, int]:
    """Lock the models with these names, in the order of the names, and return the row id of each."""
    statement = (
        select(RegisteredModel.name, RegisteredModel.id)
        .where(RegisteredModel.name.in_(names))
        .order_by(RegisteredModel.name)
        .with_for_update()
    )
    return dict(session.execute(statement).all())


def insert_model(session: Session, *, name: str, description: str, now: int) -> int:
    """Insert a model without versions and return its row id; raises `NameTakenError`."""
    statement = insert(RegisteredModel).values(
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
    """Note that a model changed."""
    session.execute(
        update(RegisteredModel).where(RegisteredModel.id == model).values(last_updated_timestamp=now)
    )


def delete_model(session: Session, model: int) -> None:
    """Delete a model; its versions, tags and aliases go with it."""
    session.execute(delete(RegisteredModel).where(RegisteredModel.id == model))


def take_version_number(session: Session, name: str, *, now: int) -> tuple[int, int] | None:
    """Lock a model and return its row id and the number of its next version, which is then taken.

    A rollback gives the number back: numbers have no gap but that of a deleted version.
    """
    taken = session.execute(
        update(RegisteredModel)
        .where(RegisteredModel.name == name)
        .values(next_version=RegisteredModel.next_version + 1, last_updated_timestamp=now)
        .returning(RegisteredModel.id, RegisteredModel.next_version)
    ).one_or_none()
    return None if taken is None else (taken.id, taken.next_version - 1)
