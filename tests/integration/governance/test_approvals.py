"""Requests: one a move, decided once and by another actor, and done when approved."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail
from tests.integration.governance.people import ALIAS, OWN, STAGE, People


@pytest.fixture
def guarded(people: People, name: str) -> str:
    """A model whose Production and champion are protected."""
    people.protect(name, "stage", "Production")
    people.protect(name, "alias", "champion")
    return name


@pytest.fixture
def asked(people: People, guarded: str) -> int:
    """ada's request to move version 1 to Production."""
    return people.held("ada", "POST", STAGE, name=guarded, version="1", stage="Production", comment="better")


def test_approving_does_the_move_and_tells_who_and_why(
    people: People, trail: Trail, guarded: str, asked: int
) -> None:
    with trail.added() as events:
        answer = people.decide("bob", "approve", asked, comment="checked")["request"]
    assert people.stages(guarded)["1"] == "Production"
    approved, moved = events
    assert (approved["action"], approved["actor"], approved["comment"]) == ("approved", "bob", "checked")
    assert (approved["from"]["requested_by"], approved["from"]["comment"]) == ("ada", "better")
    assert (moved["action"], moved["actor"], moved["comment"]) == ("stage_changed", "bob", "checked")
    assert (moved["from"], moved["to"]) == ({"stage": "None"}, {"stage": "Production"})
    assert approved["request_id"] == moved["request_id"]
    assert (approved["entity_id"], approved["entity_version"]) == (guarded, 1)
    assert answer == people.request(asked)
    assert answer == {
        "id": asked,
        "model_name": guarded,
        "move": {"action": "transition_stage", "version": "1", "stage": "Production"},
        "status": "approved",
        "requested_by": "ada",
        "requested_by_kind": "user",
        "requested_at": answer["requested_at"],
        "comment": "better",
        "decided_by": "bob",
        "decided_by_kind": "user",
        "decided_at": answer["decided_at"],
        "decision_comment": "checked",
    }


def test_rejecting_leaves_all_as_it_is(people: People, trail: Trail, guarded: str, asked: int) -> None:
    with trail.added() as events:
        people.decide("bob", "reject", asked, comment="too slow")
    assert people.stages(guarded)["1"] == "None"
    (event,) = events
    assert (event["action"], event["to"]["status"], event["comment"]) == ("rejected", "rejected", "too slow")


def test_the_requester_withdraws_and_nobody_else(people: People, guarded: str, asked: int) -> None:
    assert people.decide("bob", "withdraw", asked, 403)["error_code"] == "PERMISSION_DENIED"
    people.decide("ada", "withdraw", asked)
    assert people.request(asked)["status"] == "withdrawn"
    assert people.stages(guarded)["1"] == "None"


@pytest.mark.parametrize("what", ["approve", "reject"])
@pytest.mark.parametrize("who", ["ada", "ADA", None])
def test_another_actor_must_decide_and_be_known(
    people: People, guarded: str, asked: int, what: str, who: str | None
) -> None:
    assert people.decide(who, what, asked, 403)["error_code"] == "PERMISSION_DENIED"
    assert people.request(asked)["status"] == "pending"
    assert people.stages(guarded)["1"] == "None"


def test_who_asks_anonymously_needs_somebody_who_does_not(people: People, guarded: str) -> None:
    request = people.held(None, "POST", STAGE, name=guarded, version="1", stage="Production")
    people.decide(None, "approve", request, 403)
    people.decide("bob", "approve", request)
    assert people.stages(guarded)["1"] == "Production"


def test_the_same_move_asked_again_is_the_same_request_until_it_is_decided(
    people: People, trail: Trail, guarded: str, asked: int
) -> None:
    move: dict[str, Any] = {"name": guarded, "version": "1", "stage": "PRODUCTION"}
    with trail.added() as events:
        assert people.held("ada", "POST", STAGE, **move) == asked
        assert people.held("eve", "POST", STAGE, **move) == asked
    assert events == []
    assert people.held("ada", "POST", STAGE, **move, archive_existing_versions=True) != asked
    people.decide("bob", "reject", asked)
    assert people.held("ada", "POST", STAGE, **move) != asked


