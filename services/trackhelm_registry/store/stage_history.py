"""Statements about what each transition of a model moved.

The model's row is locked by whoever calls these: transitions are counted without a double.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, or_, select, true
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import ModelVersion, StageHistory

Stages = tuple[str, str]
"""Where from, and where to."""


class Transition(NamedTuple):
    """A transition by its number, and what it moved, by the numbers of the versions."""

    number: int
    moved: Mapping[int, Stages]


def note(session: Session, model: int, moved: Mapping[int, Stages]) -> None:
    """Note what a transition moved."""
    newest = select(func.max(StageHistory.transition)).where(StageHistory.registered_model_id == model)
    transition = (session.scalar(newest) or 0) + 1
    rows = [
        {
            "registered_model_id": model,
            "transition": transition,
            "version": number,
            "from_stage": stages[0],
            "to_stage": stages[1],
        }
        for number, stages in sorted(moved.items())
        if stages[0] != stages[1]
    ]
    if rows:
        session.execute(insert(StageHistory), rows)


def newest_about(session: Session, model: int, stage: str, *, before: int | None = None) -> Transition | None:
    """Return the newest transition (or that before another one) that moved a version into a stage or out."""
    history = StageHistory
    newest = (
        select(func.max(history.transition))
        .where(
            history.registered_model_id == model,
            or_(history.from_stage == stage, history.to_stage == stage),
            true() if before is None else history.transition < before,
        )
        .scalar_subquery()
    )
    found = session.execute(
        select(history.transition, history.version, history.from_stage, history.to_stage).where(
            history.registered_model_id == model, history.transition == newest
        )
    ).all()
    if not found:
        return None
    moved = {row.version: (row.from_stage, row.to_stage) for row in found}
    return Transition(found[0].transition, moved)


def forget(session: Session, model: int, transition: int) -> None:
    """Forget a transition: it is undone."""
    session.execute(
        delete(StageHistory).where(
            StageHistory.registered_model_id == model, StageHistory.transition == transition
        )
    )


def forget_version(session: Session, model: int, number: int) -> None:
    """Forget that a version was moved: it is being deleted."""
    session.execute(
        delete(StageHistory).where(StageHistory.registered_model_id == model, StageHistory.version == number)
    )


def stages_now(session: Session, model: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return the stage of each of some versions."""
    statement = select(ModelVersion.version, ModelVersion.current_stage).where(
        ModelVersion.registered_model_id == model, is_any_of(session, ModelVersion.version, numbers)
    )
    return dict(session.execute(statement).all())
