"""Which changes touch what is protected."""

import pytest

from trackhelm_domain.audit import Action, Change, Entity, EntityType, State
from trackhelm_registry.governance.logic import held_targets

MODEL = Entity(EntityType.REGISTERED_MODEL, "iris")
VERSION = Entity(EntityType.MODEL_VERSION, "iris", 1)
PRODUCTION, CHAMPION = ("stage", "Production"), ("alias", "champion")
PROTECTED = {PRODUCTION, CHAMPION}


def moved(before: str, after: str) -> Change:
    return Change(VERSION, Action.STAGE_CHANGED, {"stage": before}, {"stage": after})


def pointed(before: dict[str, str], after: dict[str, str], action: Action = Action.ALIAS_SET) -> Change:
    return Change(MODEL, action, {"aliases": before}, {"aliases": after})


def deleted(stage: str, *aliases: str) -> Change:
    return Change(VERSION, Action.DELETED, {"stage": stage, "aliases": list(aliases)}, None)


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (moved("None", "Production"), [PRODUCTION]),
        (moved("Production", "Archived"), [PRODUCTION]),
        (moved("Production", "Production"), []),
        (moved("None", "Staging"), []),
        (pointed({}, {"champion": "1"}), [CHAMPION]),
        (pointed({"champion": "1"}, {"champion": "2"}), [CHAMPION]),
        (pointed({"champion": "1"}, {"champion": "1"}), []),
        (pointed({"champion": "1"}, {}, Action.ALIAS_DELETED), [CHAMPION]),
        (pointed({}, {}, Action.ALIAS_DELETED), []),
        (pointed({}, {"other": "1"}), []),
        (deleted("Production"), [PRODUCTION]),
        (deleted("Production", "champion", "other"), [CHAMPION, PRODUCTION]),
        (deleted("None", "other"), []),
        (Change(MODEL, Action.DELETED, {}, None), [CHAMPION, PRODUCTION]),
        (Change(MODEL, Action.RENAMED, {"name": "iris"}, {"name": "rose"}), [CHAMPION, PRODUCTION]),
        (Change(MODEL, Action.RENAMED, {"name": "iris"}, {"name": "iris"}), []),
        (Change(MODEL, Action.UNPROTECTED, {}, {}), [CHAMPION, PRODUCTION]),
        (Change(MODEL, Action.DESCRIBED, {"description": "a"}, {"description": "b"}), []),
        (Change(VERSION, Action.CREATED, None, {"stage": "None", "aliases": []}), []),
    ],
)
def test_a_change_is_held_for_what_it_touches(change: Change, held: list[tuple[str, str]]) -> None:
    assert held_targets(PROTECTED, [change]) == held
    assert held_targets(PROTECTED, [pointed({}, {"other": "2"}), change]) == held
    assert held_targets(PROTECTED, [change, change]) == held


def test_a_star_is_every_stage_but_none_and_every_alias() -> None:
    everything = {("stage", "*"), ("alias", "*")}
    assert held_targets(everything, [moved("None", "Archived")]) == [("stage", "Archived")]
    assert held_targets(everything, [moved("Staging", "None")]) == [("stage", "Staging")]
    assert held_targets(everything, [pointed({}, {"any": "1"})]) == [("alias", "any")]
    assert held_targets(everything, [deleted("None")]) == []


def test_what_is_no_change_of_stages_or_aliases_is_never_held() -> None:
    state: State = {"tags": {"stage": "Production"}}
    assert held_targets(PROTECTED, [Change(VERSION, Action.TAGGED, {"tags": {}}, state)]) == []
    assert held_targets(PROTECTED, []) == []
