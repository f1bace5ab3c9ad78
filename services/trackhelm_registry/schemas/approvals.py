"""Requests and answers about protections, and about the moves that wait for approval."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from trackhelm_core.limits import SEARCH_APPROVALS_DEFAULT_PAGE
from trackhelm_core.validation import is_id
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Comment, Int64, Required, WireModel
from trackhelm_registry.schemas.common import NamedModel
from trackhelm_registry.schemas.moves import Move


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
    move: Move
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
