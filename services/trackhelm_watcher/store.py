"""Statements that read the runs that go on, with what they say of their pods."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import Key, Run, RunTag
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.runs.logic import RUNNING
from trackhelm_ingest.runs.store import Source
from trackhelm_watcher.facts import KEYS

_PAGE: Final = 1_000

# Written out: with a parameter, a prepared statement cannot use the index of the runs that go on.
_IS_RUNNING: Final = Run.status == literal_column(f"'{RUNNING}'")


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A run that goes on: from where it was created or resumed, and its tags of `KEYS`."""

    uuid: str
    source: Source
    start_time: int
    tags: dict[str, str] = field(default_factory=dict)


def runs_going_on(session: Session) -> Iterator[GoingOn]:
    """Yield the runs that go on, page by page."""
    known = session.execute(select(Key.id, Key.name).where(is_any_of(session, Key.name, KEYS)))
    keys = {row.id: row.name for row in known}
    last = 0
    while True:
        statement = (
            select(Run.id, Run.uuid, Run.source_address, Run.source_time, Run.start_time)
            .where(_IS_RUNNING, Run.lifecycle_stage == LifecycleStage.ACTIVE, Run.id > last)
            .order_by(Run.id)
            .limit(_PAGE)
        )
        rows = session.execute(statement).all()
        if not rows:
            return
        last = rows[-1].id
        tags: dict[int, dict[str, str]] = {}
        if keys:
            pairs = select(RunTag.run_id, RunTag.key_id, RunTag.value).where(
                is_any_of(session, RunTag.run_id, [row.id for row in rows]), RunTag.key_id.in_(keys)
            )
            for run_id, key_id, value in session.execute(pairs):
                tags.setdefault(run_id, {})[keys[key_id]] = value
        for run_id, uuid, address, time, start_time in rows:
            yield GoingOn(uuid, Source(address, time), start_time, tags.get(run_id, {}))
