"""Rules about rollbacks, which return an alias or a stage to what it was before.

Each further rollback goes one step further back: a rollback deletes the history that it undid. It is planned
first, and carried out only if the plan is still valid then, because it may have to be approved in between.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from trackhelm_core.errors import ConflictError, InvalidParameterError
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.audit import Action, AuditContext, Change, record
from trackhelm_domain.tables.registry import Stage
from trackhelm_registry.governance.schemas import AliasRollback, StageRollback
from trackhelm_registry.model_versions import store as model_versions_store
from trackhelm_registry.model_versions.store import Stages
from trackhelm_registry.registered_models import store as registered_models_store
from trackhelm_registry.registered_models.changes import (
    alias_state,
    announce_alias,
    of_model,
    of_version,
    record_stage,
)
from trackhelm_registry.registered_models.logic import found_model, locked_model
from trackhelm_registry.registered_models.names import check_new_alias, parse_stage


def plan_alias(session: Session, name: str, alias: str, from_version: str) -> AliasRollback:
    """Return what rolling back an alias would do now.

    Raises:
        ConflictError: `from_version` is given, and the alias points to another version.
        InvalidParameterError: There is no earlier version that the alias pointed to.
    """
    check_new_alias(alias)
    model = found_model(session, name)
    number = registered_models_store.aliased_number(session, model, alias)
    if from_version and from_version != str(number):
        raise ConflictError(
            f"Alias '{alias}' of registered model '{name}' points to {_version(number)}, "
            f"not to version {from_version}: nothing was rolled back."
        )
    before = model_versions_store.version_before(session, model, alias, number)
    if before is None:
        raise InvalidParameterError(
            f"Alias '{alias}' of registered model '{name}' points to {_version(number)}, and no other "
            "version is known that it pointed to before and that is still there."
        )
    return AliasRollback(
        alias=alias, to_version=str(before.number), from_version=None if number is None else str(number)
    )


def roll_back_alias(session: Session, name: str, plan: AliasRollback, context: AuditContext) -> None:
    """Point an alias to the version of a plan; raises `ConflictError` if the plan is no longer valid."""
    model = locked_model(session, name)
    current = None if plan.from_version is None else int(plan.from_version)
    before = model_versions_store.version_before(session, model, plan.alias, current)
    is_same = before is not None and str(before.number) == plan.to_version
    if (
        before is None
        or not is_same
        or registered_models_store.aliased_number(session, model, plan.alias) != current
    ):
        raise _outdated(f"alias '{plan.alias}'", name)
    model_versions_store.forget_aliases_after(session, model, plan.alias, before.position)
    registered_models_store.set_alias(session, model, plan.alias, before.number)
    states = alias_state(plan.alias, current), alias_state(plan.alias, before.number)
    for action in (Action.ALIAS_SET, Action.ROLLED_BACK):
        record(session, Change(of_model(name), action, *states), context)
    announce_alias(session, model, name, plan.alias, number=before.number, now=context.time)


def plan_stage(session: Session, name: str, stage: str, from_version: str) -> StageRollback:
    """Return what rolling back a stage would do now: undo the last transition into or out of it.

    Raises:
        ConflictError: `from_version` is given, and another version is the stage's newest.
        InvalidParameterError: There is no transition to undo.
    """
    target = parse_stage(stage)
    if target is Stage.NONE:
        raise invalid_value(stage, "stage", "a version in stage 'None' is in none")
    model = found_model(session, name)
    if from_version:
        newest = model_versions_store.newest_in_stage(session, model, target)
        if from_version != str(newest):
            raise ConflictError(
                f"Stage '{target}' of registered model '{name}' has {_version(newest)} as its newest, "
                f"not version {from_version}: nothing was rolled back."
            )
    _, versions = _stage_before(session, model, target)
    if not versions:
        raise InvalidParameterError(
            f"No transition into or out of stage '{target}' of registered model '{name}' is known that could "
            "be rolled back."
        )
    return StageRollback(
        stage=target, versions={str(number): stages for number, stages in sorted(versions.items())}
    )


def roll_back_stage(session: Session, name: str, plan: StageRollback, context: AuditContext) -> None:
    """Move the versions of a plan; raises `ConflictError` if the plan is no longer valid."""
    model = locked_model(session, name)
    transitions, versions = _stage_before(session, model, plan.stage)
    if {str(number): stages for number, stages in versions.items()} != plan.versions:
        raise _outdated(f"stage '{plan.stage}'", name)
    for transition in transitions:
        model_versions_store.forget_transition(session, model, transition)
    for number, stages in sorted(versions.items()):
        model_versions_store.move_version(session, model, number, stages[1], now=context.time)
        record_stage(session, of_version(name, number), stages, context)
    registered_models_store.touch_model(session, model, now=context.time)
    before, after = (
        {version: stages[at] for version, stages in sorted(plan.versions.items())} for at in (0, 1)
    )
    change = Change(of_model(name), Action.ROLLED_BACK, {"stages": before}, {"stages": after})
    record(session, change, context)


def _stage_before(session: Session, model: int, stage: str) -> tuple[list[int], dict[int, Stages]]:
    """Return which transitions to delete to undo the last one of a stage, and the moves that undo it.

    A transition whose undoing moves nothing is skipped: it was undone by hand.
    """
    passed: list[int] = []
    before = None
    while transition := model_versions_store.newest_transition(session, model, stage, before=before):
        before = transition.number
        passed.append(before)
        now = model_versions_store.stages_now(session, model, list(transition.moved))
        if versions := _undone(transition.moved, now, stage):
            return passed, versions
    return passed, {}


def _undone(moved: Mapping[int, Stages], now: Mapping[int, str], stage: str) -> dict[int, Stages]:
    """Return the moves of versions that undo a transition's effect on one stage, but not on other stages."""
    undone = {}
    for number, current in now.items():
        origin, target = moved[number]
        if target == stage and current == stage:
            undone[number] = (current, origin)
        elif origin == stage and current != stage:
            undone[number] = (current, stage)
    return undone


def _version(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"


def _outdated(what: str, name: str) -> ConflictError:
    return ConflictError(
        f"What {what} of registered model '{name}' would be returned to has changed since this rollback was "
        "asked for: ask for it again."
    )
