"""Rules about protecting stages and aliases: anybody may protect; lifting a protection is itself a move."""

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change
from trackhelm_core.audit.recorder import record
from trackhelm_core.db.models.registry import Stage
from trackhelm_core.errors import InvalidParameterError
from trackhelm_registry.logic.history import of_model
from trackhelm_registry.logic.lookups import found_model, locked_model
from trackhelm_registry.logic.names import check_new_alias
from trackhelm_registry.logic.protected_changes import EVERY, Target
from trackhelm_registry.logic.stages import parse_stage
from trackhelm_registry.schemas.approvals import TargetKind
from trackhelm_registry.store import protections as store


def list_protections(session: Session, name: str) -> list[Target]:
    """Return what of a model is protected, in order."""
    return sorted(store.protections(session, found_model(session, name)))


def protect(session: Session, name: str, kind: TargetKind, target: str, cause: Cause) -> list[Target]:
    """Protect a stage or an alias, which need not be there yet; return all that is protected now."""
    checked = checked_target(kind, target)
    model = locked_model(session, name)
    before = store.protections(session, model)
    store.add_protection(session, model, kind, checked)
    after = before | {(kind.value, checked)}
    _record(session, name, (before, after), Action.PROTECTED, cause)
    return sorted(after)


def lift(session: Session, name: str, kind: TargetKind, target: str, cause: Cause) -> list[Target]:
    """Protect a stage or an alias no longer; that it is not protected is no failure."""
    checked = checked_target(kind, target)
    model = locked_model(session, name)
    before = store.protections(session, model)
    store.remove_protection(session, model, kind, checked)
    after = before - {(kind.value, checked)}
    if after == before:
        return sorted(before)
    _record(session, name, (before, after), Action.UNPROTECTED, cause)
    return sorted(after)


def checked_target(kind: TargetKind, target: str) -> str:
    """Return the target as it is stored; refuse what cannot be protected."""
    if target == EVERY:
        return EVERY
    if kind is TargetKind.ALIAS:
        return check_new_alias(target)
    stage = parse_stage(target)
    if stage is Stage.NONE:
        protectable = ", ".join(stage for stage in Stage if stage is not Stage.NONE)
        raise InvalidParameterError(
            f"Invalid value {target!r} for parameter 'target' supplied: a version in stage 'None' is in no "
            f"stage; what can be protected is {protectable} or '{EVERY}'."
        )
    return stage


def _record(
    session: Session, name: str, protected: tuple[set[Target], set[Target]], action: Action, cause: Cause
) -> None:
    before, after = (
        {"protected": [f"{kind} {target}" for kind, target in sorted(targets)]} for targets in protected
    )
    record(session, Change(of_model(name), action, before, after), cause)
