"""Statements that read the audit trail. They must not write it, which only `trackhelm_domain.audit` does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, current_access
from trackhelm_core.search.pages import AnyRow, Page, PageRequest, SortColumn, read_page
from trackhelm_domain.audit import Action, EntityType
from trackhelm_domain.tables import AuditEvent

_ROWS_AT_ONCE: Final = 1_000
_ORIGINS: Final = (Action.CREATED, Action.DELETED, Action.RENAMED)
_NEWEST_FIRST: Final = (SortColumn(AuditEvent.id, descending=True),)


@dataclass(frozen=True, slots=True)
class EventConditions:
    """Values that events must have; None for any value. `since` is included, `until` is not."""

    entity_types: Sequence[EntityType] | None = None
    entity_id: str | None = None
    entity_version: int | None = None
    actor: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


class StoredEvent(NamedTuple):
    """An event as it is stored, with the columns of its table. The states are JSON."""

    id: int
    time: int
    actor: str
    actor_kind: str
    workspace_id: int | None
    entity_type: str
    entity_id: str
    entity_version: int | None
    action: str
    before: str | None
    after: str | None
    comment: str
    request_id: str
    source_address: str
    previous_hash: str
    hash: str


def _event_of(row: AnyRow) -> StoredEvent:
    return StoredEvent(**{name: getattr(row, name) for name in StoredEvent._fields})


def event_page(session: Session, conditions: EventConditions, page: PageRequest) -> Page[StoredEvent]:
    """Return a page of events, the newest first."""
    return read_page(session, _events(conditions), _NEWEST_FIRST, page).of(_event_of)


def all_events(session: Session, conditions: EventConditions) -> Iterator[StoredEvent]:
    """Yield every event, the oldest first, with only a part of them in memory at a time."""
    statement = _events(conditions).order_by(AuditEvent.id)
    yield from map(_event_of, session.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}))


def origin(session: Session, name: str, before: int | None) -> StoredEvent | None:
    """Return the last event before another by which a model got or lost a name; None if there is none."""
    of_name = EventConditions([EntityType.REGISTERED_MODEL], name)
    statement = _until(_events(of_name), before).where(AuditEvent.action.in_(_ORIGINS))
    row = session.execute(statement.order_by(AuditEvent.id.desc()).limit(1)).first()
    return None if row is None else _event_of(row)


def transitions(
    session: Session, name: str, *, after: int, before: int | None, limit: int
) -> list[StoredEvent]:
    """Return the last transitions of a model's versions between two events, the newest first."""
    of_name = EventConditions([EntityType.MODEL_VERSION], name, action=Action.STAGE_CHANGED)
    statement = _until(_events(of_name), before).where(AuditEvent.id > after)
    return [_event_of(row) for row in session.execute(statement.order_by(AuditEvent.id.desc()).limit(limit))]


def _until(events: Select[*tuple[Any, ...]], before: int | None) -> Select[*tuple[Any, ...]]:
    return events if before is None else events.where(AuditEvent.id < before)


def _events(conditions: EventConditions) -> Select[*tuple[Any, ...]]:
    event = AuditEvent
    wanted = {
        event.entity_id: conditions.entity_id,
        event.entity_version: conditions.entity_version,
        event.actor: conditions.actor,
        event.action: conditions.action,
    }
    statement = select(event.__table__).where(
        *(column == value for column, value in wanted.items() if value is not None)
    )
    workspace = current_access().workspace_id
    if workspace is not None:
        # Those of the default workspace have none.
        own = event.workspace_id
        statement = statement.where(own.is_(None) if workspace == DEFAULT_WORKSPACE_ID else own == workspace)
    if conditions.entity_types is not None:
        statement = statement.where(event.entity_type.in_(conditions.entity_types))
    if conditions.since is not None:
        statement = statement.where(event.time >= conditions.since)
    if conditions.until is not None:
        statement = statement.where(event.time < conditions.until)
    return statement
