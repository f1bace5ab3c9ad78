"""Each write leaves one event that says from what to what, and a write that fails leaves none."""

from typing import Any

import pytest

from tests.fixtures.api import API, Api
from tests.integration.audit.trail import Trail

Call = tuple[str, str, dict[str, Any]]


def model(method: str, path: str, **message: Any) -> Call:
    return method, f"registered-models/{path}", message


def version(method: str, path: str, **message: Any) -> Call:
    return method, f"model-versions/{path}", {"version": "1", **message}


CREATED_VERSION = {
    "description": "",
    "stage": "None",
    "source": "s3://bucket/model",
    "run_id": "",
    "model_id": "",
    "tags": {},
    "aliases": [],
}

CHANGES: list[tuple[Call, str, dict[str, Any] | None, dict[str, Any] | None]] = [
    (model("PATCH", "update", description="new"), "described", {"description": ""}, {"description": "new"}),
    (model("POST", "set-tag", key="team", value="a"), "tagged", {"tags": {}}, {"tags": {"team": "a"}}),
    (
        model("POST", "set-tag", key="team", value="b"),
        "tagged",
        {"tags": {"team": "a"}},
        {"tags": {"team": "b"}},
    ),
    (model("DELETE", "delete-tag", key="team"), "untagged", {"tags": {"team": "b"}}, {"tags": {}}),
    (
        model("POST", "alias", alias="best", version="1"),
        "alias_set",
        {"aliases": {}},
        {"aliases": {"best": "1"}},
    ),
    (
        model("POST", "alias", alias="best", version="2"),
        "alias_set",
        {"aliases": {"best": "1"}},
        {"aliases": {"best": "2"}},
    ),
    (model("DELETE", "alias", alias="best"), "alias_deleted", {"aliases": {"best": "2"}}, {"aliases": {}}),
    (version("PATCH", "update", description="v"), "described", {"description": ""}, {"description": "v"}),
    (version("POST", "set-tag", key="k", value="x"), "tagged", {"tags": {}}, {"tags": {"k": "x"}}),
    (version("DELETE", "delete-tag", key="k"), "untagged", {"tags": {"k": "x"}}, {"tags": {}}),
    (
        version("POST", "transition-stage", stage="staging"),
        "stage_changed",
        {"stage": "None"},
        {"stage": "Staging"},
    ),
    (
        version("DELETE", "delete"),
        "deleted",
        CREATED_VERSION | {"description": "v", "stage": "Staging"},
        None,
    ),
    (
        model("DELETE", "delete"),
        "deleted",
        {"description": "new", "tags": {}, "aliases": {}, "versions": {"2": "None"}},
        None,
    ),
]


def test_every_write_to_the_registry_leaves_one_event(trail: Trail, api: Api, name: str) -> None:
    with trail.added() as events:
        api.post("registered-models/create", name=name, description="", tags=[{"key": "k", "value": "v"}])
        api.call("DELETE", "registered-models/delete-tag", name=name, key="k")
        for _ in range(2):
            api.post("model-versions/create", name=name, source="s3://bucket/model")
        for (method, path, message), *_ in CHANGES:
            api.call(method, path, name=name, **message)

    assert [(event["action"], event.get("from"), event.get("to")) for event in events] == [
        ("created", None, {"description": "", "tags": {"k": "v"}}),
        ("untagged", {"tags": {"k": "v"}}, {"tags": {}}),
        ("created", None, CREATED_VERSION),
        ("created", None, CREATED_VERSION),
        *((action, before, after) for _, action, before, after in CHANGES),
    ]
    assert {event["entity_id"] for event in events} == {name}
    for event, (_, path, _) in zip(events[4:], (call for call, *_ in CHANGES), strict=True):
        of_version = path.startswith("model-versions")
        assert event["entity_type"] == ("model_version" if of_version else "registered_model")
        assert event.get("entity_version") == (1 if of_version else None)
    assert [event.get("entity_version") for event in events[2:4]] == [1, 2]
    assert trail.events(model_name=name, max_results=1000) == events[::-1]
    assert trail.faults() == []


def test_a_renaming_is_found_under_the_new_name(trail: Trail, api: Api, name: str) -> None:
    api.post("registered-models/create", name=name)
    api.post("registered-models/rename", name=name, new_name=f"{name}-new")
    (event,) = trail.events(model_name=f"{name}-new")
    assert (event["action"], event["from"], event["to"]) == (
        "renamed",
        {"name": name},
        {"name": f"{name}-new"},
    )


def test_each_version_that_is_archived_has_an_event(trail: Trail, api: Api, name: str) -> None:
    api.post("registered-models/create", name=name)
    for number in ("1", "2", "3"):
        api.post("model-versions/create", name=name, source="s3://bucket/model")
        api.post("model-versions/transition-stage", name=name, version=number, stage="Production")
    with trail.added() as events:
        api.post(
            "model-versions/transition-stage",
            name=name,
            version="3",
            stage="Staging",
            archive_existing_versions=False,
        )
        api.post(
            "model-versions/transition-stage",
            name=name,
            version="3",
            stage="Production",
            archive_existing_versions=True,
            comment="the others are worse",
        )
    moves = [(event["entity_version"], event["from"]["stage"], event["to"]["stage"]) for event in events]
    assert moves == [
        (3, "Production", "Staging"),
        (1, "Production", "Archived"),
        (2, "Production", "Archived"),
        (3, "Staging", "Production"),
    ]
    assert [event["comment"] for event in events] == ["", *["the others are worse"] * 3]
    assert len({event["request_id"] for event in events[1:]}) == 1


