"""Rules for what is written of the pod of a run: facts as tags, and the end of a run whose program is gone.

The word of a client stands: nothing is written to a run that has ended, or that was resumed since its pod was
looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, record
from trackhelm_domain.outbox import Event
from trackhelm_domain.runs.schemas import RunInfo
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.runs import store
from trackhelm_ingest.runs.logic import RUNNING, announce_run, announce_status, clean_tags
from trackhelm_ingest.runs.store import Lock, RunRef, Source

FACTS: Final = "trackhelm.k8s."
"""The prefix of the keys of tags that say what is known of a run's pod. Only the watcher writes them."""


@dataclass(frozen=True, slots=True)
class PodEnd:
    """How the program of a run ended: the run's state, when, and what else webhooks are told."""

    status: str
    time: int
    details: Mapping[str, str | int | None]


def note_pod(
    session: Session, uuid: str, looked_at: Source, facts: Mapping[str, str], *, context: AuditContext
) -> bool:
    """Make `facts` the tags below `FACTS` of a run that goes on; return whether that changed something.

    The end of a run that was resumed counts no more.
    """
    run = _going_on(session, uuid, looked_at)
    if run is None:
        return False
    before, after = _write(session, run, facts)
    if store.run_info(session, run.id).end_time is not None:
        store.update_run(session, run.id, end_time=None)
    record(session, Change(Entity(EntityType.RUN, uuid), Action.TAGGED, before, after), context)
    return before != after


def end_run(
    session: Session,
    uuid: str,
    looked_at: Source,
    facts: Mapping[str, str],
    *,
    end: PodEnd,
    context: AuditContext,
) -> RunInfo | None:
    """End a run whose program is gone, with `facts` as its tags; None if it has ended or was resumed."""
    run = _going_on(session, uuid, looked_at)
    if run is None:
        return None
    before, after = _write(session, run, facts)
    store.update_run(session, run.id, status=end.status, end_time=end.time)
    info = store.run_info(session, run.id)
    change = Change(
        Entity(EntityType.RUN, uuid),
        Action.STATUS_CHANGED,
        {"status": run.status, **before},
        {"status": end.status, **after},
    )
    record(session, change, context)
    announce_status(session, info, context.time)
    announce_run(session, Event.RUN_POD_ENDED, info, context.time, **end.details)
    return info


def _going_on(session: Session, uuid: str, looked_at: Source) -> RunRef | None:
    """Return a run, locked, if it goes on where it was when it was looked at."""
    run = store.find_runs(session, [uuid], lock=Lock.OWN).get(uuid)
    if run is None or run.stage is not LifecycleStage.ACTIVE or run.status != RUNNING:
        return None
    return run if store.source_of(session, run.id) == looked_at else None


def _write(session: Session, run: RunRef, facts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Write the facts that differ, and return those as they were and as they are."""
    facts = clean_tags(facts.items())
    stored = store.tags_below(session, run.id, FACTS)
    changed = {key: value for key, value in facts.items() if stored.get(key) != value}
    removed = [key for key in stored if key not in facts]
    if changed or removed:
        store.reopen(session, run)
    if changed:
        store.set_tags(session, run.id, changed)
    for key in removed:
        store.delete_tag(session, run.id, key)
    before = {key: value for key, value in stored.items() if key in changed or key not in facts}
    return before, changed
