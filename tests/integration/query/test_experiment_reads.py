"""Experiments as they are read and searched, over both databases."""

import uuid
from typing import Any

import pytest

from tests.fixtures.api import Api

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"


def names(page: dict[str, Any]) -> list[str]:
    return [experiment["name"] for experiment in page.get("experiments", [])]


def test_an_experiment_is_got_by_id_and_by_name_deleted_or_not(api: Api) -> None:
    name = uuid.uuid4().hex
    experiment_id = api.new_experiment(name=name, tags=[{"key": "team", "value": ""}])
    experiment = api.get("experiments/get", experiment_id=experiment_id)["experiment"]
    assert experiment["name"] == name
    assert experiment["experiment_id"] == experiment_id
    assert experiment["lifecycle_stage"] == "active"
    assert experiment["artifact_location"] == f"mlflow-artifacts:/{experiment_id}"
    assert experiment["tags"] == [{"key": "team", "value": ""}]
    assert experiment["creation_time"] > 0
    assert api.get("experiments/get-by-name", experiment_name=name)["experiment"] == experiment
    api.post("experiments/delete", experiment_id=experiment_id)
    assert api.get("experiments/get-by-name", experiment_name=name)["experiment"]["lifecycle_stage"] == (
        "deleted"
    )


def test_an_experiment_that_is_not_there_is_not_found(api: Api) -> None:
    api.refused("GET", "experiments/get", MISSING, 404, experiment_id="999999999999999999")
    api.refused("GET", "experiments/get-by-name", MISSING, 404, experiment_name=uuid.uuid4().hex)
    api.refused("GET", "experiments/get", INVALID, experiment_id="x")
    api.refused("GET", "experiments/get", INVALID, experiment_id="9" * 40)
    api.refused("GET", "experiments/get", INVALID)
    api.refused("GET", "experiments/get-by-name", INVALID, experiment_name="\0")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_search_filters_orders_and_turns_pages(api: Api, method: str) -> None:
    prefix = uuid.uuid4().hex
    made = [f"{prefix} {letter}" for letter in "abcde"]
    for index, name in enumerate(made):
        api.new_experiment(name=name, tags=[{"key": "n", "value": str(index)}])
    query: dict[str, Any] = {"filter": f"name LIKE '{prefix}%'", "order_by": ["name DESC"], "max_results": 2}
    first = api.call(method, "experiments/search", **query)
    assert names(first) == [made[4], made[3]]
    # An experiment made meanwhile, before the page that is next, moves nothing.
    api.new_experiment(name=f"{prefix} z")
    second = api.call(method, "experiments/search", **query, page_token=first["next_page_token"])
    assert names(second) == [made[2], made[1]]
    third = api.call(method, "experiments/search", **query, page_token=second["next_page_token"])
    assert names(third) == [made[0]]
    assert "next_page_token" not in third
    query["filter"] = f"tags.n = '3' AND name LIKE '{prefix}%'"
    assert names(api.call(method, "experiments/search", **query)) == [made[3]]
    api.refused(method, "experiments/search", INVALID, **query, page_token=first["next_page_token"])


def test_search_shows_the_stages_it_is_asked_for(api: Api) -> None:
    prefix = uuid.uuid4().hex
    api.new_experiment(name=f"{prefix} live")
    api.post("experiments/delete", experiment_id=api.new_experiment(name=f"{prefix} dead"))

    def seen(view: object) -> set[str]:
        page = api.post("experiments/search", filter=f"name LIKE '{prefix}%'", max_results=10, view_type=view)
        return {name.removeprefix(f"{prefix} ") for name in names(page)}

    active: list[object] = ["ACTIVE_ONLY", 1, "1", None, "unknown", 9, [], {}]
    for view in active:
        assert seen(view) == {"live"}
    for deleted in ("DELETED_ONLY", 2, "2"):
        assert seen(deleted) == {"dead"}
    for both in ("ALL", 3):
        assert seen(both) == {"live", "dead"}


def test_the_default_order_is_by_creation_and_ties_by_id(api: Api) -> None:
    prefix = uuid.uuid4().hex
    made = [api.new_experiment(name=f"{prefix} {index}") for index in range(4)]
    found = api.post("experiments/search", filter=f"name LIKE '{prefix}%'", max_results=10)["experiments"]
    expected = sorted(found, key=lambda found: (-found["creation_time"], int(found["experiment_id"])))
    assert found == expected
    assert {experiment["experiment_id"] for experiment in found} == set(made)
    by_id = api.post(
        "experiments/search",
        filter=f"attribute.experiment_id IN ('{made[0]}', '{made[2]}')",
        order_by=["experiment_id ASC"],
        max_results=10,
    )
    assert [experiment["experiment_id"] for experiment in by_id["experiments"]] == [made[0], made[2]]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": 10**30},
        {"max_results": 5, "filter": "name ~ 'x'"},
        {"max_results": 5, "filter": "unknown = 'x'"},
        {"max_results": 5, "order_by": ["unknown"]},
        {"max_results": 5, "order_by": ["tags.x"]},
        {"max_results": 5, "order_by": ["name", "name DESC"]},
        {"max_results": 5, "page_token": "nonsense"},
        {"max_results": 5, "filter": "name = '\0'"},
    ],
)
def test_a_search_that_is_not_allowed_is_refused(api: Api, message: dict[str, Any]) -> None:
    api.refused("POST", "experiments/search", INVALID, **message)


def test_browsers_search_under_their_own_prefix(api: Api) -> None:
    page = api.post("/ajax-api/2.0/mlflow/experiments/search", max_results=1)
    assert len(page["experiments"]) == 1


def test_half_a_surrogate_pair_is_refused(api: Api) -> None:
    answer = api.client.post(
        "/api/2.0/mlflow/experiments/search",
        content=rb"""{"max_results": 5, "filter": "name = '\ud800'"}""",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == INVALID
