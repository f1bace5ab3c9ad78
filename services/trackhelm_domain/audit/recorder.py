"""Recording changes: noted by logic as they are made, appended to the audit trail before the commit.

Owns the canonical text of a state and the hash chain.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.limits import AUDITED_STATE_LENGTH, AUDITED_TEXT_LENGTH
from trackhelm_domain.audit.changes import AuditContext, Change, JsonValue, State
from trackhelm_domain.tables import AuditEvent, AuditHead

# The one JSON text of a state, and the hash of an event. A change here breaks every chain there is.

NO_EVENT: Final = "0" * 64
"""What the first event has for the hash of the event before."""


def canonical(value: Any) -> str:
    """Return the JSON text of a value: keys sorted, no space, characters as themselves."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 form, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(content: Mapping[str, Any]) -> str:
    """Return the hash of an event: of all its fields but the hash, as `content` lists them."""
    return sha256(canonical(content))


def state_text(state: State | None) -> str | None:
    """Return the text to store for a state.

    A long text is kept as its beginning with length and digest, and a state that is still long as its
    digest: a page of a thousand events must stay one that can be answered with.
    """
    if state is None:
        return None
    text = canonical(_shortened(state))
    return text if len(text) <= AUDITED_STATE_LENGTH else canonical(_digest_of(canonical(state)))


def _shortened(value: JsonValue) -> JsonValue:
    match value:
        case str() if len(value) > AUDITED_TEXT_LENGTH:
            return {"starts": value[:AUDITED_TEXT_LENGTH], **_digest_of(value)}
        case list() | tuple():
            return [_shortened(item) for item in value]
        case Mapping():
            return {key: _shortened(item) for key, item in value.items()}
        case _:
            return value


def _digest_of(text: str) -> dict[str, JsonValue]:
    return {"length": len(text), "sha256": sha256(text)}


# The fields of an event as they are hashed, exported and answered, made from its row.

_STATES: Final = {"before": "from", "after": "to"}
_FIELDS: Final = (
    "id",
    "time",
    "actor",
    "actor_kind",
    "entity_type",
    "entity_id",
    "entity_version",
    "action",
    "before",
    "after",
    "comment",
    "request_id",
    "source_address",
    "previous_hash",
)


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the hash of an event covers: its fields as they are exported, without the hash itself.

    Raises:
        ValueError: A state is no JSON text.
    """
    return {
        _STATES.get(name, name): json.loads(row[name]) if name in _STATES else row[name]
        for name in _FIELDS
        if row[name] is not None
    }


# Recording changes: noted by logic as they are made, appended to the trail when their transaction commits.
#
# The chain has one end, and whoever appends to it locks it until the commit. So it is the last thing that a
# transaction does: no other lock is taken after it (no deadlock), and it is held for three short statements
# and the commit itself.

_NOTED: Final = "audit"
"""Where a session keeps what was recorded in it."""


def record(session: Session, change: Change, cause: AuditContext) -> None:
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