def test_writes_to_logged_models_leave_one_event_each(trail: Trail, api: Api) -> None:
    experiment_id = api.new_experiment()
    with trail.added() as events:
        info = api.post("logged-models", experiment_id=experiment_id, name="net")["model"]["info"]
        path = f"logged-models/{info['model_id']}"
        api.call("PATCH", path, model_id=info["model_id"], status="LOGGED_MODEL_READY")
        api.call("PATCH", f"{path}/tags", tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        api.call("PATCH", f"{path}/tags", tags=[{"key": "a", "value": "3"}])
        api.call("DELETE", f"{path}/tags/a")
        api.post(f"{path}/params", model_id=info["model_id"], params=[{"key": "lr", "value": "1"}])
        api.call("DELETE", f"{path}?comment=too%20big")
        api.call("DELETE", path)
    assert {(event["entity_type"], event["entity_id"]) for event in events} == {
        ("logged_model", info["model_id"])
    }
    assert [(event["action"], event.get("from"), event["to"]) for event in events[1:]] == [
        ("status_changed", {"status": "LOGGED_MODEL_PENDING"}, {"status": "LOGGED_MODEL_READY"}),
        ("tagged", {"tags": {}}, {"tags": {"a": "1", "b": "2"}}),
        ("tagged", {"tags": {"a": "1"}}, {"tags": {"a": "3"}}),
        ("untagged", {"tags": {"a": "3"}}, {"tags": {}}),
        ("params_logged", {"params": {}}, {"params": {"lr": "1"}}),
        ("deleted", {"lifecycle_stage": "active"}, {"lifecycle_stage": "deleted"}),
    ]
    assert events[0]["to"]["name"] == "net"
    assert events[-1]["comment"] == "too big"


def test_moves_to_the_bin_and_out_of_it_leave_one_event_each(trail: Trail, api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    with trail.added() as events:
        api.post("runs/delete", run_id=run_id, comment="diverged")
        api.post("runs/delete", run_id=run_id)
        api.post("runs/restore", run_id=run_id)
        api.post("experiments/delete", experiment_id=experiment_id)
        api.post("experiments/restore", experiment_id=experiment_id, comment="was mine")
    assert [
        (event["entity_type"], event["entity_id"], event["action"], event["comment"]) for event in events
    ] == [
        ("run", run_id, "deleted", "diverged"),
        ("run", run_id, "restored", ""),
        ("experiment", experiment_id, "deleted", ""),
        ("experiment", experiment_id, "restored", "was mine"),
    ]


def test_what_changes_nothing_leaves_an_event_only_for_its_comment(trail: Trail, api: Api, name: str) -> None:
    api.post("registered-models/create", name=name, description="same")
    api.post("model-versions/create", name=name, source="s3://bucket/model")
    with trail.added() as events:
        api.call("PATCH", "registered-models/update", name=name, description="same")
        api.call("DELETE", "registered-models/delete-tag", name=name, key="none")
        api.call("DELETE", "registered-models/alias", name=name, alias="none")
        api.post("registered-models/rename", name=name, new_name=name)
        api.post("model-versions/transition-stage", name=name, version="1", stage="None")
        api.post("model-versions/transition-stage", name=name, version="1", stage="None", comment="checked")
    assert [(event["action"], event["comment"]) for event in events] == [("stage_changed", "checked")]


def test_what_is_refused_or_rolled_back_leaves_none(
    trail: Trail, api: Api, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("registered-models/create", name=name)
    monkeypatch.setattr("trackhelm_registry.registered_models.logic.model_details", lambda *_: 1 / 0)
    with trail.added() as events:
        for path, message in (
            ("registered-models/create", {}),
            ("registered-models/update", {"description": "lost"}),
        ):
            method = "POST" if path.endswith("create") else "PATCH"
            answer = api.client.request(method, f"{API}/{path}", json={"name": name, **message})
            assert answer.status_code >= 400
    assert events == []
    monkeypatch.undo()
    assert api.get("registered-models/get", name=name)["registered_model"].get("description", "") == ""
    assert trail.faults() == []


def test_a_long_text_is_kept_as_its_beginning_and_its_digest(trail: Trail, api: Api, name: str) -> None:
    api.post("registered-models/create", name=name, description="é" * 50_000)
    api.call("PATCH", "registered-models/update", name=name, description="short")
    (event, _) = trail.events(model_name=name)
    kept = event["from"]["description"]
    assert (kept["starts"], kept["length"], len(kept["sha256"])) == ("é" * 1_000, 50_000, 64)


def test_a_state_of_many_tags_is_kept_as_its_digest(trail: Trail, api: Api, name: str) -> None:
    tags = [{"key": f"key {number}", "value": "v" * 100} for number in range(500)]
    api.post("registered-models/create", name=name, tags=tags)
    (event,) = trail.events(model_name=name)
    assert set(event["to"]) == {"length", "sha256"}


def test_a_comment_has_its_limit(api: Api, name: str) -> None:
    api.post("registered-models/create", name=name)
    told = api.refused(
        "DELETE", "registered-models/delete", "INVALID_PARAMETER_VALUE", name=name, comment="x" * 4_001
    )
    assert "'comment'" in told
    assert "4000" in told
