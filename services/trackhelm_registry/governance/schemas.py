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
    """A version goes to a stage; those that are in it may be archived."""

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
    """A version is deleted, from its stage and with its aliases."""

    version: str


class ModelDeletion(Reply, frozen=True, tag_field="action", tag="delete_model"):
    """A model is deleted with all that it has."""


class ModelRenaming(Reply, frozen=True, tag_field="action", tag="rename_model"):
    """A model gets another name: its old one may then be another model's."""

    new_name: str


class ProtectionLifting(Reply, frozen=True, tag_field="action", tag="lift_protection"):
    """A stage or alias is protected no longer."""

    kind: str
    target: str


class AliasRollback(Reply, frozen=True, tag_field="action", tag="roll_back_alias"):
    """An alias goes back to a version. `from_version` is absent where the alias was deleted."""

    alias: str
    to_version: str
    from_version: str | None = None


class StageRollback(Reply, frozen=True, tag_field="action", tag="roll_back_stage"):
    """A stage gets back what it held: each version goes from the first stage to the second."""

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
    """Return a move as JSON: the same move, the same text."""
    return msgspec.json.encode(move, order="deterministic").decode()


def read_change(text: str) -> GovernedChange:
    """Return the move of a text that `change_text` made."""
    return _decoder.decode(text)


def action_of(move: GovernedChange) -> str:
    """Return the word for what a move does, as it is answered in `action`."""
    tag = move.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


class TargetKind(StrEnum):
    """What can be protected."""

    STAGE = "stage"
    ALIAS = "alias"


def _one_spelling(value: Any) -> Any:
    if isinstance(value, str) and not is_id(value):
        raise PydanticCustomError(
            "id", "an ID is a whole number without a plus sign, leading zeros or a point"
        )
    return value


RequestId = Annotated[Int64, BeforeValidator(_one_spelling)]
"""The id of a request for approval."""


class ListProtections(NamedModel):
    """`GET trackhelm/protections/list`."""


class ChangeProtection(NamedModel):
    """`POST trackhelm/protections/set` and `POST trackhelm/protections/lift`. `*` is all of the kind."""

    kind: TargetKind
    target: Required
    comment: Comment = ""


class Protection(Reply, frozen=True):
    """A stage or alias that only moves when another actor approves."""

    kind: TargetKind
    target: str


class Protections(Reply, frozen=True):
    """The answer of every endpoint about the protections of a model: all that it has now."""

    name: str
    protections: tuple[Protection, ...] = ()


class Status(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class RequestFilter(WireModel):
    """Which requests: those that fulfil every condition that is given."""

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
    """A move that waits for approval, or waited. Times are milliseconds since the epoch.

    Who withdraws a request decides it, too: `decided_by`, `decided_at` and `decision_comment` are theirs.
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
    """The answer of every endpoint about one request."""

    request: ApprovalRequest


class ApprovalRequestsPage(Reply, frozen=True):
    """The answer of `trackhelm/approvals/list`: newest first."""

    requests: tuple[ApprovalRequest, ...] = ()
    next_page_token: str = ""


class RollBackAlias(NamedModel):
    """`POST trackhelm/rollbacks/alias`: only if the alias points to `from_version`, where that is given."""

    alias: Required
    from_version: str = ""
    comment: Comment = ""


class RollBackStage(NamedModel):
    """`POST trackhelm/rollbacks/stage`: only if `from_version`, where given, is the stage's newest."""

    stage: Required
    from_version: str = ""
    comment: Comment = ""


class RolledBackAlias(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/alias`. `from_version` is absent where the alias was deleted."""

    name: str
    alias: str
    to_version: str
    from_version: str | None = None


class RolledBackStage(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/stage`: each version went from the first stage to the second."""

    name: str
    stage: str
    versions: Mapping[str, tuple[str, str]]
