"""Recording changes: noted by logic as they are made, appended to the trail when their transaction commits.

The chain has one end, and whoever appends to it locks it until the commit. So it is the last thing that a
transaction does: no other lock is taken after it (no deadlock), and it is held for three short statements
and the commit itself.
"""

from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.audit.canonical import event_hash, state_text
from trackhelm_core.audit.changes import Cause, Change
from trackhelm_core.audit.content import content_of
from trackhelm_core.db.models import AuditEvent, AuditHead

_NOTED: Final = "audit"
"""Where a session keeps what was recorded in it."""


def record(session: Session, change: Change, cause: Cause) -> None:
    """Note a change, which `Database.writing` appends before it commits.

    What left everything as it was is no change, unless somebody had something to say about it.
    """
    before, after = state_text(change.before), state_text(change.after)
    if before == after and not cause.comment:
        return
    actor = cause.actor
    values = {
        "time": cause.time,
        "actor": actor.name,
        "actor_kind": actor.kind.value,
        "entity_type": change.entity.type.value,
        "entity_id": change.entity.id,
        "entity_version": change.entity.version,
        "action": change.action.value,
        "before": before,
        "after": after,
        "comment": cause.comment,
        "request_id": actor.request_id,
        "source_address": actor.source_address,
    }
    session.info.setdefault(_NOTED, []).append((change, values))


def recorded_changes(session: Session) -> list[Change]:
    """Return what was recorded in a session so far."""
    return [change for change, _ in session.info.get(_NOTED, ())]


class AuditTrail:
    """The hook by which each transaction that writes appends what was recorded in its session."""

    def begin(self, session: Session) -> None:
        """Prepare nothing: a session is ready."""

    def before_commit(self, session: Session) -> None:
        """Append what was recorded."""
        append_recorded(session)


def append_recorded(session: Session) -> None:
    """Append what was recorded in a session to the trail, in the order in which it was recorded."""
    noted: list[tuple[Change, dict[str, Any]]] = session.info.pop(_NOTED, [])
    if not noted:
        return
    # Waits for whoever appends just now. SQLite has one writer anyway.
    head = select(AuditHead.event_id, AuditHead.hash).with_for_update()
    event_id, previous_hash = session.execute(head).one()
    rows = []
    for _, values in noted:
        event_id += 1
        row = {"id": event_id, **values, "previous_hash": previous_hash}
        previous_hash = row["hash"] = event_hash(content_of(row))
        rows.append(row)
    session.execute(insert(AuditEvent), rows)
    session.execute(update(AuditHead).values(event_id=event_id, hash=previous_hash))
