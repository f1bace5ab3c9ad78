"""What an event says: the words for entities and actions, and the form of a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trackhelm_core.security.actor import Actor


class EntityType(StrEnum):
    """What can be changed."""

    REGISTERED_MODEL = "registered_model"
    MODEL_VERSION = "model_version"
    LOGGED_MODEL = "logged_model"
    EXPERIMENT = "experiment"
    RUN = "run"
    WEBHOOK = "webhook"


class Action(StrEnum):
    """What can be done to it."""

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
    """What was changed. `id` is a registered model's name (after a renaming the new one), or a public id."""

    type: EntityType
    id: str
    version: int | None = None


JsonValue = str | int | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
State = Mapping[str, JsonValue]
"""The part of an entity that a change is about: `{"stage": "Production"}`. No number has a fraction."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entity's change. What did not exist before or after has no state."""

    entity: Entity
    action: Action
    before: State | None
    after: State | None


@dataclass(frozen=True, slots=True)
class AuditContext:
    """Who makes changes, when (milliseconds since the epoch), and why, in their own words."""

    actor: Actor
    time: int
    comment: str = ""
