"""Webhooks themselves: made, listed, changed, deleted; what is refused, and what the audit trail is told."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.integration.webhooks.conftest import SECRET, Hook
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration

ALL = "/api/2.0/trackhelm/webhooks"
CREATED = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]


def test_a_webhook_is_told_as_it_was_made_but_for_its_secret(hook: Hook) -> None:
    webhook_id = hook.create(name="ci-1", description="builds", events=CREATED, run_events=["FAILED"])
    webhook = hook.api.get(f"webhooks/{webhook_id}")["webhook"]
    assert webhook.pop("creation_timestamp") == webhook.pop("last_updated_timestamp") > 0
    assert webhook == {
        "webhook_id": webhook_id,
        "name": "ci-1",
        "url": hook.receiver.url,
        "description": "builds",
        "status": "ACTIVE",
        "signed": True,
        "events": CREATED,
        "run_events": ["FAILED"],
    }
    assert SECRET not in str(hook.api.get("webhooks"))


def test_a_secret_is_stored_encrypted(hook: Hook) -> None:
    hook.create()
    app: Any = hook.api.client.app
    with app.state.runtime.database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM webhook").all()
    assert SECRET not in str(row)
    assert app.state.runtime.part(WebhookConfiguration).secrets.open(row.secret) == SECRET


def test_events_may_be_named_by_their_numbers(hook: Hook) -> None:
    webhook_id = hook.create(events=[{"entity": 3, "action": 4}], run_events=[], status=2)
    webhook = hook.api.get(f"webhooks/{webhook_id}")["webhook"]
    assert webhook["events"] == [{"entity": "MODEL_VERSION_TAG", "action": "SET"}]
    assert webhook["status"] == "DISABLED"


def test_what_is_not_given_stays(hook: Hook) -> None:
    webhook_id = hook.create(description="first", events=CREATED, run_events=["FAILED"])
    path = f"webhooks/{webhook_id}"
    before = hook.api.get(path)["webhook"]
    after = hook.api.call("PATCH", path)["webhook"]
    assert after["last_updated_timestamp"] >= before.pop("last_updated_timestamp")
    assert {**after, **before} == after
    changed = hook.api.call(
        "PATCH", path, name="second", description="", run_events=[], status="DISABLED", secret=""
    )["webhook"]
    assert "description" not in changed
    assert "run_events" not in changed
    assert (changed["name"], changed["status"], changed["signed"]) == ("second", "DISABLED", False)
    assert changed["events"] == CREATED


def test_a_webhook_of_runs_alone_is_hidden_from_clients_that_would_choke_on_it(hook: Hook) -> None:
    of_runs = hook.create(events=[], run_events=["STARTED"])
    of_both = hook.create()
    assert [each["webhook_id"] for each in hook.api.get("webhooks")["webhooks"]] == [of_both]
    assert [each["webhook_id"] for each in hook.api.get(ALL)["webhooks"]] == [of_both, of_runs]
    hook.api.refused("PATCH", f"webhooks/{of_runs}", "INVALID_PARAMETER_VALUE", run_events=[])


def test_pages_hold_each_webhook_once(hook: Hook) -> None:
    made = [hook.create(name=f"hook-{number}") for number in range(5)]
    found: list[str] = []
    token = ""
    while True:
        page = hook.api.get("webhooks", max_results=2, page_token=token)
        found += [each["webhook_id"] for each in page["webhooks"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert found == made[::-1]
    hook.api.refused("GET", "webhooks", "INVALID_PARAMETER_VALUE", page_token="x")
    hook.api.refused("GET", "webhooks", "INVALID_PARAMETER_VALUE", max_results=1_001)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "'name'"),
        ({"name": "-x"}, "start and end with a letter or digit"),
        ({"name": "a" * 64}, "at most 63"),
        ({"url": ""}, "'url'"),
        ({"url": "https://10.0.0.1/x"}, "TRACKHELM_WEBHOOK_PRIVATE_NETWORKS"),
        ({"events": [], "run_events": []}, "'events'"),
        (
            {"events": [{"entity": "BUDGET_POLICY", "action": "EXCEEDED"}]},
            "must be one of REGISTERED_MODEL CREATED",
        ),
        ({"events": [{"entity": "RUN", "action": "STARTED"}]}, "'run_events'"),
        ({"events": [{"entity": 99, "action": 1}]}, "'events'"),
        ({"events": [{"entity": "PROMPT"}]}, "events[0].action"),
        ({"run_events": ["CREATED"]}, "STARTED, FINISHED, FAILED, KILLED"),
        ({"description": "a" * 1_001}, "'description'"),
        ({"secret": "a" * 1_001}, "'secret'"),
        ({"status": "PAUSED"}, "ACTIVE, DISABLED"),
        ({"status": 9}, "ACTIVE, DISABLED"),
    ],
)
def test_what_is_wrong_is_refused_with_what_is_allowed(hook: Hook, given: dict[str, Any], said: str) -> None:
    message = {"name": "a", "url": hook.receiver.url, "run_events": ["STARTED"]} | given
    assert said in hook.api.refused("POST", "webhooks", "INVALID_PARAMETER_VALUE", **message)
    assert hook.api.get(ALL) == {}


@pytest.mark.parametrize("webhook_id", ["0" * 32, "x", "%00", "a" * 500])
def test_a_webhook_that_is_not_there_is_404(hooks: Api, webhook_id: str) -> None:
    for method, path in (
        ("GET", f"webhooks/{webhook_id}"),
        ("PATCH", f"webhooks/{webhook_id}"),
        ("DELETE", f"webhooks/{webhook_id}"),
        ("POST", f"webhooks/{webhook_id}/test"),
        ("GET", f"{ALL}/{webhook_id}/deliveries"),
        ("POST", f"{ALL}/{webhook_id}/deliveries/{'0' * 32}/resend"),
    ):
        hooks.refused(method, path, "RESOURCE_DOES_NOT_EXIST", 404)


def test_there_is_a_limit(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackhelm_registry.webhooks.logic.WEBHOOKS", 1)
    hook.create()
    said = hook.api.refused(
        "POST", "webhooks", "INVALID_PARAMETER_VALUE", name="b", url=hook.receiver.url, run_events=["FAILED"]
    )
    assert "may be no more" in said


def test_the_audit_trail_is_told_of_every_change_and_of_no_secret(hook: Hook) -> None:
    webhook_id = hook.create(events=CREATED, run_events=[])
    hook.api.call("PATCH", f"webhooks/{webhook_id}", name="renamed")
    hook.api.call("PATCH", f"webhooks/{webhook_id}", secret="another")
    hook.api.call("DELETE", f"webhooks/{webhook_id}")
    events = hook.api.get("/api/2.0/trackhelm/audit/events", entity_id=webhook_id)["events"][::-1]
    assert [event["action"] for event in events] == ["created", "updated", "updated", "deleted"]
    assert {event["entity_type"] for event in events} == {"webhook"}
    assert events[0]["to"]["events"] == ["registered_model.created"]
    assert (events[1]["from"]["name"], events[1]["to"]["name"]) == ("all", "renamed")
    assert events[2]["to"]["secret_replaced"] is True
    assert SECRET not in str(events)
    assert "another" not in str(events)
