"""Statements that settle runs: their documents, and the values by which a search finds them in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, not_, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.lists import is_any_of
from trackhelm_core.db.models import Run, RunDocument, Series
from trackhelm_core.db.models.base import LifecycleStage
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.db.plain_rows import PlainRows
from trackhelm_core.db.upsert import dialect_of, upsert
from trackhelm_core.run_contents.documents import VERSION
from trackhelm_core.run_contents.reading import RUN_COLUMNS
from trackhelm_ingest.run_states import ENDED

_HAS_ENDED: Final = and_(Run.status.in_(sorted(ENDED)), Run.lifecycle_stage != LifecycleStage.PURGED)
_UNSETTLED: Final = and_(not_(Run.settled), _HAS_ENDED)
# Two ways to find what is to be settled, because each has an index of its own.
_OF_OLD_VERSION: Final = and_(
    Run.settled, _HAS_ENDED, Run.id.in_(select(RunDocument.run_id).where(RunDocument.version < VERSION))
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What is kept of a run that settles."""

    run_id: int
    document: bytes
    pairs: Sequence[UUID]
    """The digests of its params and tags."""


def is_any_to_settle(session: Session) -> bool:
    """Return whether a run has ended and is not settled, or has a document of a version before this one."""
    return any(
        session.scalar(select(Run.id).where(condition).limit(1)) is not None
        for condition in (_UNSETTLED, _OF_OLD_VERSION)
    )


def lock_runs_to_settle(session: Session, limit: int) -> PlainRows:
    """Return up to `limit` runs that are to be settled, locked, in the form of `RUN_COLUMNS`.

    Runs that somebody logs to at this moment are left for another time.
    """
    found: list[tuple[Any, ...]] = []
    for condition in (_UNSETTLED, _OF_OLD_VERSION):
        statement = (
            select(*RUN_COLUMNS)
            .where(condition)
            .order_by(Run.id)
            .limit(limit - len(found))
            .with_for_update(of=Run, skip_locked=True)
        )
        found += map(tuple, session.connection().execute(statement))
    return found


def settle(session: Session, runs: Iterable[Settled]) -> None:
    """Settle locked runs."""
    runs = sorted(runs, key=attrgetter("run_id"))
    run_ids = [run.run_id for run in runs]
    has_pairs = dialect_of(session) == "postgresql"
    rows = [
        {
            "run_id": run.run_id,
            "version": VERSION,
            "document": run.document,
            "pairs": run.pairs if has_pairs else None,
        }
        for run in runs
    ]
    upsert(session, RunDocument, rows, update=["version", "document", "pairs"])
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
