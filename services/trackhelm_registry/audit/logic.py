"""Rules about reading the audit trail: filters, pages, and the form of an event."""

from collections.abc import Iterator

import msgspec
from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import MOST_TRANSITIONS, SEARCH_AUDIT_EVENTS_PAGE
from trackhelm_core.search.pages import PageRequest, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_core.wire.arguments import shown
from trackhelm_domain.audit import Action, EntityType
from trackhelm_registry.audit import store
from trackhelm_registry.audit.schemas import (
    AuditEvent,
    AuditEventsPage,
    EventFilter,
    PastTransition,
    StageHistory,
)
from trackhelm_registry.audit.store import StoredEvent
from trackhelm_registry.registered_models.logic import found_model

_OF_A_MODEL = (EntityType.REGISTERED_MODEL, EntityType.MODEL_VERSION)


def search_events(
    session: Session, wanted: EventFilter, *, max_results: int, page_token: str
) -> AuditEventsPage:
    """Return a page of the events that match a filter, the newest first."""
    limit = check_page_size(max_results, SEARCH_AUDIT_EVENTS_PAGE)
    digest = query_digest("audit events", wanted.model_dump(include=set(EventFilter.model_fields)))
    page = store.event_page(session, _conditions(wanted), PageRequest(digest, page_token, limit))
    return AuditEventsPage(events=tuple(map(_message, page.rows)), next_page_token=page.next_token)


def export_events(session: Session, wanted: EventFilter) -> Iterator[AuditEvent]:
    """Yield every event that matches a filter, the oldest first."""
    yield from map(_message, store.all_events(session, _conditions(wanted)))


def stage_history(session: Session, name: str) -> StageHistory:
    """Return the transitions between stages of a model's versions, the oldest first.

    Those under its earlier names are among them, and those of another model that had its name before are not.
    """
    found_model(session, name)
    found: list[PastTransition] = []
    known_as, before = name, None
    while (left := MOST_TRANSITIONS - len(found)) > 0:
        origin = store.origin(session, known_as, before)
        after = 0 if origin is None else origin.id
        rows = store.transitions(session, known_as, after=after, before=before, limit=left)
        found.extend(map(_transition, rows))
        if origin is None or origin.action != Action.RENAMED:
            break
        known_as, before = msgspec.json.decode(origin.before or "{}")["name"], origin.id
    return StageHistory(name=name, transitions=tuple(reversed(found)))


def _transition(row: StoredEvent) -> PastTransition:
    from_stage, to_stage = (msgspec.json.decode(state or "{}")["stage"] for state in (row.before, row.after))
    version = row.entity_version or 0  # All events of versions have one.
    return PastTransition(version, row.time, from_stage, to_stage, row.actor, row.comment)


def _conditions(wanted: EventFilter) -> store.EventConditions:
    types = [wanted.entity_type] if wanted.entity_type else None
    if wanted.model_name:
        if wanted.entity_id:
            raise InvalidParameterError(
                f"Invalid value {shown(wanted.entity_id)} for parameter 'entity_id' supplied: "
                f"'model_name' is given too ({shown(wanted.model_name)}), and only one of them may be."
            )
        types = [kind for kind in _OF_A_MODEL if wanted.entity_type in {kind, None}]
    return store.EventConditions(
        entity_types=types,
        entity_id=wanted.model_name or wanted.entity_id or None,
        entity_version=wanted.entity_version,
        actor=wanted.actor or None,
        action=wanted.action,
        since=wanted.since,
        until=wanted.until,
    )


def _message(row: StoredEvent) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        time=row.time,
        actor=row.actor,
        actor_kind=row.actor_kind,
        workspace_id=row.workspace_id,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        entity_version=row.entity_version,
        action=row.action,
        before=_state(row.before),
        after=_state(row.after),
        comment=row.comment,
        request_id=row.request_id,
        source_address=row.source_address,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )


def _state(text: str | None) -> msgspec.Raw | None:
    # The text is JSON already and is answered as it is stored.
    return None if text is None else msgspec.Raw(text.encode())
