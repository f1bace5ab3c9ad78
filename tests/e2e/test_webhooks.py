"""A server that is killed while it calls a webhook calls it again, with the same event."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from mlflow.tracking import MlflowClient

from tests.e2e.polling import wait_until
from tests.e2e.server import ServerProcess, trackhelm_only
from tests.fixtures.receiver import Call, Receiver, receiving

pytestmark = trackhelm_only("its webhooks are forgotten when the server ends, and tell of no runs")

SETTINGS = {
    "TRACKHELM_WEBHOOK_ALLOW_HTTP": "1",
    "TRACKHELM_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
    "TRACKHELM_WEBHOOK_TIMEOUT_SECONDS": "3",
}
# An attempt's claim runs out 15 seconds after the attempt would have, and is noticed 5 seconds later.
CLAIM_SECONDS = 180


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("webhooks") / "data", SETTINGS)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def test_a_killed_server_calls_again(
    server: ServerProcess, client: MlflowClient, receiver: Receiver, model_name: str
) -> None:
    webhook = client.create_webhook(
        "ci", receiver.url, ["registered_model.created", "model_version.created"], secret="s"
    )
    asked, killed = threading.Event(), threading.Event()

    def hold(_call: Call) -> int:
        asked.set()
        killed.wait(90)
        return 200

    receiver.respond = hold
    client.create_registered_model(model_name)
    client.create_model_version(model_name, "s3://bucket/model")
    assert asked.wait(60)
    server.kill()
    killed.set()
    server.restart()
    wait_until(lambda: len(receiver.calls) >= 3, seconds=CLAIM_SECONDS, what="the event and the next")
    first, again, version = receiver.calls
    assert (first.delivery_id, first.body) == (again.delivery_id, again.body)
    assert [call.event for call in receiver.calls] == [
        *("registered_model.created", "registered_model.created", "model_version.created")
    ]
    assert version.is_signed_with("s"), "the key of the secret outlives the process"
    deliveries = f"{server.url}/api/2.0/trackhelm/webhooks/{webhook.webhook_id}/deliveries"
    wait_until(
        lambda: [each["state"] for each in httpx.get(deliveries).json()["deliveries"]] == ["DELIVERED"] * 2,
        seconds=60,
        what="both delivered",
    )
