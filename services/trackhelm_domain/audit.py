"""The audit trail: the form of a change, appending changes to the chain of events, and verifying the chain.

Logic records changes as it makes them, and they are appended before the commit. Owns the canonical text of a
state and the hash chain.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, current_access
from trackhelm_core.limits import AUDITED_STATE_LENGTH, AUDITED_TEXT_LENGTH
from trackhelm_core.security.actor import Actor
from trackhelm_domain.tables import AuditEvent, AuditHead


class EntityType(StrEnum):
    """The kind of an entity that can be changed."""

    REGISTERED_MODEL = "registered_model"
    MODEL_VERSION = "model_version"
    LOGGED_MODEL = "logged_model"
    EXPERIMENT = "experiment"
    RUN = "run"
    WEBHOOK = "webhook"
    IMPORT = "import"
    ACCOUNT = "account"
    TOKEN = "token"  # noqa: S105 - a kind of entity
    ROLE = "role"
    WORKSPACE = "workspace"
    SAVED_VIEW = "saved_view"


class Action(StrEnum):
    """What is done to an entity."""

    CREATED = "created"
    UPDATED = "updated"
    RENAMED = "renamed"
    DESCRIBED = "described"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    STAGE_CHANGED = "stage_changed"
    ALIAS_SET = "alias_set"
    ALIAS_DELETED = "alias_deleted"
    STATUS_CHANGED = "status_changed"
    PARAMS_LOGGED = "params_logged"
    DELETED = "deleted"
    RESTORED = "restored"
    PURGED = "purged"
    PROTECTED = "protected"
    UNPROTECTED = "unprotected"
    APPROVAL_REQUESTED = "approval_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ROLLED_BACK = "rolled_back"
    IMPORTED = "imported"
    PASSWORD_SET = "password_set"  # noqa: S105 - an action
    QUOTAS_SET = "quotas_set"
    GRANTED = "granted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Entity:
    """The changed entity. `id` is a public id, or the name of a registered model (the new one if renamed)."""

    type: EntityType
    id: str
    version: int | None = None


JsonValue = str | int | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
State = Mapping[str, JsonValue]
"""The part of an entity that a change concerns: `{"stage": "Production"}`. Numbers are whole numbers."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one entity. The state before or after is None if the entity did not exist then."""

    entity: Entity
    action: Action
    before: State | None
    after: State | None
    workspace_id: int | None = None
    """The workspace whose managers see it; None for the one that the request is about."""


@dataclass(frozen=True, slots=True)
class AuditContext:
    """Who makes changes, when (milliseconds since the epoch), and the comment that the actor gave."""

    actor: Actor
    time: int
    comment: str = ""


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
    "workspace_id",
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


def record(session: Session, change: Change, context: AuditContext) -> None:
    """Note a change; `Database.writing` appends it before it commits.

    If the state is the same before and after, nothing is recorded, unless the actor gave a comment.
    """
    before, after = state_text(change.before), state_text(change.after)
    if before == after and not context.comment:
        return
    actor = context.actor
    workspace = change.workspace_id or current_access().workspace_id
    values = {
        "time": context.time,
        # Not of the default workspace: so events are hashed as they were before there were others.
        "workspace_id": None if workspace == DEFAULT_WORKSPACE_ID else workspace,
        "actor": actor.name,
        "actor_kind": actor.kind.value,
        "entity_type": change.entity.type.value,
        "entity_id": change.entity.id,
        "entity_version": change.entity.version,
        "action": change.action.value,
        "before": before,
        "after": after,
        "comment": context.comment,
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


# Verifying the chain: that no event was changed, inserted, removed or put in the place of another.

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
