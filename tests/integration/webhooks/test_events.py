"""What webhooks are told: every event of models, prompts and runs, in its order and signed."""

import uuid
from typing import Any

import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.webhooks.conftest import EVENTS, RUN_EVENTS, SECRET, Hook

PROMPT = [
    {"key": "mlflow.prompt.is_prompt", "value": "true"},
    {"key": "_mlflow_prompt_type", "value": "text"},
]


def told(hook: Hook, count: int) -> list[tuple[str, dict[str, Any]]]:
    wait_until(lambda: len(hook.receiver.calls) >= count)
    calls = hook.receiver.calls
    assert all(call.is_signed_with(SECRET) for call in calls)
    assert len({call.delivery_id for call in calls}) == len(calls) == count
    return [(call.event, call.data) for call in calls]


def test_the_life_of_a_model(hook: Hook) -> None:
    hook.create()
    name = f"model-{uuid.uuid4().hex}"
    api = hook.api
    api.post("registered-models/create", name=name, description="d", tags=[{"key": "a", "value": "1"}])
    api.post("registered-models/set-tag", name=name, key="b", value="2")  # MLflow has no event for it
    api.post(
        "model-versions/create", name=name, source="s3://bucket/model", tags=[{"key": "c", "value": "3"}]
    )
    api.post("model-versions/set-tag", name=name, version="1", key="ok", value="yes")
    api.call("DELETE", "model-versions/delete-tag", name=name, version="1", key="ok")
    api.call("DELETE", "model-versions/delete-tag", name=name, version="1", key="never there")
    api.post("registered-models/alias", name=name, alias="champion", version="1")
    api.call("DELETE", "registered-models/alias", name=name, alias="champion")
    api.call("DELETE", "registered-models/alias", name=name, alias="champion")
    assert told(hook, 6) == [
        ("registered_model.created", {"name": name, "tags": {"a": "1"}, "description": "d"}),
        (
            "model_version.created",
            {
                "name": name,
                "version": "1",
                "source": "s3://bucket/model",
                "run_id": None,
                "tags": {"c": "3"},
                "description": None,
            },
        ),
        ("model_version_tag.set", {"name": name, "version": "1", "key": "ok", "value": "yes"}),
        ("model_version_tag.deleted", {"name": name, "version": "1", "key": "ok"}),
        ("model_version_alias.created", {"name": name, "alias": "champion", "version": "1"}),
        ("model_version_alias.deleted", {"name": name, "alias": "champion"}),
    ]


def test_a_rollback_moves_an_alias_too(hook: Hook) -> None:
    name = f"model-{uuid.uuid4().hex}"
    hook.api.post("registered-models/create", name=name)
    for _ in range(2):
        hook.api.post("model-versions/create", name=name, source="s3://bucket/model")
    hook.create()
    for version in ("1", "2"):
        hook.api.post("registered-models/alias", name=name, alias="live", version=version)
    hook.api.post("/api/2.0/trackhelm/rollbacks/alias", name=name, alias="live")
    assert [data["version"] for _, data in told(hook, 3)] == ["1", "2", "1"]


