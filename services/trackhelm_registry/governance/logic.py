"""Protections and approval requests: which changes need an approval, who gives it, and what it then does."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import current_access
from trackhelm_core.db.unit_of_work import SavepointScope
from trackhelm_core.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
)
from trackhelm_core.limits import SEARCH_APPROVALS_PAGE
from trackhelm_core.search.pages import PageRequest, query_digest
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.validation import check_page_size
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.access.checks import permits_model, reader
from trackhelm_domain.audit import (
    Action,
    AuditContext,
    Change,
    Entity,
    EntityType,
    State,
    record,
    recorded_changes,
)
from trackhelm_domain.tables.registry import Stage
from trackhelm_registry.governance import rollbacks, schemas, store
from trackhelm_registry.governance.schemas import (
    ApprovalRequest,
    ApprovalRequestsPage,
    GovernedChange,
    ModelRenaming,
    RequestFilter,
    Status,
    TargetKind,
    action_of,
    change_text,
    read_change,
)
from trackhelm_registry.governance.store import StoredRequest
from trackhelm_registry.model_versions import logic as model_versions_logic
from trackhelm_registry.registered_models import logic as registered_models_logic
from trackhelm_registry.registered_models import store as registered_models_store
from trackhelm_registry.registered_models.changes import of_model, of_version
from trackhelm_registry.registered_models.logic import found_model, locked_model
from trackhelm_registry.registered_models.names import check_new_alias, parse_stage

# Which recorded changes touch a protected stage or alias. Pure functions over the changes for the audit
# trail.
#
# So a change of a stage or an alias is found by its effect, and not by the endpoint that made it.

Target = tuple[str, str]
"""A kind, and the name of a stage or alias; in a protection the name may also be `*`."""

EVERY: Final = "*"


def held_targets(protected: set[Target], changes: Iterable[Change]) -> list[Target]:
    """Return the protected targets that changes touch, in order; all of them if they end protection."""
    held: set[Target] = set()
    for change in changes:
        if _ends_protection(change):
            return sorted(protected)
        held.update(
            (kind, target)
            for kind, target in _touched(change)
            if (kind, target) in protected or (kind, EVERY) in protected
        )
    return sorted(held)


def _ends_protection(change: Change) -> bool:
    if change.action is Action.UNPROTECTED:
        return True
    # Under another name, or created again under the same name, the model would exist without its protections.
    ends = change.action in {Action.RENAMED, Action.DELETED} and change.before != change.after
    return ends and change.entity.type is EntityType.REGISTERED_MODEL


def _touched(change: Change) -> Iterator[Target]:
    before, after = change.before or {}, change.after or {}
    match change.action:
        case Action.STAGE_CHANGED if before != after:
            yield from _stage(before)
            yield from _stage(after)
        case Action.ALIAS_SET | Action.ALIAS_DELETED:
            was, will_be = _aliases(before), _aliases(after)
            for alias in was.keys() | will_be.keys():
                if was.get(alias) != will_be.get(alias):
                    yield TargetKind.ALIAS, alias
        case Action.DELETED if change.entity.type is EntityType.MODEL_VERSION:
            yield from _stage(before)
            aliases = before["aliases"]
            assert isinstance(aliases, list)
            yield from ((TargetKind.ALIAS, alias) for alias in aliases)


def _stage(state: State) -> Iterator[Target]:
    # A version without a stage is not in use.
    if state["stage"] != Stage.NONE:
        yield TargetKind.STAGE, str(state["stage"])


def _aliases(state: State) -> dict[str, str]:
    aliases = state["aliases"]
    assert isinstance(aliases, dict)
    return aliases


# Protecting stages and aliases: any actor whose name is checked may protect; lifting a protection is a change
# that needs approval.


def list_protections(session: Session, name: str) -> list[Target]:
    """Return the protected stages and aliases of a model, in order."""
    return sorted(store.protections(session, found_model(session, name)))


def protect(
    session: Session, name: str, kind: TargetKind, target: str, context: AuditContext
) -> list[Target]:
    """Protect a stage or an alias, which need not exist yet; return everything that is protected now."""
    checked = checked_target(kind, target)
    model = locked_model(session, name)
    check_is_checked(context.actor, "protect a stage or an alias")
    before = store.protections(session, model)
    store.add_protection(session, model, kind, checked)
    after = before | {(kind.value, checked)}
    _record(session, name, (before, after), Action.PROTECTED, context)
    return sorted(after)


def lift(session: Session, name: str, kind: TargetKind, target: str, context: AuditContext) -> list[Target]:
    """Lift the protection of a stage or an alias, if there is one; return what is protected now."""
    checked = checked_target(kind, target)
    model = locked_model(session, name)
    before = store.protections(session, model)
    store.remove_protection(session, model, kind, checked)
    after = before - {(kind.value, checked)}
    if after == before:
        return sorted(before)
    _record(session, name, (before, after), Action.UNPROTECTED, context)
    return sorted(after)


def checked_target(kind: TargetKind, target: str) -> str:
    """Return the target in the form in which it is stored; refuses what cannot be protected."""
    if target == EVERY:
        return EVERY
    if kind is TargetKind.ALIAS:
        return check_new_alias(target)
    stage = parse_stage(target)
    if stage is Stage.NONE:
        protectable = ", ".join(stage for stage in Stage if stage is not Stage.NONE)
        reason = (
            f"a version in stage 'None' is in no stage; what can be protected is {protectable} or '{EVERY}'"
        )
        raise invalid_value(target, "target", reason)
    return stage


def _record(
    session: Session,
    name: str,
    protected: tuple[set[Target], set[Target]],
    action: Action,
    context: AuditContext,
) -> None:
    before, after = (
        {"protected": [f"{kind} {target}" for kind, target in sorted(targets)]} for targets in protected
    )
    record(session, Change(of_model(name), action, before, after), context)


# Changes that can be protected: their canonical form, their entity in the audit trail, and applying them.


def canonical(move: GovernedChange) -> GovernedChange:
    """Return a valid change in its canonical form, in which equal changes are equal texts."""
    match move:
        case schemas.StageTransition(version, stage, archive):
            return schemas.StageTransition(version, parse_stage(stage), archive)
        case schemas.ProtectionLifting(kind, target):
            return schemas.ProtectionLifting(kind, checked_target(TargetKind(kind), target))
        case _:
            return move


def entity_of(name: str, move: GovernedChange) -> Entity:
    """Return the entity that the audit trail names for a canonical change."""
    match move:
        case schemas.StageTransition(version) | schemas.VersionDeletion(version):
            return of_version(name, int(version))
        case _:
            return of_model(name)


def apply_change(session: Session, name: str, move: GovernedChange, context: AuditContext) -> None:
    """Apply a change regardless of protections; raises the errors of its endpoint if it is not possible."""
    match move:
        case schemas.StageTransition(version, stage, archive):
            transition = model_versions_logic.Transition(stage, archive)
            model_versions_logic.transition_version(session, name, version, transition, context)
        case schemas.AliasSetting(alias, version):
            registered_models_logic.set_alias(session, name, alias, version, context)
        case schemas.AliasDeletion(alias):
            registered_models_logic.delete_alias(session, name, alias, context)
        case schemas.VersionDeletion(version):
            model_versions_logic.delete_version(session, name, version, context)
        case schemas.ModelDeletion():
            registered_models_logic.delete_model(session, name, context)
        case schemas.ModelRenaming(new_name):
            registered_models_logic.rename_model(session, name, new_name, context)
        case schemas.ProtectionLifting(kind, target):
            lift(session, name, TargetKind(kind), target, context)
        case schemas.AliasRollback():
            rollbacks.roll_back_alias(session, name, move, context)
        case schemas.StageRollback():
            rollbacks.roll_back_stage(session, name, move, context)


# The check before protected stages and aliases: a change of one becomes an approval request.

_PLURALS: Final = {TargetKind.STAGE: "stages", TargetKind.ALIAS: "aliases"}


def protected_targets(session: Session, name: str, names: Collection[str]) -> set[Target]:
    """Lock the models that are about to change, and return the protected stages and aliases of model `name`.

    The lock holds until the transaction ends. A model that does not exist has nothing protected.
    """
    model = registered_models_store.lock_models(session, names).get(name)
    return set() if model is None else store.protections(session, model)


def ask_for_approval(
    session: Session, name: str, move: GovernedChange, held: Iterable[Target], context: AuditContext
) -> PermissionDeniedError:
    """Create an approval request, or find the pending one for the same change; return its error.

    The change was tried and undone, so it is valid. The error names the request and must be raised only after
    the commit.
    """
    move = canonical(move)
    model = registered_models_store.find_model(session, name)
    assert model is not None, "its move was tried"
    text = change_text(move)
    request = store.pending_request(session, model, text)
    if request is None:
        values = {
            "registered_model_id": model,
            "model_name": name,
            "action": action_of(move),
            "move": text,
            "requested_by": context.actor.name,
            "requested_by_kind": context.actor.kind.value,
            "requested_at": context.time,
            "comment": context.comment,
        }
        request = store.insert_request(session, values)
        asked: State = {"approval_request": request, "move": json.loads(text), "status": Status.PENDING}
        record(session, Change(entity_of(name, move), Action.APPROVAL_REQUESTED, None, asked), context)
    protected = ", ".join(_shown(target) for target in held)
    return PermissionDeniedError(
        f"Protected in registered model '{name}': {protected}. Nothing was changed: the move waits as "
        f"approval request {request} until another actor than the one who asked for it approves it."
    )


def _shown(target: Target) -> str:
    kind, name = target
    return f"all {_PLURALS[TargetKind(kind)]}" if name == EVERY else f"{kind} '{name}'"


class GuardedChange:
    """A change of a model that is about to be made in a transaction, and is undone if it may not be made."""

    def __init__(self, session: Session, name: str, move: GovernedChange, context: AuditContext) -> None:
        self._session = session
        self._name = name
        self._move = move
        self._context = context
        # Both names are locked at once, because two renames in opposite directions could otherwise deadlock.
        names = {name, move.new_name} if isinstance(move, ModelRenaming) else {name}
        self._protected = protected_targets(session, name, names)
        self._trial = SavepointScope(session) if self._protected else None

    def settle(self) -> PermissionDeniedError | None:
        """Undo the change if it touched something protected, and ask for approval in its place.

        The returned error names the request, and must be raised only after the commit.
        """
        if self._trial is None:
            return None
        held = held_targets(self._protected, recorded_changes(self._session))
        if not held:
            return None
        self._trial.undo()
        return ask_for_approval(self._session, self._name, self._move, held, self._context)


# Deciding approval requests: who may decide one, only once, and applying the change on approval.

_ACTIONS = {
    Status.APPROVED: Action.APPROVED,
    Status.REJECTED: Action.REJECTED,
    Status.WITHDRAWN: Action.WITHDRAWN,
}


def search_requests(
    session: Session, wanted: RequestFilter, *, max_results: int, page_token: str
) -> ApprovalRequestsPage:
    """Return a page of the requests that match a filter, the newest first."""
    limit = check_page_size(max_results, SEARCH_APPROVALS_PAGE)
    given = wanted.model_dump(include=set(RequestFilter.model_fields), mode="json")
    conditions = {name: value for name, value in given.items() if value}
    digest = query_digest("approval requests", conditions, *reader())
    page = store.request_page(session, conditions, PageRequest(digest, page_token, limit))
    return ApprovalRequestsPage(requests=tuple(map(_message, page.rows)), next_page_token=page.next_token)


def get_request(session: Session, request: int) -> ApprovalRequest:
    """Return a request."""
    return _message(_found(session, request))


def approve(session: Session, request: int, context: AuditContext) -> ApprovalRequest:
    """Approve a request and apply its change.

    Raises:
        PermissionDeniedError: The actor made the request, or is not authenticated.
        ConflictError: The request was decided already, or a rollback would no longer do what was requested.
        ApiError: The change is not possible any more; the request stays pending.
    """
    row = _decidable(session, request, context.actor)
    move = read_change(row.move)
    _lock(session, row, move)
    _decide(session, row, Status.APPROVED, context)
    try:
        apply_change(session, row.model_name, move, context)
    except ApiError as error:
        message = f"Approval request {request} cannot be carried out: {error.message}"
        again = error.retry_after_seconds
        raise ApiError(error.code, message, status=error.status, retry_after_seconds=again) from error
    return get_request(session, request)


def reject(session: Session, request: int, context: AuditContext) -> ApprovalRequest:
    """Reject a request."""
    row = _decidable(session, request, context.actor)
    _decide(session, row, Status.REJECTED, context)
    return get_request(session, request)


def withdraw(session: Session, request: int, context: AuditContext) -> ApprovalRequest:
    """Withdraw a request that the actor made."""
    row = _found(session, request)
    if not is_same(context.actor.name, row.requested_by):
        raise PermissionDeniedError(
            f"Approval request {request} was made by '{row.requested_by}', who alone can withdraw it; "
            f"'{context.actor.name}' can reject it."
        )
    _decide(session, row, Status.WITHDRAWN, context)
    return get_request(session, request)


def check_is_checked(actor: Actor, what: str) -> None:
    """Refuse an actor whose name nobody has checked: two such names may be one person."""
    if not actor.is_checked:
        raise PermissionDeniedError(
            f"'{actor.name}' cannot {what}: this server does not check names, so one person could give two. "
            "Put a proxy that checks users in front of it (TRACKHELM_TRUSTED_PROXIES), or set "
            "TRACKHELM_UNCHECKED_APPROVALS=true to take every name at its word."
        )


def check_decider(actor: Actor, request: int, requested_by: str) -> None:
    """Refuse an actor who may not decide a request: an anonymous or unchecked one, and the one that made it.

    An actor without credentials is anonymous and might be the requester.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise PermissionDeniedError(
            f"Approval request {request} cannot be decided anonymously: send the credentials of an actor "
            f"other than '{requested_by}'."
        )
    check_is_checked(actor, f"decide approval request {request}")
    if actor.kind is ActorKind.SERVICE:
        raise PermissionDeniedError(
            f"Approval request {request} must be decided by a person: '{actor.name}' is a service account."
        )
    if is_same(actor.name, requested_by):
        raise PermissionDeniedError(
            f"Approval request {request} was made by '{requested_by}': another actor must decide it. "
            "Who made a request can withdraw it."
        )