@pytest.mark.parametrize("what", ["approve", "reject", "withdraw"])
def test_a_decided_request_stays_as_it_is(people: People, asked: int, what: str) -> None:
    people.decide("bob", "reject", asked)
    answer = people.decide("ada" if what == "withdraw" else "eve", what, asked, 409)
    assert answer["error_code"] == "RESOURCE_CONFLICT"
    assert f"Approval request {asked} was already rejected by 'bob'" in answer["message"]


@pytest.mark.parametrize("what", ["approve", "reject", "withdraw"])
def test_a_request_that_is_not_there_is_404(people: People, api: Api, what: str) -> None:
    people.decide("bob", what, 10**12, 404)
    api.refused("GET", f"{OWN}/approvals/get", "RESOURCE_DOES_NOT_EXIST", 404, id=-1)


def test_what_is_gone_meanwhile_cannot_be_approved_and_the_request_still_waits(
    people: People, guarded: str, asked: int, trail: Trail
) -> None:
    people.call("eve", "DELETE", "model-versions/delete", name=guarded, version="1")
    with trail.added() as events:
        answer = people.decide("bob", "approve", asked, 404)
    assert answer["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert f"Approval request {asked} cannot be carried out: Model Version" in answer["message"]
    assert events == []
    assert people.request(asked)["status"] == "pending"
    people.decide("bob", "reject", asked)


def test_a_deleted_model_leaves_its_requests_which_cannot_be_approved(
    people: People, guarded: str, asked: int, api: Api
) -> None:
    deletion = people.held("ada", "DELETE", "registered-models/delete", name=guarded)
    people.decide("bob", "approve", deletion)
    api.refused("GET", "registered-models/get", "RESOURCE_DOES_NOT_EXIST", 404, name=guarded)
    # One of the same name is another model.
    api.post("registered-models/create", name=guarded)
    api.post("model-versions/create", name=guarded, source="s3://bucket/model")
    assert "was deleted" in people.decide("bob", "approve", asked, 404)["message"]
    assert people.stages(guarded) == {"1": "None"}
    assert people.request(deletion)["status"] == "approved"
    people.decide("ada", "withdraw", asked)


def test_requests_follow_a_renaming(people: People, guarded: str, asked: int) -> None:
    other = f"{guarded}-renamed"
    renaming = people.held("ada", "POST", "registered-models/rename", name=guarded, new_name=other)
    people.decide("bob", "approve", renaming)
    assert {found["id"] for found in people.requests(model_name=other)} == {asked, renaming}
    people.decide("bob", "approve", asked)
    assert people.stages(other)["1"] == "Production"


@pytest.mark.parametrize(
    ("asked_for", "after"),
    [
        (("POST", ALIAS, {"alias": "champion", "version": "2"}), {"champion": "2"}),
        (("DELETE", ALIAS, {"alias": "champion"}), {}),
        (("DELETE", "model-versions/delete", {"version": "1"}), {}),
    ],
)
def test_each_kind_of_move_is_done(people: People, name: str, asked_for: Any, after: dict[str, str]) -> None:
    people.point(name, "champion", "1")
    people.protect(name, "alias", "champion")
    method, path, move = asked_for
    people.decide("bob", "approve", people.held("ada", method, path, name=name, **move))
    assert people.aliases(name) == after


def test_requests_are_found_by_each_condition_and_paged(people: People, guarded: str, api: Api) -> None:
    ids = [
        people.held(who, "POST", ALIAS, name=guarded, alias="champion", version=version)
        for who, version in (("ada", "1"), ("eve", "2"), ("ada", "3"))
    ]
    stage = people.held("ada", "POST", STAGE, name=guarded, version="2", stage="Production")
    people.decide("bob", "reject", ids[0])
    of_model = {"model_name": guarded}

    def found(**wanted: Any) -> list[int]:
        return [request["id"] for request in people.requests(**of_model, **wanted)]

    assert found() == [stage, *reversed(ids)]
    assert found(status="pending") == [stage, ids[2], ids[1]]
    assert found(requested_by="eve") == [ids[1]]
    assert found(decided_by="bob", status="rejected") == [ids[0]]
    assert found(action="transition_stage") == [stage]
    first = api.get(f"{OWN}/approvals/list", **of_model, max_results=3)
    assert [request["id"] for request in first["requests"]] == [stage, ids[2], ids[1]]
    token = first["next_page_token"]
    second = api.get(f"{OWN}/approvals/list", **of_model, max_results=3, page_token=token)
    assert [request["id"] for request in second["requests"]] == [ids[0]]
    assert "next_page_token" not in second
    for wrong in ({"status": "lost"}, {"max_results": 0}, {"max_results": 1001}, {"page_token": "x"}):
        api.refused("GET", f"{OWN}/approvals/list", "INVALID_PARAMETER_VALUE", **wrong)


def test_of_many_who_approve_at_once_one_does(people: People, trail: Trail, guarded: str, asked: int) -> None:
    approvers = [f"approver {number}" for number in range(8)]
    together = Barrier(len(approvers))

    def approve(who: str) -> int:
        together.wait(60)
        body = {"id": asked}
        return people.api.client.post(f"{OWN}/approvals/approve", json=body, auth=(who, "x")).status_code

    with ThreadPoolExecutor(len(approvers)) as clients:
        statuses = sorted(clients.map(approve, approvers))
    assert statuses == [200] + [409] * (len(approvers) - 1)
    assert len(trail.events(model_name=guarded, action="stage_changed")) == 1
    assert len(trail.events(model_name=guarded, action="approved")) == 1


def test_of_approving_and_rejecting_at_once_one_counts(people: People, trail: Trail, guarded: str) -> None:
    for version in ("1", "2", "3"):
        request = people.held("ada", "POST", STAGE, name=guarded, version=version, stage="Production")
        together = Barrier(2)

        def decide(what: str, request: int = request, together: Barrier = together) -> int:
            together.wait(60)
            path = f"{OWN}/approvals/{what}"
            return people.api.client.post(path, json={"id": request}, auth=("bob", "x")).status_code

        with ThreadPoolExecutor(2) as clients:
            assert sorted(clients.map(decide, ["approve", "reject"])) == [200, 409]
        is_done = people.stages(guarded)[version] == "Production"
        assert is_done == (people.request(request)["status"] == "approved")


def test_many_who_ask_for_the_same_at_once_make_one_request(people: People, guarded: str) -> None:
    move = {"name": guarded, "alias": "champion", "version": "1"}

    def ask(number: int) -> int:
        return people.held(f"asker {number}", "POST", ALIAS, **move)

    with ThreadPoolExecutor(8) as clients:
        assert len(set(clients.map(ask, range(16)))) == 1


def test_a_move_and_its_protection_at_once_have_one_order(
    people: People, trail: Trail, name: str, api: Api
) -> None:
    together = Barrier(2)

    def protect() -> None:
        together.wait(60)
        people.protect(name, "stage", "Production")

    def move() -> int:
        together.wait(60)
        body = {"name": name, "version": "1", "stage": "Production"}
        return api.client.post(f"/api/2.0/mlflow/{STAGE}", json=body).status_code

    with ThreadPoolExecutor(2) as clients:
        protecting, moving = clients.submit(protect), clients.submit(move)
        protecting.result()
        status = moving.result()
    actions = [event["action"] for event in reversed(trail.events(model_name=name))]
    expected = ["stage_changed", "protected"] if status == 200 else ["protected", "approval_requested"]
    assert actions[-2:] == expected
