"""What is protected does not move, by whichever way it would, and what is not protected does."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail
from tests.integration.governance.people import ALIAS, OWN, STAGE, People

INVALID = "INVALID_PARAMETER_VALUE"


@pytest.fixture
def guarded(people: People, name: str) -> str:
    """A model with version 1 in Production and as champion, both protected; Staging and others are free."""
    people.move(name, "1", "Production")
    people.point(name, "champion", "1")
    people.point(name, "free", "1")
    people.protect(name, "stage", "production")
    people.protect(name, "alias", "champion")
    return name


HELD: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", STAGE, {"version": "2", "stage": "Production"}),
    ("POST", STAGE, {"version": "2", "stage": "production", "archive_existing_versions": True}),
    ("POST", STAGE, {"version": "1", "stage": "Staging"}),
    ("POST", STAGE, {"version": "1", "stage": "Archived"}),
    ("POST", ALIAS, {"alias": "champion", "version": "2"}),
    ("DELETE", ALIAS, {"alias": "champion"}),
    ("DELETE", "model-versions/delete", {"version": "1"}),
    ("DELETE", "registered-models/delete", {}),
    ("POST", "registered-models/rename", {"new_name": "taken-from-protection"}),
    ("POST", f"{OWN}/protections/lift", {"kind": "stage", "target": "Production"}),
]


@pytest.mark.parametrize("asked_for", HELD)
def test_a_move_of_what_is_protected_is_refused_and_waits(
    people: People, trail: Trail, guarded: str, asked_for: tuple[str, str, dict[str, Any]]
) -> None:
    method, path, move = asked_for
    stages, aliases = people.stages(guarded), people.aliases(guarded)
    with trail.added() as events:
        request = people.held("ada", method, path, name=guarded, **move)
    assert [event["action"] for event in events] == ["approval_requested"]
    assert (people.stages(guarded), people.aliases(guarded)) == (stages, aliases)
    waiting = people.request(request)
    assert (waiting["status"], waiting["requested_by"], waiting["model_name"]) == ("pending", "ada", guarded)
    assert events[0]["to"] == {"approval_request": request, "move": waiting["move"], "status": "pending"}
    assert events[0]["actor"] == "ada"


@pytest.mark.parametrize(
    ("method", "path", "move"),
    [
        ("POST", STAGE, {"version": "2", "stage": "Staging", "archive_existing_versions": True}),
        ("POST", STAGE, {"version": "1", "stage": "Production", "archive_existing_versions": True}),
        ("POST", ALIAS, {"alias": "free", "version": "2"}),
        ("POST", ALIAS, {"alias": "champion", "version": "1"}),
        ("DELETE", ALIAS, {"alias": "free"}),
        ("DELETE", "model-versions/delete", {"version": "2"}),
        ("POST", f"{OWN}/protections/lift", {"kind": "stage", "target": "Staging"}),
    ],
)
def test_what_leaves_the_protected_as_it_is_is_done(
    people: People, guarded: str, method: str, path: str, move: dict[str, Any]
) -> None:
    people.call("ada", method, path, name=guarded, **move)
    assert people.requests(model_name=guarded) == []


def test_a_move_that_is_not_possible_is_refused_as_ever_and_does_not_wait(
    people: People, guarded: str
) -> None:
    people.call("ada", "POST", STAGE, 404, name=guarded, version="9", stage="Production")
    people.call("ada", "POST", STAGE, 400, name=guarded, version="2", stage="Live")
    people.call("ada", "POST", ALIAS, 404, name=guarded, alias="champion", version="9")
    assert people.requests(model_name=guarded) == []


def test_archiving_out_of_a_protected_stage_is_held(people: People, name: str) -> None:
    people.move(name, "1", "Staging")
    people.protect(name, "stage", "Archived")
    people.move(name, "2", "Staging")
    request = people.held(
        "ada", "POST", STAGE, name=name, version="3", stage="Staging", archive_existing_versions=True
    )
    assert people.stages(name) == {"1": "Staging", "2": "Staging", "3": "None"}
    people.decide("bob", "approve", request)
    assert people.stages(name) == {"1": "Archived", "2": "Archived", "3": "Staging"}


def test_a_star_protects_every_stage_or_alias(people: People, name: str) -> None:
    people.protect(name, "stage", "*")
    people.protect(name, "alias", "*")
    people.held("ada", "POST", STAGE, name=name, version="1", stage="Staging")
    people.held("ada", "POST", ALIAS, name=name, alias="any", version="1")
    people.call("ada", "DELETE", "model-versions/delete", name=name, version="2")  # it is in no stage


def test_another_model_is_not_protected(people: People, guarded: str, api: Api) -> None:
    other = f"{guarded}-other"
    api.post("registered-models/create", name=other)
    api.post("model-versions/create", name=other, source="s3://bucket/model")
    people.move(other, "1", "Production")
    people.point(other, "champion", "1")


def test_protections_are_listed_and_set_once(people: People, trail: Trail, guarded: str, api: Api) -> None:
    listed = [{"kind": "alias", "target": "champion"}, {"kind": "stage", "target": "Production"}]
    assert api.get(f"{OWN}/protections/list", name=guarded) == {"name": guarded, "protections": listed}
    with trail.added() as events:
        people.protect(guarded, "stage", "PRODUCTION")
    assert events == []
    (event,) = trail.events(model_name=guarded, action="protected", max_results=1)
    assert event["from"] == {"protected": ["stage Production"]}
    assert event["to"] == {"protected": ["alias champion", "stage Production"]}


def test_lifting_waits_for_approval_and_then_moves_are_free(people: People, guarded: str) -> None:
    request = people.held(
        "ada", "POST", f"{OWN}/protections/lift", name=guarded, kind="stage", target="production"
    )
    people.decide("bob", "approve", request)
    people.call("ada", "POST", STAGE, name=guarded, version="2", stage="Production")


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("stage", "None"),
        ("stage", "Live"),
        ("alias", "latest"),
        ("alias", "v1"),
        ("alias", "a b"),
        ("cake", "*"),
    ],
)
def test_what_cannot_be_protected_is_refused(api: Api, name: str, kind: str, target: str) -> None:
    api.refused("POST", f"{OWN}/protections/set", INVALID, name=name, kind=kind, target=target)


def test_an_unknown_model_has_no_protections(api: Api, name: str) -> None:
    unknown = {"name": f"{name}-no"}
    api.refused("GET", f"{OWN}/protections/list", "RESOURCE_DOES_NOT_EXIST", 404, **unknown)
    for what in ("set", "lift"):
        path = f"{OWN}/protections/{what}"
        api.refused("POST", path, "RESOURCE_DOES_NOT_EXIST", 404, **unknown, kind="stage", target="*")
