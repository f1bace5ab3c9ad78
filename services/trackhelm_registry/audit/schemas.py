"""Requests and answers about the audit trail."""

import msgspec

from trackhelm_core.limits import SEARCH_AUDIT_EVENTS_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Milliseconds, WireModel
from trackhelm_domain.audit import Action, EntityType
from trackhelm_registry.model_versions.schemas import NamedModel


class EventFilter(WireModel):
    """The conditions on events, all of which must hold.

    `model_name` finds the events of a registered model and of its versions. `since` is included, `until` is
    not.
    """

    entity_type: EntityType | None = None
    entity_id: str = ""
    entity_version: Int64 | None = None
    model_name: str = ""
    actor: str = ""
    action: Action | None = None
    since: Milliseconds | None = None
    until: Milliseconds | None = None


class SearchAuditEvents(EventFilter):
    """`GET` and `POST trackhelm/audit/events`."""

    max_results: Int64 = SEARCH_AUDIT_EVENTS_DEFAULT_PAGE
    page_token: str = ""


class AuditEvent(Reply, frozen=True, rename={"before": "from", "after": "to"}):
    """One change. `hash` is the hash of all other fields, `previous_hash` that of the event before.

    It has a `workspace_id` if it is not of the workspace `default`. The event of a creation has no `from`,
    and that of a deletion has no `to`.
    """

    id: int
    time: int
    actor: str
    actor_kind: str
    entity_type: str
    entity_id: str
    action: str
    comment: str
    request_id: str
    source_address: str
    previous_hash: str
    hash: str
    workspace_id: int | None = None
    entity_version: int | None = None
    before: msgspec.Raw | None = None
    after: msgspec.Raw | None = None


class AuditEventsPage(Reply, frozen=True):
    """The answer of `trackhelm/audit/events`, the newest event first."""

    events: tuple[AuditEvent, ...] = ()
    next_page_token: str = ""


class GetStageHistory(NamedModel):
    """`GET trackhelm/audit/stages`."""


class PastTransition(Reply, frozen=True):
    """A version that went from one stage to another, by whom, and what they said about it."""

    version: int
    time: int
    from_stage: str
    to_stage: str
    actor: str
    comment: str


class StageHistory(Reply, frozen=True):
    """The answer of `trackhelm/audit/stages`: what happened to a model's versions, the oldest first."""

    name: str
    transitions: tuple[PastTransition, ...] = ()