def is_same(name: str, other: str) -> bool:
    """Return whether two names may be of one actor, ignoring case and the way of authentication."""
    return name.casefold() == other.casefold()


def _permits(session: Session, row: StoredRequest) -> bool:
    """Return whether a request may be seen: by who may read its model, or manages what is left of it."""
    if row.registered_model_id is not None:
        return permits_model(session, row.registered_model_id, row.model_name)
    access = current_access()
    access.is_checked = True
    return access.rights.manages


def _found(session: Session, request: int) -> StoredRequest:
    row = store.find_request(session, request)
    if row is None or not _permits(session, row):
        raise NotFoundError(f"Approval request with id={request} not found")
    return row


def _decidable(session: Session, request: int, actor: Actor) -> StoredRequest:
    row = _found(session, request)
    if row.status != Status.PENDING:
        raise _already(row)
    check_decider(actor, request, row.requested_by)
    return row


def _lock(session: Session, row: StoredRequest, move: GovernedChange) -> None:
    """Lock the models of a change before its request, in the order of every change of a model."""
    if row.registered_model_id is None:
        raise NotFoundError(
            f"Approval request {row.id} cannot be carried out: registered model '{row.model_name}' "
            "was deleted."
        )
    names = {row.model_name, move.new_name} if isinstance(move, ModelRenaming) else {row.model_name}
    if registered_models_store.lock_models(session, names).get(row.model_name) != row.registered_model_id:
        # The model was renamed or deleted since the request was read, and another model may have the name
        # now.
        raise UnavailableError(
            f"Registered model '{row.model_name}' was renamed or deleted just now. Send the request again."
        )


def _decide(session: Session, row: StoredRequest, status: Status, context: AuditContext) -> None:
    actor = context.actor
    decision = store.Decision(status.value, actor.name, actor.kind.value, context.time, context.comment)
    if not store.decide(session, row.id, decision):
        raise _already(_found(session, row.id))
    asked = {"approval_request": row.id, "move": json.loads(row.move)}
    before = {**asked, "status": row.status, "requested_by": row.requested_by, "comment": row.comment}
    change = Change(
        entity_of(row.model_name, read_change(row.move)),
        _ACTIONS[status],
        before,
        {**asked, "status": status.value},
    )
    record(session, change, context)


def _already(row: StoredRequest) -> ConflictError:
    return ConflictError(f"Approval request {row.id} was already {row.status} by '{row.decided_by}'.")


def _message(row: StoredRequest) -> ApprovalRequest:
    return ApprovalRequest(
        id=row.id,
        model_name=row.model_name,
        move=read_change(row.move),
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