def test_the_life_of_a_prompt(hook: Hook) -> None:
    hook.create()
    name = f"prompt-{uuid.uuid4().hex}"
    api = hook.api
    text = {"key": "mlflow.prompt.text", "value": "Hello {{name}}"}
    api.post("registered-models/create", name=name, tags=[*PROMPT, {"key": "a", "value": "1"}])
    api.post("model-versions/create", name=name, source="prompt-template", tags=[*PROMPT, text])
    api.post("registered-models/set-tag", name=name, key="b", value="2")
    api.call("DELETE", "registered-models/delete-tag", name=name, key="b")
    api.post("model-versions/set-tag", name=name, version="1", key="ok", value="yes")
    api.call("DELETE", "model-versions/delete-tag", name=name, version="1", key="ok")
    api.post("registered-models/alias", name=name, alias="live", version="1")
    api.call("DELETE", "registered-models/alias", name=name, alias="live")
    assert told(hook, 8) == [
        ("prompt.created", {"name": name, "tags": {"a": "1"}, "description": None}),
        (
            "prompt_version.created",
            {"name": name, "version": "1", "template": "Hello {{name}}", "tags": {}, "description": None},
        ),
        ("prompt_tag.set", {"name": name, "key": "b", "value": "2"}),
        ("prompt_tag.deleted", {"name": name, "key": "b"}),
        ("prompt_version_tag.set", {"name": name, "version": "1", "key": "ok", "value": "yes"}),
        ("prompt_version_tag.deleted", {"name": name, "version": "1", "key": "ok"}),
        ("prompt_alias.created", {"name": name, "alias": "live", "version": "1"}),
        ("prompt_alias.deleted", {"name": name, "alias": "live"}),
    ]


def test_the_life_of_a_run(hook: Hook) -> None:
    hook.create()
    run = hook.api.new_run(run_name="r", start_time=5, user_id="ada")
    for status in ("FINISHED", "FINISHED", "RUNNING", "SCHEDULED", "FAILED", "KILLED"):
        hook.api.post("runs/update", run_id=run, status=status, end_time=9)
    hook.api.post("runs/update", run_id=run, run_name="another")
    found = told(hook, 5)
    assert [event for event, _ in found] == [
        "run.started", "run.finished", "run.started", "run.failed", "run.killed",
    ]  # fmt: skip
    info = hook.api.get("runs/get", run_id=run)["run"]["info"]
    assert found[1][1] == {
        "run_id": run,
        "run_name": "r",
        "experiment_id": info["experiment_id"],
        "user_id": "ada",
        "status": "FINISHED",
        "start_time": 5,
        "end_time": 9,
        "artifact_uri": info["artifact_uri"],
    }


def test_a_webhook_hears_of_nothing_else_than_it_asked_for(hook: Hook) -> None:
    finished = hook.create(events=[], run_events=["FINISHED"])
    disabled = hook.create(status="DISABLED")
    run = hook.api.new_run()
    hook.api.post("runs/update", run_id=run, status="FINISHED")
    assert [event for event, _ in told(hook, 1)] == ["run.finished"]
    wait_until(lambda: hook.states(finished) == ["DELIVERED"])
    assert hook.deliveries(disabled) == []


def test_the_body_is_mlflows(hook: Hook) -> None:
    hook.create(secret="")
    hook.api.post("registered-models/create", name=f"model-{uuid.uuid4().hex}")
    wait_until(lambda: hook.receiver.calls)
    (call,) = hook.receiver.calls
    assert call.path == "/hook?from=test"
    assert call.headers["Content-Type"] == "application/json"
    assert "X-MLflow-Signature" not in call.headers
    (delivery,) = hook.deliveries(hook.api.get("webhooks")["webhooks"][0]["webhook_id"])
    body = delivery["body"]
    assert set(body) == {"entity", "action", "timestamp", "data"}
    assert body["timestamp"].endswith("+00:00")
    assert delivery["delivery_id"] == call.delivery_id


@pytest.mark.parametrize(
    ("asked", "event"),
    [
        *(
            ({"event": {"entity": entity, "action": action}}, f"{entity}.{action}".lower())
            for entity, action in EVENTS
        ),
        *(({"run_event": name}, f"run.{name}".lower()) for name in RUN_EVENTS),
        ({}, "registered_model.created"),
    ],
)
def test_a_test_calls_with_an_example_of_any_event(hook: Hook, asked: dict[str, Any], event: str) -> None:
    webhook_id = hook.create()
    result = hook.api.post(f"webhooks/{webhook_id}/test", **asked)["result"]
    assert result == {"success": True, "response_status": 200, "response_body": "thanks"}
    (call,) = hook.receiver.calls
    assert call.event == event
    assert call.is_signed_with(SECRET)
    assert hook.deliveries(webhook_id) == []
