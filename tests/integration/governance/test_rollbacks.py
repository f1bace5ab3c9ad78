"""Rolling back an alias or a stage, once and again, and what is protected."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail
from tests.integration.governance.people import ALIAS, OWN, People

INVALID = "INVALID_PARAMETER_VALUE"
CONFLICT = "RESOURCE_CONFLICT"
OF_ALIAS = f"{OWN}/rollbacks/alias"
OF_STAGE = f"{OWN}/rollbacks/stage"


def back(people: People, name: str, **message: Any) -> dict[str, Any]:
    return people.call("ada", "POST", OF_ALIAS, name=name, alias="champion", **message)


def test_an_alias_goes_back_farther_each_time(people: People, api: Api, name: str) -> None:
    for version in ("1", "2", "3"):
        people.point(name, "champion", version)
    assert back(people, name) == {"name": name, "alias": "champion", "from_version": "3", "to_version": "2"}
    assert people.aliases(name) == {"champion": "2"}
    back(people, name)
    assert people.aliases(name) == {"champion": "1"}
    told = api.refused("POST", OF_ALIAS, INVALID, name=name, alias="champion")
    assert "points to version 1" in told
    assert people.aliases(name) == {"champion": "1"}


def test_what_was_rolled_back_is_not_what_was_before(people: People, name: str) -> None:
    for version in ("1", "2"):
        people.point(name, "champion", version)
    back(people, name)
    people.point(name, "champion", "3")
    back(people, name)
    assert people.aliases(name) == {"champion": "1"}


def test_a_deleted_alias_comes_back(people: People, api: Api, name: str) -> None:
    people.point(name, "champion", "2")
    api.call("DELETE", ALIAS, name=name, alias="champion")
    assert back(people, name) == {"name": name, "alias": "champion", "to_version": "2"}
    assert people.aliases(name) == {"champion": "2"}


def test_deleted_versions_are_passed_over(people: People, api: Api, name: str) -> None:
    for version in ("1", "2", "1", "3", "2"):
        people.point(name, "champion", version)
    api.call("DELETE", "model-versions/delete", name=name, version="3")
    back(people, name)
    assert people.aliases(name) == {"champion": "1"}
    back(people, name)
    assert people.aliases(name) == {"champion": "2"}


def test_an_alias_rolls_back_only_from_the_version_that_is_named(people: People, api: Api, name: str) -> None:
    for version in ("1", "2", "3"):
        people.point(name, "champion", version)
    back(people, name, from_version="3")
    told = api.refused("POST", OF_ALIAS, CONFLICT, 409, name=name, alias="champion", from_version="3")
    assert "points to version 2, not to version 3" in told
    assert people.aliases(name) == {"champion": "2"}


def test_an_alias_rollback_is_told_with_who_and_why(people: People, trail: Trail, name: str) -> None:
    for version in ("1", "2"):
        people.point(name, "champion", version)
    with trail.added() as events:
        back(people, name, comment="it drifts")
    assert [event["action"] for event in events] == ["alias_set", "rolled_back"]
    for event in events:
        assert (event["actor"], event["comment"], event["entity_id"]) == ("ada", "it drifts", name)
        assert (event["from"], event["to"]) == (
            {"aliases": {"champion": "2"}},
            {"aliases": {"champion": "1"}},
        )


def test_a_rollback_of_a_protected_alias_waits(people: People, name: str) -> None:
    for version in ("1", "2"):
        people.point(name, "champion", version)
    people.protect(name, "alias", "champion")
    request = people.held("ada", "POST", OF_ALIAS, name=name, alias="champion", comment="it drifts")
    assert people.held("ada", "POST", OF_ALIAS, name=name, alias="champion") == request
    assert people.request(request)["move"] == {
        "action": "roll_back_alias",
        "alias": "champion",
        "from_version": "2",
        "to_version": "1",
    }
    people.decide("bob", "approve", request)
    assert people.aliases(name) == {"champion": "1"}


def test_a_rollback_is_not_approved_once_something_else_was_before(people: People, name: str) -> None:
    for version in ("1", "2"):
        people.point(name, "champion", version)
    people.protect(name, "alias", "champion")
    request = people.held("ada", "POST", OF_ALIAS, name=name, alias="champion")
    move = people.held("ada", "POST", ALIAS, name=name, alias="champion", version="3")
    people.decide("bob", "approve", move)
    answer = people.decide("bob", "approve", request, 409)
    assert answer["error_code"] == CONFLICT
    assert "ask for it again" in answer["message"]
    assert people.aliases(name) == {"champion": "3"}


def test_a_stage_gets_back_what_it_held(people: People, trail: Trail, name: str) -> None:
    people.move(name, "1", "Production")
    people.move(name, "2", "Staging")
    people.move(name, "2", "Production", archive_existing_versions=True)
    with trail.added() as events:
        answer = people.call("ada", "POST", OF_STAGE, name=name, stage="production", comment="slow")
    moved = {"1": ["Archived", "Production"], "2": ["Production", "Staging"]}
    assert answer == {"name": name, "stage": "Production", "versions": moved}
    assert people.stages(name) == {"1": "Production", "2": "Staging", "3": "None"}
    assert [event["action"] for event in events] == ["stage_changed", "stage_changed", "rolled_back"]
    assert {(event["actor"], event["comment"]) for event in events} == {("ada", "slow")}
    assert events[-1]["from"] == {"stages": {"1": "Archived", "2": "Production"}}
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production")
    assert people.stages(name) == {"1": "None", "2": "Staging", "3": "None"}


def test_a_stage_has_nothing_before_its_first_transition(people: People, api: Api, name: str) -> None:
    people.move(name, "1", "Staging")
    api.refused("POST", OF_STAGE, INVALID, name=name, stage="Production")
    api.refused("POST", OF_STAGE, INVALID, name=name, stage="None")
    api.refused("POST", OF_STAGE, INVALID, name=name, stage="Live")
    api.refused("POST", OF_STAGE, "RESOURCE_DOES_NOT_EXIST", 404, name=f"{name}-no", stage="Staging")


def test_what_was_undone_by_hand_is_passed_over(people: People, name: str) -> None:
    people.move(name, "1", "Production")
    people.move(name, "2", "Production")
    people.move(name, "2", "None")
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production")
    assert people.stages(name)["2"] == "Production"
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production")
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production")
    assert people.stages(name) == {"1": "None", "2": "None", "3": "None"}


def test_a_version_that_was_deleted_does_not_come_back(people: People, api: Api, name: str) -> None:
    people.move(name, "1", "Production")
    people.move(name, "2", "Production", archive_existing_versions=True)
    api.call("DELETE", "model-versions/delete", name=name, version="2")
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production")
    assert people.stages(name) == {"1": "Production", "3": "None"}


def test_a_stage_rolls_back_only_from_the_version_that_is_named(people: People, api: Api, name: str) -> None:
    people.move(name, "1", "Production")
    people.move(name, "2", "Production")
    people.call("ada", "POST", OF_STAGE, name=name, stage="Production", from_version="2")
    told = api.refused("POST", OF_STAGE, CONFLICT, 409, name=name, stage="Production", from_version="2")
    assert "has version 1 as its newest, not version 2" in told
    assert people.stages(name)["1"] == "Production"


def test_a_rollback_of_a_protected_stage_waits(people: People, name: str) -> None:
    people.move(name, "1", "Production")
    people.move(name, "2", "Production", archive_existing_versions=True)
    people.protect(name, "stage", "*")
    request = people.held("ada", "POST", OF_STAGE, name=name, stage="Production")
    assert people.held("eve", "POST", OF_STAGE, name=name, stage="Production") == request
    people.decide("bob", "approve", request)
    assert people.stages(name) == {"1": "Production", "2": "None", "3": "None"}


def test_an_alias_that_an_older_server_moved_goes_back_to_what_was_noted_last(
    people: People, trail: Trail, name: str
) -> None:
    for version in ("1", "2"):
        people.point(name, "champion", version)
    moved = text(
        "UPDATE registered_model_alias SET version = 3 WHERE registered_model_id ="
        " (SELECT id FROM registered_model WHERE name = :name)"
    )
    with trail.runtime.database.writing() as session:
        session.execute(moved, {"name": name})
    assert back(people, name)["to_version"] == "2"


@pytest.mark.parametrize("what", ["alias", "stage"])
def test_of_many_who_roll_back_from_the_same_version_one_does(people: People, name: str, what: str) -> None:
    for version in ("1", "2", "3"):
        people.point(name, "champion", version)
        people.move(name, version, "Production", archive_existing_versions=True)
    body = {"name": name, "alias": "champion", "stage": "Production", "from_version": "3"}
    together = Barrier(6)

    def roll_back(_: int) -> int:
        together.wait(60)
        return people.api.client.post(f"{OWN}/rollbacks/{what}", json=body).status_code

    with ThreadPoolExecutor(6) as clients:
        statuses = sorted(clients.map(roll_back, range(6)))
    assert statuses == [200] + [409] * 5
    if what == "alias":
        assert people.aliases(name) == {"champion": "2"}
    else:
        assert people.stages(name) == {"1": "Archived", "2": "Production", "3": "None"}
