"""Saved views: made, renamed, changed and deleted, each with an event of the audit trail."""

import pytest

from tests.fixtures.api import Api

VIEWS = "/api/2.0/trackhelm/views"
STATE = '{"q":"metrics.loss < 1","sort":"-metrics.loss"}'


def names(api: Api, experiment_id: str) -> list[str]:
    found = api.get(f"{VIEWS}/list", experiment_id=experiment_id)
    return [view["name"] for view in found.get("views", [])]


def test_a_view_is_saved_changed_and_deleted(api: Api) -> None:
    experiment_id = api.new_experiment()
    of_experiment = {"experiment_id": experiment_id, "state": STATE}
    view = api.post(f"{VIEWS}/create", **of_experiment, name=" best runs ")["view"]
    assert (view["name"], view["state"]) == ("best runs", STATE)
    api.post(f"{VIEWS}/create", **of_experiment, name="All")
    assert names(api, experiment_id) == ["All", "best runs"]

    view_id = view["view_id"]
    api.post(f"{VIEWS}/update", view_id=view_id, state="{}")
    assert api.get(f"{VIEWS}/get", view_id=view_id)["view"]["state"] == "{}"
    renamed = api.post(f"{VIEWS}/update", view_id=view_id, name="a view")["view"]
    assert renamed["state"] == "{}"
    assert renamed["last_update_time"] >= view["creation_time"]
    assert names(api, experiment_id) == ["a view", "All"]
    api.post(f"{VIEWS}/delete", view_id=view_id)
    assert names(api, experiment_id) == ["All"]
    events = api.get("/api/2.0/trackhelm/audit/events", entity_type="saved_view", entity_id=view_id)
    assert [event["action"] for event in events["events"]] == ["deleted", "renamed", "updated", "created"]


def test_a_name_is_taken_in_its_experiment_only(api: Api) -> None:
    first, second = api.new_experiment(), api.new_experiment()
    view = api.post(f"{VIEWS}/create", experiment_id=first, name="best", state="{}")["view"]
    api.post(f"{VIEWS}/create", experiment_id=second, name="best", state="{}")
    other = api.post(f"{VIEWS}/create", experiment_id=first, name="other", state="{}")["view"]
    taken = "RESOURCE_ALREADY_EXISTS"
    again = {"experiment_id": first, "name": "best", "state": "{}"}
    assert "'best'" in api.refused("POST", f"{VIEWS}/create", taken, **again)
    api.refused("POST", f"{VIEWS}/update", taken, view_id=other["view_id"], name="best")
    api.post(f"{VIEWS}/update", view_id=view["view_id"], name="best")  # its own name


@pytest.mark.parametrize("state", ["", "[]", "nothing", '"{}"'])
def test_a_state_must_be_an_object(api: Api, state: str) -> None:
    experiment_id = api.new_experiment()
    invalid = {"experiment_id": experiment_id, "name": "best", "state": state}
    api.refused("POST", f"{VIEWS}/create", "INVALID_PARAMETER_VALUE", **invalid)


def test_views_are_of_experiments_that_are_there(api: Api) -> None:
    experiment_id = api.new_experiment()
    view = api.post(f"{VIEWS}/create", experiment_id=experiment_id, name="best", state="{}")["view"]
    api.post("experiments/delete", experiment_id=experiment_id)
    another = {"experiment_id": experiment_id, "name": "another", "state": "{}"}
    api.refused("POST", f"{VIEWS}/create", "INVALID_PARAMETER_VALUE", **another)
    assert names(api, experiment_id) == ["best"]
    gone = {"experiment_id": "987654321", "name": "best", "state": "{}"}
    api.refused("POST", f"{VIEWS}/create", "RESOURCE_DOES_NOT_EXIST", 404, **gone)
    for action in ("update", "delete"):
        api.refused("POST", f"{VIEWS}/{action}", "RESOURCE_DOES_NOT_EXIST", 404, view_id="nobody")
    api.refused("GET", f"{VIEWS}/get", "RESOURCE_DOES_NOT_EXIST", 404, view_id="nobody")
    assert view["experiment_id"] == experiment_id
