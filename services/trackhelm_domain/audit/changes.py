"""The contents of an audit event: the names of entities and actions, and the form of a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trackhelm_core.security.actor import Actor


class EntityType(StrEnum):
    """The kind of an entity that can be changed."""

    REGISTERED_MODEL = "registered_model"
    MODEL_VERSION = "model_version"
    LOGGED_MODEL = "logged_model"
    EXPERIMENT = "experiment"
    RUN = "run"
    WEBHOOK = "webhook"


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


@dataclass(frozen=True, slots=True)
class AuditContext:
    """Who makes changes, when (milliseconds since the epoch), and the comment that the actor gave."""

    actor: Actor
    time: int
    comment: str = ""
