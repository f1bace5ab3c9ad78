"""Webhooks in the split shape: a Celery worker calls them, and each event arrives, even after kills."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.api import Api, api_of
from tests.fixtures.programs import kill_worker, worker
from tests.fixtures.receiver import Receiver, receiving
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from trackhelm_core.settings import StorageSettings, WebhookSettings

KEY = "b25lIG9uZSBvbmUgb25lIG9uZSBvbmUgb25lIG9uZSE="
SETTINGS = {
    "TRACKHELM_SECRET_KEY": KEY,
    "TRACKHELM_WEBHOOK_ALLOW_HTTP": "true",
    "TRACKHELM_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
    "TRACKHELM_WEBHOOK_TIMEOUT_SECONDS": "3",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def storage(split: Split, tmp_path: Path) -> StorageSettings:
    url = split.runtime.database.engine.url.render_as_string(hide_password=False)
    return StorageSettings(data=tmp_path, database_url=url)


@pytest.fixture
def hooked_api(split: Split, storage: StorageSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with api_of(storage, split.redis.settings) as made:
        yield made
        for webhook in made.get("/api/2.0/trackhelm/webhooks").get("webhooks", []):
            made.call("DELETE", f"webhooks/{webhook['webhook_id']}")


def hook(api: Api, receiver: Receiver) -> str:
    webhook_id: str = api.post(
        "webhooks", name="a", url=receiver.url, run_events=["STARTED", "FINISHED"], secret="s"
    )["webhook"]["webhook_id"]
    return webhook_id


def states(api: Api, webhook_id: str) -> list[str]:
    found = api.get(f"/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries").get("deliveries", [])
    return [delivery["state"] for delivery in found]


def test_a_worker_is_called_at_once_and_calls(
    split: Split, storage: StorageSettings, hooked_api: Api, receiver: Receiver, tmp_path: Path
) -> None:
    webhook_id = hook(hooked_api, receiver)
    with worker(storage, split.redis.settings, tmp_path):
        for _ in range(5):
            run = hooked_api.new_run()
            hooked_api.post("runs/update", run_id=run, status="FINISHED")
        wait_until(lambda: states(hooked_api, webhook_id) == ["DELIVERED"] * 10)
    assert all(call.is_signed_with("s") for call in receiver.calls)
    for run in {call.data["run_id"] for call in receiver.calls}:
        of_run = [call.event for call in receiver.calls if call.data["run_id"] == run]
        assert of_run == ["run.started", "run.finished"]


def test_a_worker_that_is_killed_in_the_middle_of_a_call_loses_nothing(
    split: Split, storage: StorageSettings, hooked_api: Api, receiver: Receiver, tmp_path: Path
) -> None:
    webhook_id = hook(hooked_api, receiver)
    asked, killed = threading.Event(), threading.Event()

    def hold(call: object) -> int:
        asked.set()
        killed.wait(90)
        return 200

    receiver.respond = hold
    with worker(storage, split.redis.settings, tmp_path) as process:
        run = hooked_api.new_run()
        assert asked.wait(60)
        kill_worker(process)
    killed.set()
    hooked_api.post("runs/update", run_id=run, status="FINISHED")
    split.redis.client.flushall()  # messages that were lost with it are not needed either
    with worker(storage, split.redis.settings, tmp_path):
        wait_until(lambda: states(hooked_api, webhook_id) == ["DELIVERED"] * 2, seconds=180)
    first, again, finished = receiver.calls
    assert first.delivery_id == again.delivery_id
    assert first.body == again.body
    assert finished.event == "run.finished"


def test_a_delivery_that_is_given_up_is_counted(
    split: Split,
    storage: StorageSettings,
    hooked_api: Api,
    receiver: Receiver,
    tmp_path: Path,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRACKHELM_WEBHOOK_ATTEMPTS", "1")
    webhook_id = hook(hooked_api, receiver)
    receiver.respond = lambda _: 500
    counted = "trackhelm_webhook_given_up_deliveries_total"
    assert f"{counted} 0.0" in hooked_api.client.get("/metrics").text
    with worker(storage, split.redis.settings, tmp_path):
        hooked_api.new_run()
        wait_until(lambda: states(hooked_api, webhook_id) == ["DEAD"])
    assert f"{counted} 1.0" in hooked_api.client.get("/metrics").text


def test_without_a_key_a_secret_is_refused(
    split: Split, storage: StorageSettings, receiver: Receiver
) -> None:
    settings = WebhookSettings(webhook_allow_http=True, webhook_private_networks="127.0.0.0/8")
    with api_of(storage, split.redis.settings, webhooks=settings) as api:
        message = {"name": "a", "url": receiver.url, "run_events": ["STARTED"]}
        said = api.refused("POST", "webhooks", "INVALID_PARAMETER_VALUE", **message, secret="s")
        assert "TRACKHELM_SECRET_KEY is not set" in said
        webhook_id = api.post("webhooks", **message)["webhook"]["webhook_id"]
        path = f"webhooks/{webhook_id}"
        api.refused("PATCH", path, "INVALID_PARAMETER_VALUE", secret="s")
        api.call("DELETE", path)
