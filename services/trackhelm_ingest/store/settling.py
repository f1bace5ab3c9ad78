"""Statements that settle runs: their documents, and the values by which a search finds them in order."""

from collections.abc import Mapping, Sequence

from sqlalchemy import not_, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Run, RunDocument, Series
from trackhelm_core.db.models.base import LifecycleStage
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.db.plain_rows import PlainRows
from trackhelm_core.db.upsert import upsert
from trackhelm_core.run_contents.documents import VERSION
from trackhelm_core.run_contents.reading import RUN_COLUMNS
from trackhelm_ingest.run_states import ENDED

_TO_SETTLE = (
    not_(Run.settled),
    Run.status.in_(sorted(ENDED)),
    Run.lifecycle_stage != LifecycleStage.PURGED,
)


def is_any_to_settle(session: Session) -> bool:
    """Return whether a run has ended and is not settled."""
    return session.scalar(select(Run.id).where(*_TO_SETTLE).limit(1)) is not None


def lock_runs_to_settle(session: Session, limit: int) -> PlainRows:
    """Return up to `limit` runs that have ended and are not settled, locked, in the form of `RUN_COLUMNS`.

    Runs that somebody logs to at this moment are left for another time.
    """
    statement = (
        select(*RUN_COLUMNS)
        .where(*_TO_SETTLE)
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [tuple(row) for row in session.connection().execute(statement)]


def settle(session: Session, documents: Mapping[int, bytes]) -> None:
    """Settle locked runs, given with their documents."""
    run_ids = sorted(documents)
    rows = [{"run_id": run, "version": VERSION, "document": documents[run]} for run in run_ids]
    upsert(session, RunDocument, rows, update=["version", "document"])
    _settle_values(session, run_ids)
    session.execute(update(Run).where(is_any_of(session, Run.id, run_ids)).values(settled=True))


def _settle_values(session: Session, run_ids: Sequence[int]) -> None:
    experiment = select(Run.experiment_id).where(Run.id == Series.run_id).scalar_subquery()
    differs = Series.settled_value.is_distinct_from(Series.last_value)
    session.execute(
        update(Series)
        .where(
            is_any_of(session, Series.run_id, run_ids),
            Series.label_set_id == NO_LABELS_ID,
            differs | Series.settled_in.is_(None),
        )
        .values(settled_in=experiment, settled_value=Series.last_value)
    )
