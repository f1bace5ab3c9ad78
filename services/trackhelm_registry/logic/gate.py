"""The gate before protected stages and aliases: what would move one becomes a request for approval."""

import json
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change, State
from trackhelm_core.audit.recorder import record
from trackhelm_core.errors import PermissionDeniedError
from trackhelm_registry.logic.moves import canonical, entity_of
from trackhelm_registry.logic.protected_changes import EVERY, Target
from trackhelm_registry.schemas.approvals import Status, TargetKind
from trackhelm_registry.schemas.moves import Move, action_of, move_text
from trackhelm_registry.store import approvals as store
from trackhelm_registry.store import protections
from trackhelm_registry.store import registered_models as model_store

_PLURALS: Final = {TargetKind.STAGE: "stages", TargetKind.ALIAS: "aliases"}


def protected_targets(session: Session, name: str, names: Collection[str]) -> set[Target]:
    """Lock the models that are about to change and return what is protected of the one with a name.

    The lock keeps it so until the transaction ends. A model that is not there has nothing protected.
    """
    model = model_store.lock_models(session, names).get(name)
    return set() if model is None else protections.protections(session, model)


def ask_for_approval(
    session: Session, name: str, move: Move, held: Iterable[Target], cause: Cause
) -> PermissionDeniedError:
    """Make a move a request, or find the one that it is already; return the error that names it.

    The move was tried and undone, so it is valid. What is returned must be raised only after the commit.
    """
    move = canonical(move)
    model = model_store.find_model(session, name)
    assert model is not None, "its move was tried"
    text = move_text(move)
    request = store.pending_request(session, model, text)
    if request is None:
        values = {
            "registered_model_id": model,
            "model_name": name,
            "action": action_of(move),
            "move": text,
            "requested_by": cause.actor.name,
            "requested_by_kind": cause.actor.kind.value,
            "requested_at": cause.time,
            "comment": cause.comment,
        }
        request = store.insert_request(session, values)
        asked: State = {"approval_request": request, "move": json.loads(text), "status": Status.PENDING}
        record(session, Change(entity_of(name, move), Action.APPROVAL_REQUESTED, None, asked), cause)
    protected = ", ".join(_shown(target) for target in held)
    return PermissionDeniedError(
        f"Protected in registered model '{name}': {protected}. Nothing was changed: the move waits as "
        f"approval request {request} until another actor than the one who asked for it approves it."
    )


def _shown(target: Target) -> str:
    kind, name = target
    return f"all {_PLURALS[TargetKind(kind)]}" if name == EVERY else f"{kind} '{name}'"
