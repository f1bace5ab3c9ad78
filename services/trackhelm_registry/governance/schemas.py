"""Requests and answers about protections, approvals and rollbacks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import SEARCH_APPROVALS_DEFAULT_PAGE
from trackhelm_core.validation import is_id
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Comment, Int64, Required, WireModel
from trackhelm_registry.model_versions.schemas import NamedModel


class StageTransition(Reply, frozen=True, tag_field="action", tag="transition_stage"):
    """A version is moved to a stage; the versions that are in it may be archived."""

    version: str
    stage: str
    archive_existing_versions: bool = False


class AliasSetting(Reply, frozen=True, tag_field="action", tag="set_alias"):
    """An alias is pointed to a version."""

    alias: str
    version: str


class AliasDeletion(Reply, frozen=True, tag_field="action", tag="delete_alias"):
    """An alias is deleted."""

    alias: str


class VersionDeletion(Reply, frozen=True, tag_field="action", tag="delete_version"):
    """A version is deleted, with its aliases; it also leaves its stage."""

    version: str


class ModelDeletion(Reply, frozen=True, tag_field="action", tag="delete_model"):
    """A model is deleted with its versions, tags and aliases."""


class ModelRenaming(Reply, frozen=True, tag_field="action", tag="rename_model"):
    """A model is renamed, and another model may then take its old name."""

    new_name: str


class ProtectionLifting(Reply, frozen=True, tag_field="action", tag="lift_protection"):
    """The protection of a stage or alias is lifted."""

    kind: str
    target: str


class AliasRollback(Reply, frozen=True, tag_field="action", tag="roll_back_alias"):
    """An alias returns to an earlier version. `from_version` is absent if the alias was deleted."""

    alias: str
    to_version: str
    from_version: str | None = None


class StageRollback(Reply, frozen=True, tag_field="action", tag="roll_back_stage"):
    """A stage returns to its earlier versions: each version moves from the first stage to the second."""

    stage: str
    versions: Mapping[str, tuple[str, str]]


GovernedChange = (
    StageTransition
    | AliasSetting
    | AliasDeletion
    | VersionDeletion
    | ModelDeletion
    | ModelRenaming
    | ProtectionLifting
    | AliasRollback
    | StageRollback
)

_decoder: msgspec.json.Decoder[GovernedChange] = msgspec.json.Decoder(GovernedChange)


def change_text(move: GovernedChange) -> str:
    """Return a change as JSON; equal changes give equal texts."""
    return msgspec.json.encode(move, order="deterministic").decode()


def read_change(text: str) -> GovernedChange:
    """Return the change from a text that `change_text` made."""
    return _decoder.decode(text)


def action_of(move: GovernedChange) -> str:
    """Return the name of a change as it is answered in `action`."""
    tag = move.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


class TargetKind(StrEnum):
    """The kinds of targets that can be protected."""

    STAGE = "stage"
    ALIAS = "alias"


def _one_spelling(value: Any) -> Any:
    if isinstance(value, str) and not is_id(value):
        raise PydanticCustomError(
            "id", "an ID is a whole number without a plus sign, leading zeros or a point"
        )
    return value


RequestId = Annotated[Int64, BeforeValidator(_one_spelling)]
"""The id of an approval request."""


class ListProtections(NamedModel):
    """`GET trackhelm/protections/list`."""


class ChangeProtection(NamedModel):
    """`POST trackhelm/protections/set` and `POST trackhelm/protections/lift`. `*` means all of the kind."""

    kind: TargetKind
    target: Required
    comment: Comment = ""


class Protection(Reply, frozen=True):
    """A stage or alias that only changes with the approval of another actor."""

    kind: TargetKind
    target: str


class Protections(Reply, frozen=True):
    """The answer of every endpoint about a model's protections: all that it has now."""

    name: str
    protections: tuple[Protection, ...] = ()


class Status(StrEnum):
    """The state of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class RequestFilter(WireModel):
    """The conditions on requests, all of which must hold."""

    model_name: str = ""
    status: Status | None = None
    action: str = ""
    requested_by: str = ""
    decided_by: str = ""


class ListRequests(RequestFilter):
    """`GET trackhelm/approvals/list`."""

    max_results: Int64 = SEARCH_APPROVALS_DEFAULT_PAGE
    page_token: str = ""


class GetRequest(WireModel):
    """`GET trackhelm/approvals/get`."""

    id: RequestId


class DecideRequest(WireModel):
    """`POST trackhelm/approvals/approve`, `reject` and `withdraw`."""

    id: RequestId
    comment: Comment = ""


class ApprovalRequest(Reply, frozen=True):
    """A change that needs or needed approval. Times are milliseconds since the epoch.

    Withdrawing a request decides it, too: `decided_by`, `decided_at` and `decision_comment` are then those of
    the requester.
    """

    id: int
    model_name: str
    move: GovernedChange
    status: Status
    requested_by: str
    requested_by_kind: str
    requested_at: int
    comment: str
    decided_by: str | None = None
    decided_by_kind: str | None = None
    decided_at: int | None = None
    decision_comment: str | None = None


class ApprovalRequestAnswer(Reply, frozen=True):
    """The answer of every endpoint about one approval request."""

    request: ApprovalRequest


class ApprovalRequestsPage(Reply, frozen=True):
    """The answer of `trackhelm/approvals/list`, the newest request first."""

    requests: tuple[ApprovalRequest, ...] = ()
    next_page_token: str = ""


class RollBackAlias(NamedModel):
    """`POST trackhelm/rollbacks/alias`. If `from_version` is given, the alias must point to it."""

    alias: Required
    from_version: str = ""
    comment: Comment = ""


class RollBackStage(NamedModel):
    """`POST trackhelm/rollbacks/stage`. If `from_version` is given, it must be the stage's newest version."""

    stage: Required
    from_version: str = ""
    comment: Comment = ""


class RolledBackAlias(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/alias`. `from_version` is absent if the alias was deleted."""

    name: str
    alias: str
    to_version: str
    from_version: str | None = None


class RolledBackStage(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/stage`: each version moved from the first stage to the second."""

    name: str
    stage: str
    versions: Mapping[str, tuple[str, str]]
