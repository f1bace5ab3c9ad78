"""Verification of the audit chain: finding every event that was changed or removed after it was appended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from trackhelm_domain.audit.recorder import NO_EVENT, canonical, content_of, event_hash
from trackhelm_domain.tables import AuditEvent, AuditHead

_ROWS_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class Verification:
    """The newest event of the trail. It is known when `faults` is exhausted."""

    events: int = 0
    last_id: int = 0
    last_hash: str = NO_EVENT
    _last_was_changed: bool = False

    def faults(self, session: Session) -> Iterator[str]:
        """Yield the faults, event by event. The session must see one snapshot of the database."""
        head = session.execute(select(AuditHead.event_id, AuditHead.hash)).one_or_none()
        newest = None if head is None else head.event_id
        statement = select(AuditEvent.__table__).order_by(AuditEvent.id)
        for row in session.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings():
            yield from self._faults_of(row, newest)
        if head is None:
            yield "audit_head has no row: whether events are missing at the end cannot be told"
        elif head.event_id > self.last_id:
            yield f"{_events(self.last_id + 1, head.event_id)} missing at the end of the trail"
        elif head.event_id == self.last_id and head.hash != self.last_hash and not self._last_was_changed:
            yield f"event {self.last_id} is not the one that was appended: another took its place"

    def _faults_of(self, row: RowMapping, newest: int | None) -> Iterator[str]:
        event, expected = row["id"], self.last_id + 1
        if event < expected or (newest is not None and event > newest):
            yield f"event {event} was inserted: the server did not append it"
            return
        changed = not _is_whole(row)
        if event > expected:
            yield f"{_events(expected, event - 1)} missing before event {event}"
        elif row["previous_hash"] != self.last_hash and not (changed or self._last_was_changed):
            yield f"event {self.last_id} is not the one that event {event} was appended to"
        if changed:
            yield f"event {event} was changed: its hash does not fit its content"
        self.events += 1
        self.last_id, self.last_hash, self._last_was_changed = event, row["hash"], changed


def known_event_fault(session: Session, event_id: int, known_hash: str) -> str | None:
    """Return the fault of an event whose hash was noted earlier; None if it still has that hash.

    This finds what the chain alone cannot show: that the whole chain was replaced.
    """
    found = session.scalar(select(AuditEvent.hash).where(AuditEvent.id == event_id))
    if found == known_hash:
        return None
    return f"event {event_id} is {'missing' if found is None else 'not the one whose hash was noted'}"


def _is_whole(row: RowMapping) -> bool:
    try:
        texts = [row[name] for name in ("before", "after") if row[name] is not None]
        # The text must be canonical: another text with the same JSON value would pass the hash.
        as_written = all(canonical(json.loads(text)) == text for text in texts)
        return as_written and event_hash(content_of(dict(row))) == row["hash"]
    except (ValueError, TypeError, RecursionError):
        return False  # A state that is not JSON, or a blob instead of a text.


def _events(first: int, last: int) -> str:
    return f"event {first} is" if first == last else f"events {first} to {last} are"
