"""Recording changes: logic notes them as it makes them, and they are appended to the trail before the commit.

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

# The canonical JSON text of a state, and the hash of an event. A change here invalidates every existing
# chain.

NO_EVENT: Final = "0" * 64
"""The hash of the event before, in the first event."""


def canonical(value: Any) -> str:
    """Return the JSON text of a value: keys sorted, no spaces, characters not escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 form, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(content: Mapping[str, Any]) -> str:
    """Return the hash of an event, over all its fields except the hash, as `content_of` returns them."""
    return sha256(canonical(content))


def state_text(state: State | None) -> str | None:
    """Return the text that is stored for a state.

    Of a long text in it, the beginning, the length and a digest are kept. If the state is still long, only
    its digest is kept, so that a page of a thousand events does not become too large for an answer.
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
    """Return the fields that the hash of an event covers, as they are exported, without the hash itself.

    Raises:
        ValueError: A state is not JSON.
    """
    return {
        _STATES.get(name, name): json.loads(row[name]) if name in _STATES else row[name]
        for name in _FIELDS
        if row[name] is not None
    }


# Recording changes.
#
# A transaction that appends to the chain locks its end until the commit. Appending is therefore the last
# thing that a transaction does: no other lock is taken after this one (so there is no deadlock), and it is
# held only for three short statements and the commit.

_NOTED: Final = "audit"
"""The key in `Session.info` under which the recorded changes are kept."""


def record(session: Session, change: Change, cause: AuditContext) -> None:
    """Note a change; `Database.writing` appends it before it commits.

    If the state is the same before and after, nothing is recorded, unless the actor gave a comment.
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
    """Return the changes that were recorded in a session so far."""
    return [change for change, _ in session.info.get(_NOTED, ())]


class AuditTrail:
    """The hook by which each transaction that writes appends the changes recorded in its session."""

    def begin(self, session: Session) -> None:
        """Do nothing: a session needs no preparation."""

    def before_commit(self, session: Session) -> None:
        """Append the recorded changes."""
        append_recorded(session)


def append_recorded(session: Session) -> None:
    """Append the changes recorded in a session to the trail, in the order in which they were recorded."""
    noted: list[tuple[Change, dict[str, Any]]] = session.info.pop(_NOTED, [])
    if not noted:
        return
    # This waits for a transaction that is appending. SQLite has one writer anyway.
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
