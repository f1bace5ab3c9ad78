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
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.db.models.metrics import NO_LABELS_ID
from trackhelm_core.db.plain_rows import PlainRows
from trackhelm_core.db.upsert import dialect_of, upsert
from trackhelm_core.run_contents.documents import VERSION
from trackhelm_core.run_contents.reading import RUN_COLUMNS
from trackhelm_ingest.run_states import ENDED

_HAS_ENDED: Final = and_(Run.status.in_(sorted(ENDED)), Run.lifecycle_stage != LifecycleStage.PURGED)
# Two ways to find what is to be settled. Each is a walk of an index, of which what is settled leaves the part
# that is walked: settling a million runs anew does not look for the next ones among all those done.
_UNSETTLED: Final = select(*RUN_COLUMNS).where(not_(Run.settled), _HAS_ENDED).order_by(Run.id)
_OF_OLD_VERSION: Final = (
    select(*RUN_COLUMNS)
    .join(RunDocument, RunDocument.run_id == Run.id)
    .where(RunDocument.version < VERSION, Run.settled, _HAS_ENDED)
    .order_by(RunDocument.version, RunDocument.run_id)
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
        session.execute(statement.limit(1)).first() is not None for statement in (_UNSETTLED, _OF_OLD_VERSION)
    )


def lock_runs_to_settle(session: Session, limit: int) -> PlainRows:
    """Return up to `limit` runs that are to be settled, locked, in the form of `RUN_COLUMNS`.

    Runs that somebody logs to at this moment are left for another time.
    """
    found: list[tuple[Any, ...]] = []
    for statement in (_UNSETTLED, _OF_OLD_VERSION):
        if len(found) < limit:
            locking = statement.limit(limit - len(found)).with_for_update(of=Run, skip_locked=True)
            found += map(tuple, session.connection().execute(locking))
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
