"""Which recorded changes touch a protected stage or alias. Pure functions over what the audit trail is told.

So whatever moves a stage or an alias is found by what it does, not by which endpoint it came through.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from trackhelm_core.audit.changes import Action, Change, EntityType, State
from trackhelm_core.db.models.registry import Stage
from trackhelm_registry.schemas.approvals import TargetKind

Target = tuple[str, str]
"""A kind, and the name of the stage or alias; in a protection also `*`."""

EVERY: Final = "*"


def held_targets(protected: set[Target], changes: Iterable[Change]) -> list[Target]:
    """Return what of the protected the changes touch, in order; all of it where they end its protection."""
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
    # Under another name, or anew under the same name, the model would be there without its protections.
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
    # Where no stage is, nothing is live.
    if state["stage"] != Stage.NONE:
        yield TargetKind.STAGE, str(state["stage"])


def _aliases(state: State) -> dict[str, str]:
    aliases = state["aliases"]
    assert isinstance(aliases, dict)
    return aliases
