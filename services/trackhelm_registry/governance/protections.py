"""Rules about protecting stages and aliases, and which changes touch a protected one."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.wire.violations import invalid_value
from trackhelm_domain.audit.changes import Action, AuditContext, Change, EntityType, State
from trackhelm_domain.audit.recorder import record
from trackhelm_domain.tables.registry import Stage
from trackhelm_registry.governance import store
from trackhelm_registry.governance.schemas import TargetKind
from trackhelm_registry.model_versions.stages import parse_stage
from trackhelm_registry.registered_models.changes import of_model
from trackhelm_registry.registered_models.logic import found_model, locked_model
from trackhelm_registry.registered_models.names import check_new_alias

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


# Protecting stages and aliases: any actor may protect; lifting a protection is a change that needs approval.


def list_protections(session: Session, name: str) -> list[Target]:
    """Return the protected stages and aliases of a model, in order."""
    return sorted(store.protections(session, found_model(session, name)))


def protect(session: Session, name: str, kind: TargetKind, target: str, cause: AuditContext) -> list[Target]:
    """Protect a stage or an alias, which need not exist yet; return everything that is protected now."""
    checked = checked_target(kind, target)
    model = locked_model(session, name)
    before = store.protections(session, model)
    store.add_protection(session, model, kind, checked)
    after = before | {(kind.value, checked)}
    _record(session, name, (before, after), Action.PROTECTED, cause)
    return sorted(after)


def lift(session: Session, name: str, kind: TargetKind, target: str, cause: AuditContext) -> list[Target]:
    """Lift the protection of a stage or an alias, if there is one; return what is protected now."""
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
    cause: AuditContext,
) -> None:
    before, after = (
        {"protected": [f"{kind} {target}" for kind, target in sorted(targets)]} for targets in protected
    )
    record(session, Change(of_model(name), action, before, after), cause)
