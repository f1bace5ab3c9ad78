"""Rules about requests for approval: who may decide one, once, and that approving it does it."""

import json
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change
from trackhelm_core.audit.recorder import record
from trackhelm_core.auth.actor import Actor, ActorKind
from trackhelm_core.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
)
from trackhelm_core.limits import SEARCH_APPROVALS_PAGE
from trackhelm_core.search.keyset import PageRequest
from trackhelm_core.search.pages import query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_registry.logic.moves import do_move, entity_of
from trackhelm_registry.schemas.approvals import (
    ApprovalRequest,
    ApprovalRequestsPage,
    RequestFilter,
    Status,
)
from trackhelm_registry.schemas.moves import ModelRenaming, Move, read_move
from trackhelm_registry.store import approvals as store
from trackhelm_registry.store import registered_models as model_store

_ACTIONS = {
    Status.APPROVED: Action.APPROVED,
    Status.REJECTED: Action.REJECTED,
    Status.WITHDRAWN: Action.WITHDRAWN,
}


def search_requests(
    session: Session, wanted: RequestFilter, *, max_results: int, page_token: str
) -> ApprovalRequestsPage:
    """Return a page of the requests that fulfil a filter, the newest first."""
    limit = check_page_size(max_results, SEARCH_APPROVALS_PAGE)
    given = wanted.model_dump(include=set(RequestFilter.model_fields), mode="json")
    conditions = {name: value for name, value in given.items() if value}
    digest = query_digest("approval requests", conditions)
    page = store.request_page(session, conditions, PageRequest(digest, page_token, limit))
    return ApprovalRequestsPage(requests=tuple(map(_message, page.rows)), next_page_token=page.next_token)


def get_request(session: Session, request: int) -> ApprovalRequest:
    """Return a request."""
    return _message(_found(session, request))


def approve(session: Session, request: int, cause: Cause) -> ApprovalRequest:
    """Do what a request asks for.

    Raises:
        PermissionDeniedError: The actor asked for it, or is not known.
        ConflictError: It was decided already, or a rollback would no longer do what was asked for.
        ApiError: It is not possible any more; the request then still waits.
    """
    row = _decidable(session, request, cause.actor)
    move = read_move(row.move)
    _lock(session, row, move)
    _decide(session, row, Status.APPROVED, cause)
    try:
        do_move(session, row.model_name, move, cause)
    except ApiError as error:
        message = f"Approval request {request} cannot be carried out: {error.message}"
        again = error.retry_after_seconds
        raise ApiError(error.code, message, status=error.status, retry_after_seconds=again) from error
    return get_request(session, request)


def reject(session: Session, request: int, cause: Cause) -> ApprovalRequest:
    """Decide that a request is not done."""
    row = _decidable(session, request, cause.actor)
    _decide(session, row, Status.REJECTED, cause)
    return get_request(session, request)


def withdraw(session: Session, request: int, cause: Cause) -> ApprovalRequest:
    """Take back a request that the actor made."""
    row = _found(session, request)
    if not is_same(cause.actor.name, row.requested_by):
        raise PermissionDeniedError(
            f"Approval request {request} was made by '{row.requested_by}', who alone can withdraw it; "
            f"'{cause.actor.name}' can reject it."
        )
    _decide(session, row, Status.WITHDRAWN, cause)
    return get_request(session, request)


def check_decider(actor: Actor, request: int, requested_by: str) -> None:
    """Refuse an actor who may not decide a request: one that is not known, and the one who made it.

    Whoever leaves the credentials out is anonymous: anonymous may be the requester.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise PermissionDeniedError(
            f"Approval request {request} cannot be decided anonymously: send the credentials of an actor "
            f"other than '{requested_by}'."
        )
    if is_same(actor.name, requested_by):
        raise PermissionDeniedError(
            f"Approval request {request} was made by '{requested_by}': another actor must decide it. "
            "Who made a request can withdraw it."
        )


def is_same(name: str, other: str) -> bool:
    """Return whether two names may be one actor's, whatever the case and however they were authenticated."""
    return name.casefold() == other.casefold()


def _found(session: Session, request: int) -> Row[*tuple[Any, ...]]:
    row = store.find_request(session, request)
    if row is None:
        raise NotFoundError(f"Approval request with id={request} not found")
    return row


def _decidable(session: Session, request: int, actor: Actor) -> Row[*tuple[Any, ...]]:
    row = _found(session, request)
    if row.status != Status.PENDING:
        raise _already(row)
    check_decider(actor, request, row.requested_by)
    return row


def _lock(session: Session, row: Row[*tuple[Any, ...]], move: Move) -> None:
    """Lock the models of a move before its request, as every change of a model does."""
    if row.registered_model_id is None:
        raise NotFoundError(
            f"Approval request {row.id} cannot be carried out: registered model '{row.model_name}' "
            "was deleted."
        )
    names = {row.model_name, move.new_name} if isinstance(move, ModelRenaming) else {row.model_name}
    if model_store.lock_models(session, names).get(row.model_name) != row.registered_model_id:
        # Since the request was read; and another model may have the name now.
        raise UnavailableError(
            f"Registered model '{row.model_name}' was renamed or deleted just now. Send the request again."
        )


def _decide(session: Session, row: Row[*tuple[Any, ...]], status: Status, cause: Cause) -> None:
    actor = cause.actor
    decision = store.Decision(status.value, actor.name, actor.kind.value, cause.time, cause.comment)
    if not store.decide(session, row.id, decision):
        raise _already(_found(session, row.id))
    asked = {"approval_request": row.id, "move": json.loads(row.move)}
    before = {**asked, "status": row.status, "requested_by": row.requested_by, "comment": row.comment}
    change = Change(
        entity_of(row.model_name, read_move(row.move)),
        _ACTIONS[status],
        before,
        {**asked, "status": status.value},
    )
    record(session, change, cause)


def _already(row: Row[*tuple[Any, ...]]) -> ConflictError:
    return ConflictError(f"Approval request {row.id} was already {row.status} by '{row.decided_by}'.")


def _message(row: Row[*tuple[Any, ...]]) -> ApprovalRequest:
    return ApprovalRequest(
        id=row.id,
        model_name=row.model_name,
        move=read_move(row.move),
        status=Status(row.status),
        requested_by=row.requested_by,
        requested_by_kind=row.requested_by_kind,
        requested_at=row.requested_at,
        comment=row.comment,
        decided_by=row.decided_by,
        decided_by_kind=row.decided_by_kind,
        decided_at=row.decided_at,
        decision_comment=row.decision_comment,
    )
